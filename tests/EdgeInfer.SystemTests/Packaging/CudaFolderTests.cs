using System.Xml.Linq;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Packaging;

/// <summary><c>./publish.sh --cuda</c>: ONNX Runtime for NVIDIA GPUs beside the packages; here no GPU is needed.</summary>
public sealed class CudaFolderTests : IDisposable
{
    // A download of 245 MB.
    private static readonly TimeSpan s_fetching = TimeSpan.FromMinutes(10);

    private readonly TestFolder _folder = new();

    private static string Script => Path.Combine(PublishedBinary.Root, "packaging", "cuda.sh");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_is_not_made_for_arm64()
    {
        (int code, string output) = await ChildProcess.Run(Path.Combine(PublishedBinary.Root, "publish.sh"), "--cuda", "linux-arm64");

        Assert.Equal(64, code);
        Assert.Equal("publish.sh: --cuda is for linux-x64 alone; on a Jetson name its own libonnxruntime.so in runtime.onnxruntime", output);
    }

    [Fact]
    public async Task A_package_with_other_content_is_refused_and_named()
    {
        string package = RestoredPackage("LICENSE", "Do what you like.\n");

        (int code, string output) = await Run(package);

        Assert.Equal(65, code);
        Assert.Equal($"cuda.sh: {package}/LICENSE has other content than packaging/cuda.sha256 says; remove that folder and try again", output);
    }

    [Fact]
    public async Task A_package_without_a_library_is_refused()
    {
        string package = RestoredPackage("README.md", "# Nothing\n");

        (int code, string output) = await Run(package);

        Assert.Equal(65, code);
        Assert.Equal($"cuda.sh: {package}/LICENSE is missing; remove that folder and try again", output);
    }

    /// <summary>Newer than the program is refused by it, older lacks what it may ask for.</summary>
    [Fact]
    public void It_is_of_the_same_line_as_the_library_that_comes_with_the_program()
    {
        string own = XDocument.Load(Path.Combine(PublishedBinary.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .Single(static p => p.Attribute("Include")!.Value == "Microsoft.ML.OnnxRuntime").Attribute("Version")!.Value;

        Assert.Equal(own[..own.LastIndexOf('.')], Pinned[..Pinned.LastIndexOf('.')]);
        string readme = File.ReadAllText(Path.Combine(PublishedBinary.Root, "packaging", "cuda.md"));
        Assert.StartsWith($"# ONNX Runtime {Pinned} with CUDA and TensorRT", readme, StringComparison.Ordinal);
        Assert.Contains($"edgeinfer-cuda_{Pinned}_linux-x64.tar.gz", readme, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_GPU_models_run_on_the_processor_and_one_line_says_what_is_missing()
    {
        string made = await Made();
        string configuration = _folder.Configuration("mqtt://127.0.0.1:1", "{ synthetic: conveyor, size: 640x480, fps: 5, seed: 1 }");
        Dictionary<string, string> environment = new()
        {
            ["EDGEINFER__RUNTIME__ONNXRUNTIME"] = Path.Combine(made, "libonnxruntime.so"),
            ["EDGEINFER__RUNTIME__PROVIDERS"] = "[tensorrt, cuda, cpu]",
        };

        await using ChildProcess agent = ChildProcess.Start(PublishedBinary.Path, ["run", "-c", configuration], environment);

        Assert.Contains("runs on cpu (", await agent.Line("model parts-detector runs on"), StringComparison.Ordinal);
        Assert.Contains("libcublasLt.so.13", Assert.Single(await agent.Lines("does not run on cuda", 1)), StringComparison.Ordinal);
        Assert.Contains("libcublas.so.13", Assert.Single(await agent.Lines("does not run on tensorrt", 1)), StringComparison.Ordinal);
        Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));
        Assert.DoesNotContain("   at ", agent.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_README_names_every_library_that_it_needs_and_the_system_does_not_bring()
    {
        string made = await Made();
        string readme = await File.ReadAllTextAsync(Path.Combine(made, "README.md"), TestContext.Current.CancellationToken);
        foreach (string library in Directory.GetFiles(made, "*.so"))
        {
            string[] needs = [.. (await PackageFolder.Run("readelf", "-d", library)).Split('\n').Where(static l => l.Contains("(NEEDED)", StringComparison.Ordinal))
                .Select(static l => l[(l.IndexOf('[', StringComparison.Ordinal) + 1)..^1])];
            Assert.NotEmpty(needs);
            string[] system = ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libstdc++.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"];
            Assert.All(needs.Except(system), name => Assert.Contains($"`{name}`", readme, StringComparison.Ordinal));
        }

        Assert.Contains("MIT License", await File.ReadAllTextAsync(Path.Combine(made, "LICENSE"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static string Pinned => File.ReadLines(Path.Combine(PublishedBinary.Root, "packaging", "release.sh"))
        .Single(static l => l.StartsWith("cuda_version=", StringComparison.Ordinal))["cuda_version=".Length..];

    private static async Task<string> Made()
    {
        if (Environment.GetEnvironmentVariable("EDGEINFER_CUDA") != "1" || PublishedBinary.Rid != "linux-x64")
            Assert.Skip("a download of 245 MB for linux-x64: by EDGEINFER_CUDA=1 or tests/run.sh --full");
        string made = Path.Combine(PublishedBinary.Root, "artifacts", "edgeinfer-cuda");
        if (Directory.Exists(made)) return made;
        await using ChildProcess making = ChildProcess.Start(Script, []);
        Assert.True(await making.Exit(s_fetching) == 0, making.Output);
        return made;
    }

    // As NuGet leaves it behind, with one file.
    private string RestoredPackage(string name, string content)
    {
        string relative = $"microsoft.ml.onnxruntime.gpu.linux/{Pinned}";
        _folder.Write($"{relative}/.nupkg.metadata", "{}");
        _folder.Write($"{relative}/{name}", content);
        return _folder[relative];
    }

    private async Task<(int ExitCode, string Output)> Run(string package)
    {
        Assert.StartsWith(_folder.Path, package, StringComparison.Ordinal);
        await using ChildProcess script = ChildProcess.Start(Script, [], new Dictionary<string, string> { ["NUGET_PACKAGES"] = _folder.Path });
        return (await script.Exit(ChildProcess.Patience), script.Output);
    }
}

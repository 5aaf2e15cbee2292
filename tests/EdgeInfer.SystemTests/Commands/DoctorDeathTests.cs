using System.Diagnostics;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Commands;

/// <summary>Native code that ends whoever loads it: <c>doctor</c> outlives it, names the step, and gives the rest of its report.</summary>
public sealed class DoctorDeathTests : IDisposable
{
    // An instruction that no processor has: x86-64's ud2, arm64's udf.
    private const string Illegal = """
        #if defined(__x86_64__)
        __asm__ volatile("ud2");
        #else
        __asm__ volatile(".inst 0");
        #endif
        """;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Illegal, "ended with SIGILL: it is built for a newer processor than this one", "probe_died")]
    [InlineData("*(volatile int*)8 = 1;", "ended with SIGSEGV", "probe_died")]
    [InlineData("fprintf(stderr, \"no kernel for this card\"); abort();", "ended with SIGABRT: it gave up: no kernel for this card", "probe_died")]
    [InlineData("exit(0);", "ended the process with exit code 0", "probe_died")]
    [InlineData("printf(\"{\\\"end\\\":true}\\n\"); fflush(stdout); _exit(3);", "ended the process with exit code 3", "probe_died")]
    [InlineData("for (;;) pause();", "took longer than 4 s", "probe_hung")]
    public async Task A_library_that_ends_its_process_is_a_problem_with_its_name_and_the_rest_is_told(string constructor, string what, string id)
    {
        string library = await Compile("libonnxruntime.so", constructor, "const void* OrtGetApiBase(void) { return 0; }");
        (int code, JsonElement report, TimeSpan took) = await Examine($"onnxruntime: {library}, providers: [cpu]");
        JsonElement found = report.GetProperty("findings").EnumerateArray().Single(f => f.GetProperty("id").GetString() == id);
        Assert.Equal(("runtime", "problem"), (found.GetProperty("section").GetString(), found.GetProperty("level").GetString()));
        Assert.StartsWith($"loading {library} {what}", found.GetProperty("what").GetString(), StringComparison.Ordinal);
        Assert.Contains("set runtime.onnxruntime to a build for this processor", found.GetProperty("cure").GetString(), StringComparison.Ordinal);
        Assert.Equal(69, code);
        Assert.Contains(report.GetProperty("findings").EnumerateArray(), static f => f.GetProperty("id").GetString() == "jpeg_fast");
        Assert.Contains(report.GetProperty("findings").EnumerateArray(), static f => f.GetProperty("id").GetString() == "model_not_tried");
        Assert.InRange(took.TotalSeconds, 0, 15);
    }

    [Fact]
    public async Task A_graphics_driver_that_crashes_is_named_and_the_models_are_tried_all_the_same()
    {
        await Compile("lib/libcuda.so.1", "", "int cuDriverGetVersion(int* v) { *v = 13000; return 0; } int cuInit(unsigned f) { *(volatile int*)8 = 1; return 0; }");
        (_, JsonElement report, _) = await Examine("providers: [cuda, cpu]", _folder["lib"]);
        JsonElement found = report.GetProperty("findings").EnumerateArray().Single(static f => f.GetProperty("id").GetString() == "probe_died");
        Assert.Equal(("gpu", "warning"), (found.GetProperty("section").GetString(), found.GetProperty("level").GetString()));
        Assert.StartsWith($"starting NVIDIA's driver ({_folder["lib"]}/libcuda.so.1) ended with SIGSEGV", found.GetProperty("what").GetString(), StringComparison.Ordinal);
        Assert.Contains(report.GetProperty("findings").EnumerateArray(), static f => f.GetProperty("id").GetString() == "model_runs");
        Assert.Contains(report.GetProperty("findings").EnumerateArray(), static f => f.GetProperty("id").GetString() == "provider_absent");
    }

    [Theory]
    [InlineData("return 0;", "cuda_driver_ready", "for CUDA 13.0 and older: Fake GPU with 8 GiB, compute capability 8.7")]
    [InlineData("return 803;", "cuda_driver_fault", "NVIDIA's driver does not start: the driver's library and its kernel module are of different versions (CUDA error 803)")]
    public async Task What_the_graphics_driver_says_is_put_into_words(string start, string id, string what)
    {
        await Compile("lib/libcuda.so.1", "", $$"""
            #include <string.h>
            int cuDriverGetVersion(int* v) { *v = 13000; return 0; }
            int cuInit(unsigned f) { {{start}} }
            int cuDeviceGetCount(int* n) { *n = 1; return 0; }
            int cuDeviceGetName(char* name, int bytes, int d) { strcpy(name, "Fake GPU"); return 0; }
            int cuDeviceTotalMem_v2(size_t* bytes, int d) { *bytes = 8ull << 30; return 0; }
            int cuDeviceGetAttribute(int* value, int which, int d) { *value = which == 75 ? 8 : 7; return 0; }
            """);
        (_, JsonElement report, _) = await Examine("providers: [cuda, cpu]", _folder["lib"]);
        Assert.Contains(what, report.GetProperty("findings").EnumerateArray().Single(f => f.GetProperty("id").GetString() == id).GetProperty("what").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_child_dies_with_doctor()
    {
        string marker = _folder["child"];
        string library = await Compile("libonnxruntime.so", $"FILE* f = fopen(\"{marker}\", \"w\"); fprintf(f, \"%d\\n\", getpid()); fclose(f); for (;;) pause();", "const void* OrtGetApiBase(void) { return 0; }");
        await using ChildProcess doctor = ChildProcess.Start(PublishedBinary.Path, ["doctor", "--json", "-c", Configuration($"onnxruntime: {library}, providers: [cpu]")]);
        string id = "";
        await Until(() => File.Exists(marker) && (id = File.ReadAllText(marker).Trim()).Length > 0);
        Assert.True(Directory.Exists($"/proc/{id}"));
        doctor.Signal(9);
        await Until(() => !IsAlive(id));
    }

    [Fact]
    public async Task The_GPU_package_names_every_library_that_this_machine_lacks()
    {
        string package = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages/microsoft.ml.onnxruntime.gpu.linux/1.31.0/runtimes/linux-x64/native/libonnxruntime.so");
        if (!File.Exists(package)) Assert.Skip("the GPU package is not in the package cache");
        if (Directory.Exists("/proc/driver/nvidia")) Assert.Skip("this machine has NVIDIA's driver");
        (int code, JsonElement report, _) = await Examine($"onnxruntime: {package}, providers: [tensorrt, cuda, cpu]");
        string[] said = [.. report.GetProperty("findings").EnumerateArray().Where(static f => f.GetProperty("id").GetString() == "provider_libraries_missing").Select(static f => f.GetProperty("what").GetString()!)];
        Assert.Equal(2, said.Length);
        foreach (string name in (string[])["CUDA 13 (libcublasLt.so.13, libcublas.so.13, libcurand.so.10, libcudart.so.13)", "NVIDIA's driver (libcuda.so.1)", "cuDNN 9 (libcudnn.so.9)"])
            Assert.Contains(name, said[0], StringComparison.Ordinal);
        Assert.Contains("TensorRT 10 (libnvinfer.so.10, libnvonnxparser.so.10)", said[1], StringComparison.Ordinal);
        Assert.Equal(0, code);
        Assert.Contains(report.GetProperty("findings").EnumerateArray(), static f => f.GetProperty("id").GetString() == "model_runs");
    }

    private static bool IsAlive(string id)
    {
        try
        {
            // Z: it has ended, and whoever inherited it has not asked yet.
            return !File.ReadAllText($"/proc/{id}/stat").Split(')')[^1].TrimStart().StartsWith('Z');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static async Task Until(Func<bool> isSo)
    {
        using CancellationTokenSource late = new(ChildProcess.Patience);
        while (!isSo()) await Task.Delay(20, late.Token);
    }

    private async Task<string> Compile(string name, string constructor, string rest)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        string source = _folder.Write(name + ".c", $$"""
            #include <stdio.h>
            #include <stdlib.h>
            #include <unistd.h>
            __attribute__((constructor)) static void start(void) {
            {{constructor}}
            }
            {{rest}}
            """);
        (int compiled, string said) = await ChildProcess.Run(Peer.Program("cc"), "-shared", "-fPIC", "-w", "-o", _folder[name], source);
        Assert.True(compiled == 0, said);
        return _folder[name];
    }

    private string Configuration(string runtime) => _folder.Write("edgeinfer.yaml", $$"""
        device: { id: press-3 }
        mqtt: { url: "embedded://127.0.0.1:{{Mosquitto.FreePort()}}" }
        runtime: { {{runtime}}, state_folder: {{_folder.Path}}/state, cache_folder: {{_folder.Path}}/cache }
        models: { parts: { path: {{TestFolder.BundledModel}} } }
        pipelines: { belt: { source: { synthetic: conveyor, size: 640x480, fps: 5, seed: 1 }, model: parts } }
        """);

    private async Task<(int Code, JsonElement Report, TimeSpan Took)> Examine(string runtime, string? libraries = null)
    {
        Dictionary<string, string> environment = libraries is null ? [] : new() { ["LD_LIBRARY_PATH"] = libraries };
        Stopwatch watch = Stopwatch.StartNew();
        await using ChildProcess doctor = ChildProcess.Start(PublishedBinary.Path, ["doctor", "--json", "-c", Configuration(runtime)], environment);
        int code = await doctor.Exit(ChildProcess.Patience);
        using JsonDocument document = JsonDocument.Parse(doctor.Output);
        return (code, document.RootElement.Clone(), watch.Elapsed);
    }
}

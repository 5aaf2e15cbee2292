using System.Security.Cryptography;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Packaging;

/// <summary>What goes with the packages: the archive for other systems, the list of parts, the checksums.</summary>
public sealed class ReleaseTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_checksums_are_right_and_name_every_file()
    {
        Dictionary<string, string> sums = File.ReadAllLines(PackageFolder.File("SHA256SUMS")).Select(l => l.Split("  ")).ToDictionary(l => l[1], l => l[0]);
        string[] files = [.. Directory.GetFiles(PackageFolder.Path).Select(f => Path.GetFileName(f)!).Where(n => n != "SHA256SUMS")];
        Assert.Equal(files.Order(), sums.Keys.Order());
        foreach (string file in files)
        {
            using FileStream content = File.OpenRead(PackageFolder.File(file));
            Assert.Equal(sums[file], Convert.ToHexStringLower(SHA256.HashData(content)));
        }
    }

    [Fact]
    public async Task The_archive_runs_where_it_is_unpacked()
    {
        await PackageFolder.Run("tar", "-xzf", PackageFolder.File($"edgeinfer_{PackageFolder.Version}_{PublishedBinary.Rid}.tar.gz"), "-C", _folder.Path);
        string root = _folder[$"edgeinfer-{PackageFolder.Version}-{PublishedBinary.Rid}"];
        foreach (string file in (string[])["README.md", "LICENSE", "NOTICES.txt", "edgeinfer.service", "man/edgeinfer.1", "completions/_edgeinfer", "docs/configuration.md"])
            Assert.True(File.Exists(Path.Combine(root, file)), $"{file} is missing");
        Assert.Empty(PackageFolder.DeadLinks(Path.Combine(root, "docs"), root));
        string program = Path.Combine(root, "edgeinfer");
        (int code, string output) = await ChildProcess.Run(program, "check", "-c", Path.Combine(root, "examples", "edgeinfer.yaml"));
        Assert.True(code == 0, output);
        (code, output) = await ChildProcess.Run(program, "predict", "parts-detector", TestPictures.FirstGolden(), "--json");
        Assert.True(code == 0, output);
    }

    [Fact]
    public void The_list_of_parts_has_what_CycloneDX_asks_for()
    {
        JsonElement list = Parts();
        Assert.Equal("CycloneDX", list.GetProperty("bomFormat").GetString());
        Assert.Equal("1.5", list.GetProperty("specVersion").GetString());
        Assert.Equal(1, list.GetProperty("version").GetInt32());
        Assert.Matches("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", list.GetProperty("serialNumber").GetString());
        Assert.Equal(PackageFolder.Version, list.GetProperty("metadata").GetProperty("component").GetProperty("version").GetString());
        HashSet<string> references = [];
        foreach (JsonElement part in list.GetProperty("components").EnumerateArray())
        {
            Assert.Contains(part.GetProperty("type").GetString(), (string[])["library", "framework"]);
            Assert.NotEmpty(part.GetProperty("name").GetString()!);
            Assert.NotEmpty(part.GetProperty("version").GetString()!);
            Assert.Contains(part.GetProperty("scope").GetString(), (string[])["required", "optional", "excluded"]);
            Assert.True(references.Add(part.GetProperty("bom-ref").GetString()!));
            JsonElement licence = Assert.Single(part.GetProperty("licenses").EnumerateArray());
            Assert.NotEmpty((licence.TryGetProperty("expression", out JsonElement expression) ? expression : licence.GetProperty("license").GetProperty("id")).GetString()!);
        }

        JsonElement dependencies = Assert.Single(list.GetProperty("dependencies").EnumerateArray());
        Assert.All(dependencies.GetProperty("dependsOn").EnumerateArray(), d => Assert.Contains(d.GetString()!, references));
    }

    [Fact]
    public void The_list_of_parts_names_every_package_of_the_lock_files_and_what_is_native()
    {
        JsonElement[] parts = [.. Parts().GetProperty("components").EnumerateArray()];
        string?[] addresses = [.. parts.Select(p => p.TryGetProperty("purl", out JsonElement address) ? address.GetString() : null)];
        bool hasArm64 = File.Exists(Path.Combine(PackageFolder.Path, $"edgeinfer_{PackageFolder.Version}_arm64.deb"));
        (string Name, string Version)[] locked = [.. PackageFolder.Locked().Distinct().Where(l => hasArm64 || !l.Name.StartsWith("runtime.linux-arm64", StringComparison.Ordinal))];
        Assert.InRange(locked.Length, 20, 200);
        foreach ((string name, string version) in locked) Assert.Contains($"pkg:nuget/{name}@{version}", addresses);
        string?[] names = [.. parts.Select(p => p.GetProperty("name").GetString())];
        foreach (string native in (string[])["ONNX Runtime (libonnxruntime.so)", ".NET runtime and libraries (native ahead-of-time)", "SQLite", "libjpeg-turbo", "libssl3"])
            Assert.Contains(native, names);
        Assert.DoesNotContain(parts, p => p.GetProperty("scope").GetString() == "required" && p.GetProperty("name").GetString() == "Microsoft.CodeAnalysis.BannedApiAnalyzers");
    }

    private static JsonElement Parts()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(PackageFolder.File($"edgeinfer_{PackageFolder.Version}.cdx.json")));
        return document.RootElement.Clone();
    }
}

using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Packaging;

/// <summary>The container image: held to the OCI image specification 1.0, read by skopeo, and started without an engine.</summary>
public sealed class ImageTests : IDisposable
{
    private const string IndexType = "application/vnd.oci.image.index.v1+json";
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    private const int User = 65532;

    private static readonly string s_name = "edgeinfer:" + PackageFolder.Version;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_blob_has_the_digest_the_size_and_the_type_that_it_is_named_by()
    {
        string layout = Unpacked();
        Assert.Equal("1.0.0", Json(File.ReadAllBytes(Path.Combine(layout, "oci-layout"))).GetProperty("imageLayoutVersion").GetString());
        JsonElement top = Json(File.ReadAllBytes(Path.Combine(layout, "index.json")));
        JsonElement named = Assert.Single(top.GetProperty("manifests").EnumerateArray());
        Assert.Equal(s_name, named.GetProperty("annotations").GetProperty("org.opencontainers.image.ref.name").GetString());
        Assert.Equal("localhost/" + s_name, named.GetProperty("annotations").GetProperty("io.containerd.image.name").GetString());
        HashSet<string> reached = [];
        JsonElement index = Json(Blob(layout, named, IndexType, reached));
        Assert.Equal(2, index.GetProperty("schemaVersion").GetInt32());
        foreach (JsonElement entry in index.GetProperty("manifests").EnumerateArray()) HoldsToTheSpecification(layout, entry, reached);

        // Nothing lies about that no manifest names.
        Assert.Equal(reached.Order(), Directory.GetFiles(Path.Combine(layout, "blobs", "sha256")).Select(f => Path.GetFileName(f)!).Order());
    }

    [Fact]
    public async Task Skopeo_reads_it_for_each_platform_and_a_copy_is_the_same()
    {
        string layout = Unpacked();
        foreach ((string architecture, _) in Platforms())
        {
            JsonElement seen = Json(System.Text.Encoding.UTF8.GetBytes(
                await PackageFolder.Run("skopeo", "--override-arch", architecture, "inspect", $"oci:{layout}:{s_name}")));
            Assert.Equal(architecture, seen.GetProperty("Architecture").GetString());
        }

        // It reads every blob and refuses a digest that is not right.
        await PackageFolder.Run("skopeo", "--insecure-policy", "copy", "--all", $"oci:{layout}:{s_name}", $"oci:{_folder["copy"]}:{s_name}");
    }

    [Fact]
    public async Task It_says_what_it_is_and_runs_as_nobody_in_particular()
    {
        string layout = Unpacked();
        foreach ((string architecture, _) in Platforms())
        {
            JsonElement config = Json(System.Text.Encoding.UTF8.GetBytes(
                await PackageFolder.Run("skopeo", "--override-arch", architecture, "inspect", "--config", $"oci:{layout}:{s_name}"))).GetProperty("config");
            Assert.Equal($"{User}:{User}", config.GetProperty("User").GetString());
            Assert.Equal("/usr/bin/edgeinfer", config.GetProperty("Entrypoint")[0].GetString());
            JsonElement labels = config.GetProperty("Labels");
            Assert.Equal(PackageFolder.Version, labels.GetProperty("org.opencontainers.image.version").GetString());
            Assert.Contains("Without ffmpeg", labels.GetProperty("org.opencontainers.image.description").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Its_files_alone_are_enough_for_an_inference_as_a_user_without_rights()
    {
        if (!Environment.IsPrivilegedProcess) Peer.Missing("only root can enter another root file system");
        string root = await Extract(Unpacked(), PackageFolder.Architecture);
        (int code, string output) = await PackageRoot.Enter(root, _folder.Path, User, "/usr/bin/edgeinfer", "--version");
        Assert.True(code == 0, output);
        Assert.Contains(PackageFolder.Version, output, StringComparison.Ordinal);
        const string Picture = "/usr/share/edgeinfer/models/parts-detector/golden/belt-27.jpg";
        (code, output) = await PackageRoot.Enter(root, _folder.Path, User, "/usr/bin/edgeinfer", "predict", "parts-detector", Picture, "--json");
        Assert.True(code == 0, output);
        Assert.Contains("\"detections\":[{\"label\":", output, StringComparison.Ordinal);

        // Its certificates are found, and its own folders can be written: a broker inside, two seconds of belt.
        (code, output) = await PackageRoot.Enter(root, _folder.Path, User, "/usr/bin/edgeinfer", "demo", "--seconds", "2");
        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task Its_arm64_files_alone_are_enough_to_start_under_emulation()
    {
        string layout = Unpacked();
        if (!Platforms().Any(p => p.Architecture == "arm64")) Peer.Missing("the image was made without arm64; run ./publish.sh --packages");
        string root = await Extract(layout, "arm64");
        string output = await PackageFolder.Run("qemu-aarch64", "-L", root, Path.Combine(root, "usr/lib/edgeinfer/edgeinfer"), "--version");
        Assert.Contains(PackageFolder.Version, output, StringComparison.Ordinal);
    }

    private static void HoldsToTheSpecification(string layout, JsonElement entry, HashSet<string> reached)
    {
        JsonElement manifest = Json(Blob(layout, entry, ManifestType, reached));
        Assert.Equal(2, manifest.GetProperty("schemaVersion").GetInt32());
        Assert.Equal(ManifestType, manifest.GetProperty("mediaType").GetString());
        JsonElement config = Json(Blob(layout, manifest.GetProperty("config"), "application/vnd.oci.image.config.v1+json", reached));
        Assert.Equal("linux", config.GetProperty("os").GetString());
        Assert.Equal(entry.GetProperty("platform").GetProperty("architecture").GetString(), config.GetProperty("architecture").GetString());
        Assert.Equal("layers", config.GetProperty("rootfs").GetProperty("type").GetString());
        string?[] plain = [.. config.GetProperty("rootfs").GetProperty("diff_ids").EnumerateArray().Select(d => d.GetString())];
        JsonElement[] layers = [.. manifest.GetProperty("layers").EnumerateArray()];
        Assert.Equal(plain.Length, layers.Length);
        for (int i = 0; i < layers.Length; i++)
        {
            byte[] content = Blob(layout, layers[i], "application/vnd.oci.image.layer.v1.tar+gzip", reached);
            using GZipStream unzipped = new(new MemoryStream(content), CompressionMode.Decompress);
            Assert.Equal(plain[i], "sha256:" + Convert.ToHexStringLower(SHA256.HashData(unzipped)));
        }
    }

    private static byte[] Blob(string layout, JsonElement descriptor, string mediaType, HashSet<string> reached)
    {
        Assert.Equal(mediaType, descriptor.GetProperty("mediaType").GetString());
        string digest = descriptor.GetProperty("digest").GetString()!;
        Assert.StartsWith("sha256:", digest, StringComparison.Ordinal);
        byte[] content = File.ReadAllBytes(Path.Combine(layout, "blobs", "sha256", digest[7..]));
        Assert.Equal(descriptor.GetProperty("size").GetInt64(), content.Length);
        Assert.Equal(digest, "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content)));
        reached.Add(digest[7..]);
        return content;
    }

    private (string Architecture, JsonElement Manifest)[] Platforms()
    {
        string layout = _folder["layout"];
        JsonElement named = Json(File.ReadAllBytes(Path.Combine(layout, "index.json"))).GetProperty("manifests")[0];
        JsonElement index = Json(Blob(layout, named, IndexType, []));
        return [.. index.GetProperty("manifests").EnumerateArray().Select(m => (m.GetProperty("platform").GetProperty("architecture").GetString()!, m))];
    }

    private string Unpacked()
    {
        string layout = _folder["layout"];
        Directory.CreateDirectory(layout);
        TarFile.ExtractToDirectory(PackageFolder.File($"edgeinfer_{PackageFolder.Version}_oci.tar"), layout, false);
        return layout;
    }

    // As an engine does it: the layers over one another, with their modes and owners.
    private async Task<string> Extract(string layout, string architecture)
    {
        JsonElement manifest = Json(Blob(layout, Platforms().Single(p => p.Architecture == architecture).Manifest, ManifestType, []));
        string root = _folder["root"];
        Directory.CreateDirectory(root);
        foreach (JsonElement layer in manifest.GetProperty("layers").EnumerateArray())
        {
            string blob = Path.Combine(layout, "blobs", "sha256", layer.GetProperty("digest").GetString()![7..]);
            await PackageFolder.Run("tar", "--numeric-owner", "-xpzf", blob, "-C", root);
        }

        return root;
    }

    private static JsonElement Json(byte[] content)
    {
        using JsonDocument document = JsonDocument.Parse(content);
        return document.RootElement.Clone();
    }
}

using System.Security.Cryptography;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Fetching;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Fetching;

/// <summary><c>model pull</c> of the published binary: from a real registry, over kills and Ctrl-C, onto a full disk.</summary>
public sealed class ModelPullTests : IDisposable
{
    private const int BadData = 65;
    private const int InputOutput = 74;
    private const int Interrupted = 130;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static byte[] Graph => File.ReadAllBytes(Path.Combine(TestFolder.BundledModel, "model.onnx"));

    private static string Contract => Path.Combine(TestFolder.BundledModel, "model.yaml");

    private static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    [Fact]
    public async Task A_model_pushed_to_a_registry_arrives_byte_for_byte()
    {
        await using Registry registry = await Registry.Start();
        string digest = await registry.Push("models/parts", "1.0", Bundled());
        string reference = $"oci://{registry.Address}/models/parts";

        (int code, string output) = await AgentProcess.Run("model", "pull", $"{reference}:1.0", "--models-dir", _folder["models"], "--name", "pulled");
        Assert.True(code == 0, output);
        Assert.Contains($"this is {reference}@sha256:{digest}", output, StringComparison.Ordinal);
        Assert.Equal(await ModelDigest(TestFolder.BundledModel), await ModelDigest(_folder["models/pulled"]));
        Assert.Equal([_folder["models/pulled"]], Directory.GetFileSystemEntries(_folder["models"]));

        (code, output) = await AgentProcess.Run("model", "pull", $"{reference}@sha256:{digest}", "--models-dir", _folder["models"]);
        Assert.True(code == 0, output);
        Assert.Contains("parts-detector", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tag_that_the_registry_does_not_have_is_66()
    {
        await using Registry registry = await Registry.Start();
        (int code, string output) = await AgentProcess.Run("model", "pull", $"oci://{registry.Address}/models/parts:9", "--models-dir", _folder["models"]);
        Assert.Equal(66, code);
        Assert.Contains("check the repository and the tag", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_killed_pull_has_installed_nothing_and_the_next_one_goes_on()
    {
        byte[] graph = Graph;
        int half = graph.Length / 2;
        using FileServer server = new(request => Reply.File(request, graph, "\"v1\"") with { StallAfter = request.Number == 1 ? half : null });
        string[] pull = ["model", "pull", server.Url("/parts.onnx"), "--sha256", Digest(graph), "--models-dir", _folder["models"], "--contract", Bare(), "--labels", Labels];
        await using (ChildProcess killed = AgentProcess.Start(pull))
        {
            await WaitForPart(half);
            killed.Signal(9);
            await killed.Exit(ChildProcess.Patience);
        }

        Assert.False(Directory.Exists(_folder["models/parts-detector"]));
        (int code, string output) = await AgentProcess.Run(pull);
        Assert.True(code == 0, output);
        Assert.Equal(half, server.Requests[1].From);
        Assert.Equal(graph, await File.ReadAllBytesAsync(_folder["models/parts-detector/model.onnx"]));
    }

    [Fact]
    public async Task Ctrl_C_says_that_what_came_is_kept()
    {
        byte[] graph = Graph;
        using FileServer server = new(request => Reply.File(request, graph, "\"v1\"") with { StallAfter = 1000 });
        await using ChildProcess child = AgentProcess.Start("model", "pull", server.Url("/parts.onnx"), "--sha256", Digest(graph), "--models-dir", _folder["models"]);
        await WaitForPart(1000);
        child.Signal(2);
        Assert.Equal(Interrupted, await child.Exit(ChildProcess.Patience));
        Assert.Contains("kept", child.Output, StringComparison.Ordinal);
        Assert.Single(Parts());
    }

    [Fact]
    public async Task A_server_that_an_authority_of_the_system_vouches_for_is_trusted()
    {
        byte[] graph = Graph;
        using TestCertificates certificates = new("pull");
        using FileServer server = new(request => request.Target == "/parts.onnx" ? Reply.Redirect("/real.onnx") : Reply.File(request, graph, "\"v1\""), certificates.Server());
        string[] pull = ["model", "pull", server.Url("/parts.onnx"), "--sha256", Digest(graph), "--models-dir", _folder["models"], "--contract", Bare(), "--labels", Labels];
        (int code, string output) = await AgentProcess.Run(pull);
        Assert.Equal(69, code);
        Assert.Contains("update-ca-certificates", output, StringComparison.Ordinal);

        await using ChildProcess trusting = ChildProcess.Start(
            PublishedBinary.Path, pull, new Dictionary<string, string> { ["SSL_CERT_FILE"] = certificates.AuthorityFile, ["SSL_CERT_DIR"] = _folder.Path });
        Assert.True(await trusting.Exit(ChildProcess.Patience) == 0, trusting.Output);
    }

    [Fact]
    public async Task A_wrong_digest_is_65_and_leaves_nothing()
    {
        byte[] graph = Graph;
        using FileServer server = new(request => Reply.File(request, graph, "\"v1\""));
        (int code, string output) = await AgentProcess.Run("model", "pull", server.Url("/parts.onnx"), "--sha256", new string('0', 64), "--models-dir", _folder["models"]);
        Assert.Equal(BadData, code);
        Assert.Contains(Digest(graph), output, StringComparison.Ordinal);
        Assert.Empty(Parts());
    }

    [Fact]
    public async Task A_token_is_sent_to_the_hub_and_seen_nowhere()
    {
        using FileServer hub = new(_ => Reply.Empty(401, "X-Error-Code: GatedRepo"));
        await using ChildProcess child = ChildProcess.Start(
            PublishedBinary.Path, ["model", "pull", "hf:acme/belt/model.onnx", "--models-dir", _folder["models"]],
            new Dictionary<string, string> { ["HF_ENDPOINT"] = hub.Url(""), ["HF_TOKEN"] = Canary.Password });
        Assert.Equal(69, await child.Exit(ChildProcess.Patience));
        Assert.Equal($"Bearer {Canary.Password}", hub.Requests[0].Header("Authorization"));
        Assert.Contains("accept its terms", child.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_full_disk_is_told_with_both_numbers_and_keeps_what_came(bool isOpenEnded)
    {
        string disk = Directory.CreateDirectory(_folder["disk"]).FullName;
        (int mounted, string output) = await ChildProcess.Run(Peer.Program("mount"), "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk);
        if (mounted != 0) Peer.Missing($"a small disk cannot be mounted here: {output}");
        try
        {
            byte[] large = new byte[2 << 20];
            using FileServer server = new(_ => new Reply(200, large, "ETag: \"v1\"") { IsOpenEnded = isOpenEnded });
            (int code, output) = await AgentProcess.Run("model", "pull", server.Url("/parts.onnx"), "--sha256", Digest(large), "--models-dir", disk);
            Assert.Equal(InputOutput, code);
            Assert.Matches("the disk is full: [0-9]+ more bytes are needed and [0-9]+ are free", output);
            Assert.Contains("--models-dir", output, StringComparison.Ordinal);
        }
        finally
        {
            await ChildProcess.Run(Peer.Program("umount"), disk);
        }
    }

    [Fact]
    public async Task A_user_who_may_not_write_the_models_is_told_before_anything_is_asked()
    {
        if (Environment.UserName != "root") Peer.Missing("another user can be taken on by root alone");
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);
        Directory.CreateDirectory(_folder["models"]);
        using FileServer server = new(_ => Reply.Empty(500));
        string binary = _folder.Copy(PublishedBinary.Path, "edgeinfer");
        File.SetUnixFileMode(binary, (UnixFileMode)0b111_101_101);
        (int code, string output) = await ChildProcess.Run(
            Peer.Program("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", binary, "model", "pull", server.Url("/parts.onnx"), "--sha256", new string('0', 64), "--models-dir", _folder["models"]);
        Assert.Equal(InputOutput, code);
        Assert.Contains("sudo", output, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    private string Labels => Path.Combine(TestFolder.BundledModel, "labels.txt");

    // The bundled contract without the golden inputs, which a single file does not bring along.
    private string Bare()
        => _folder.Write("bare.yaml", string.Join('\n', File.ReadAllLines(Contract).TakeWhile(static line => !line.StartsWith("golden", StringComparison.Ordinal))) + "\n");

    private static IEnumerable<(string Name, byte[] Bytes)> Bundled() => Directory.EnumerateFiles(TestFolder.BundledModel, "*", SearchOption.AllDirectories)
        .Select(static f => (Path.GetRelativePath(TestFolder.BundledModel, f), File.ReadAllBytes(f)));

    private static async Task<string> ModelDigest(string model)
    {
        (int code, string output) = await AgentProcess.Run("model", "show", model, "--json");
        Assert.True(code == 0, output);
        using JsonDocument document = JsonDocument.Parse(output);
        return document.RootElement.GetProperty("digest").GetString()!;
    }

    private string[] Parts() => Directory.Exists(_folder["models"]) ? Directory.GetFiles(_folder["models"], "*.part", SearchOption.AllDirectories) : [];

    private async Task WaitForPart(long bytes)
    {
        TimeProvider time = TimeProvider.System;
        long since = time.GetTimestamp();
        while (Parts() is not [{ } part] || new FileInfo(part).Length < bytes)
        {
            Assert.True(time.GetElapsedTime(since) < ChildProcess.Patience, "the download did not come so far");
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, CancellationToken.None);
        }
    }
}

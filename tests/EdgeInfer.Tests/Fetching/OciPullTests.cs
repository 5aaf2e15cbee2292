using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Tests.Models;

namespace EdgeInfer.Tests.Fetching;

/// <summary>Artifacts of a registry that answers as the OCI distribution specification has it.</summary>
public sealed class OciPullTests : IDisposable
{
    private const string Title = "org.opencontainers.image.title";
    private const string FilePath = "org.cncf.model.filepath";
    private const string Password = "canary-7f3a9c-password";

    private static readonly byte[] s_net = TestModels.Yolox().ToArray();
    private static readonly byte[] s_labels = "cup\nplate\nspoon\n"u8.ToArray();

    private readonly PullBench _bench = new();
    private readonly Dictionary<string, byte[]> _blobs = [];
    private byte[] _manifest = [];
    private FileServer? _registry;
    private Func<Request, Reply?> _first = static _ => null;

    public void Dispose()
    {
        _registry?.Dispose();
        _bench.Dispose();
    }

    [Fact]
    public void An_artifact_of_ORAS_is_installed_and_its_tag_resolved_to_a_digest()
    {
        string reference = Registry(Layer(s_net, "application/octet-stream", Title, "model.onnx"), Layer(s_labels, "text/plain", Title, "labels.txt"));
        InstalledModel installed = _bench.Pull(reference + ":1.0");
        Assert.Equal("belt", installed.Name);
        Assert.Equal("spoon", ModelLoader.Load(installed.Path).Labels[2]);
        Assert.Contains($"@sha256:{PullBench.Sha256(_manifest)}", Assert.Single(_bench.Said), StringComparison.Ordinal);
        Assert.Contains("application/vnd.oci.image.manifest.v1+json", _registry!.Requests[0].Header("Accept"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_ModelPack_with_raw_layers_is_installed_from_the_folder_that_its_paths_name()
    {
        string reference = Registry(
            Layer(s_net, "application/vnd.cncf.model.weight.v1.raw", FilePath, "belt/net.onnx"), Layer(s_labels, "application/vnd.cncf.model.weight.config.v1.raw", FilePath, "belt/labels.txt"),
            Layer("# belt"u8.ToArray(), "application/vnd.cncf.model.doc.v1.raw", FilePath, "README.md"));
        InstalledModel installed = _bench.Pull($"{reference}@sha256:{PullBench.Sha256(_manifest)}");
        Assert.Equal(["labels.txt", "model.onnx"], Directory.GetFiles(installed.Path).Select(Path.GetFileName).Order());
        Assert.Empty(_bench.Said);
    }

    [Fact]
    public void A_blob_or_manifest_with_other_bytes_is_refused()
    {
        string reference = Registry(Layer(s_net, "application/octet-stream", Title, "model.onnx"));
        Assert.Contains("nothing was downloaded", _bench.Refused($"{reference}@sha256:{new string('c', 64)}").What, StringComparison.Ordinal);
        Assert.Contains("nothing was downloaded", _bench.Refused($"{reference}:1", new string('c', 64)).What, StringComparison.Ordinal);
        _blobs[PullBench.Sha256(s_net)] = [.. s_net.Select(b => (byte)~b)];
        Assert.Contains("nothing was installed", _bench.Refused(reference + ":1").What, StringComparison.Ordinal);
        _blobs[PullBench.Sha256(s_net)] = s_net[..^1];
        Assert.Contains($"{s_net.Length - 1} bytes, and {s_net.Length} were expected", _bench.Refused(reference + ":1").What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/vnd.oci.image.layer.v1.tar+gzip", "model.onnx", "archive")]
    [InlineData("application/vnd.cncf.model.weight.v1.tar", "model.onnx", "archive")]
    [InlineData("application/octet-stream", "../model.onnx", "leads out")]
    [InlineData("application/octet-stream", "/model.onnx", "leads out")]
    [InlineData("application/octet-stream", "model.gguf", "is an ONNX graph")]
    public void A_layer_that_is_no_file_of_a_model_is_refused(string type, string name, string what)
        => Assert.Contains(what, _bench.Refused(Registry(Layer(s_net, type, Title, name)) + ":1").What, StringComparison.Ordinal);

    [Fact]
    public void A_registry_that_wants_a_token_names_who_gives_it_and_gets_it()
    {
        string reference = Registry(Layer(s_net, "application/octet-stream", Title, "model.onnx"));
        using FileServer auth = new(_ => Reply.Json("""{"token":"t-123"}"""));
        _first = request => request.Header("Authorization") == "Bearer t-123" ? null
            : Reply.Empty(401, $"WWW-Authenticate: Bearer realm=\"{auth.Url("/token")}\",service=\"registry\",scope=\"repository:models/belt:pull\"");
        _bench.Pull(reference + ":1");
        Assert.Equal("/token?service=registry&scope=repository%3Amodels%2Fbelt%3Apull", Assert.Single(auth.Requests).Target);
        Assert.Equal("", auth.Requests[0].Header("Authorization"));
    }

    [Fact]
    public void The_user_of_Dockers_configuration_is_sent_to_the_registry_and_not_to_where_blobs_are_kept()
    {
        string reference = Registry(Layer(s_net, "application/octet-stream", Title, "model.onnx"));
        using FileServer store = new(request => Reply.File(request, s_net, "\"v1\""));
        string basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"edge:{Password}"));
        _bench.Write("home/.docker/config.json", $$"""{"auths":{"127.0.0.1:{{_registry!.Port}}":{ "auth":"{{basic}}" } } }""");
        _first = request => request.Header("Authorization") != $"Basic {basic}" ? Reply.Empty(401, "WWW-Authenticate: Basic realm=\"registry\"")
            : request.Target.Contains("/blobs/", StringComparison.Ordinal) ? Reply.Redirect(store.Url("/x?sig=1")) : null;
        _bench.Pull(reference + ":1");
        Assert.Equal("", Assert.Single(store.Requests).Header("Authorization"));
    }

    [Fact]
    public void Without_a_user_the_refusal_says_how_to_log_in()
    {
        string reference = Registry(Layer(s_net, "application/octet-stream", Title, "model.onnx"));
        _first = static _ => Reply.Empty(401, "WWW-Authenticate: Basic realm=\"registry\"");
        Fault fault = _bench.Refused(reference + ":1");
        Assert.Contains("(401)", fault.What, StringComparison.Ordinal);
        Assert.Contains("docker login", fault.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tag_that_is_not_there_is_told()
    {
        string reference = Registry(Layer(s_net, "application/octet-stream", Title, "model.onnx"));
        _first = static _ => Reply.Empty(404);
        Assert.Equal(FaultKind.NoInput, _bench.Refused(reference + ":9").Kind);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("<html>")]
    [InlineData("""{"layers":[{"mediaType":"x","digest":"md5:1","size":1}]}""")]
    [InlineData("""{"layers":[{"mediaType":"x","size":1}]}""")]
    [InlineData("""{"layers":7}""")]
    public void What_is_no_manifest_is_refused(string text)
    {
        string reference = Registry();
        _manifest = Encoding.UTF8.GetBytes(text);
        Assert.Equal("the registry's answer is no OCI manifest", _bench.Refused(reference + ":1").What);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("9223372036854775807")]
    public void A_size_that_cannot_be_meant_is_refused(string size)
    {
        string reference = Registry(Layer(s_net, "application/octet-stream", Title, "model.onnx"), Layer(s_labels, "text/plain", Title, "labels.txt"));
        _manifest = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(_manifest).Replace($"\"size\":{s_labels.Length},", $"\"size\":{size},", StringComparison.Ordinal));
        Fault fault = _bench.Refused(reference + ":1");
        Assert.Equal(FaultKind.Data, fault.Kind);
        Assert.StartsWith($"labels.txt is said to have {size} bytes", fault.What, StringComparison.Ordinal);
    }

    private string Registry(params string[] layers)
    {
        _manifest = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[{{string.Join(',', layers)}}]}""");
        _registry = new(request => _first(request) ?? Answer(request));
        return $"oci://127.0.0.1:{_registry.Port}/models/belt";
    }

    private Reply Answer(Request request)
    {
        if (request.Target.StartsWith("/v2/models/belt/manifests/", StringComparison.Ordinal)) return new(200, _manifest, "Content-Type: application/vnd.oci.image.manifest.v1+json");
        string digest = request.Target.Split(':')[^1];
        return _blobs.TryGetValue(digest, out byte[]? blob) ? Reply.File(request, blob, $"\"{digest}\"") : Reply.Empty(404);
    }

    private string Layer(byte[] bytes, string type, string key, string name)
    {
        string digest = PullBench.Sha256(bytes);
        _blobs[digest] = bytes;
        return $$$"""{"mediaType":"{{{type}}}","digest":"sha256:{{{digest}}}","size":{{{bytes.Length}}},"annotations":{"{{{key}}}":"{{{name}}}"}}""";
    }
}

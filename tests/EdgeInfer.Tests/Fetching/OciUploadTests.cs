using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching;
using EdgeInfer.Fetching.Updates;
using EdgeInfer.Releasing;
using EdgeInfer.Tests.Fetching.Updates;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.Tests.Fetching;

/// <summary>What is sent to a registry, to whom, and what is said where it is not taken.</summary>
public sealed class OciUploadTests : IDisposable
{
    private const string Password = "canary-91d0c2-password";
    private const string HomeAddress = "203.0.113.5";

    private static readonly byte[] s_blob = Encoding.UTF8.GetBytes(new string('m', 300_000));
    private static readonly string s_digest = UpdateBench.Sha256(s_blob);
    private static readonly string s_basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("ci:" + Password));

    private readonly UpdateBench _bench = new();
    private readonly TestCertificates _certificates = new("transport");
    private readonly List<IDisposable> _open = [];
    private readonly FakeRegistry _registry = new();
    private readonly string _file = Path.GetTempFileName();

    public OciUploadTests() => File.WriteAllBytes(_file, s_blob);

    public void Dispose()
    {
        foreach (IDisposable open in _open) open.Dispose();
        _bench.Dispose();
        _certificates.Dispose();
        File.Delete(_file);
    }

    [Fact]
    public void A_blob_that_is_not_there_is_begun_and_sent_whole_under_its_digest()
    {
        FileServer server = Host();
        Assert.True(Push());
        Assert.Equal(s_blob, _registry.Blobs[s_digest]);
        Assert.Equal(
            [$"HEAD /v2/fleet/models/blobs/sha256:{s_digest}", "POST /v2/fleet/models/blobs/uploads/", $"PUT /v2/fleet/models/blobs/uploads/1?_state=a%2Bb&digest=sha256%3A{s_digest}"],
            server.Requests.Select(static r => $"{r.Method} {r.Target}"));
        Assert.Equal(("0", "300000", "application/octet-stream"), (server.Requests[1].Header("Content-Length"), server.Requests[2].Header("Content-Length"), server.Requests[2].Header("Content-Type")));
        Assert.Equal(("model.onnx", 0L, (long?)300_000), Assert.Single(_bench.Begun));
        Assert.Equal((300_000L, 1), (_bench.Progress[^1], _bench.Ended));
    }

    [Fact]
    public void A_blob_that_is_there_is_not_sent_again()
    {
        FileServer server = Host();
        _registry.Blobs[s_digest] = s_blob;
        Assert.False(Push());
        Assert.Equal("HEAD", Assert.Single(server.Requests).Method);
        Assert.Empty(_bench.Begun);
    }

    [Fact]
    public void A_blob_of_which_the_registry_has_lost_bytes_is_sent_again()
    {
        Host();
        _registry.Blobs[s_digest] = s_blob[1..];
        Assert.True(Push());
        Assert.Equal(s_blob, _registry.Blobs[s_digest]);
    }

    [Fact]
    public void A_registry_that_looks_at_the_header_first_is_sent_nothing_that_it_does_not_want()
    {
        FileServer server = Host(early: static r => r.Method == "PUT" ? Reply.Empty(413) : null);
        FaultException refused = Refused();
        Assert.Equal(
            "oci://registry.test/fleet/models: model.onnx (300000 bytes) is too large for the registry, or for the proxy before it (413); raise its limit (nginx: client_max_body_size 0)",
            refused.Fault.ToString());
        Assert.Equal(("100-continue", 0), (server.Requests[^1].Header("Expect"), server.Requests[^1].Body.Length));
        Assert.Empty(_bench.Progress);
    }

    [Fact]
    public void A_token_is_asked_for_that_allows_pushing_whatever_one_request_needs()
    {
        FileServer auth = Host("auth.test", "198.51.100.2", static _ => Reply.Json("""{"token":"t-1"}"""));
        _registry.Instead = static r => r.Header("Authorization") == "Bearer t-1" ? null : FakeRegistry.Challenge("https://auth.test/token");
        FileServer server = Host();
        Push(User());
        Assert.Equal(("/token?service=registry&scope=repository%3Afleet%2Fmodels%3Apull%2Cpush", s_basic), (Assert.Single(auth.Requests).Target, auth.Requests[0].Header("Authorization")));
        Assert.Equal(["", "Bearer t-1", "Bearer t-1", "Bearer t-1"], server.Requests.Select(static r => r.Header("Authorization")));
    }

    [Fact]
    public void A_token_that_ends_between_two_requests_is_asked_for_anew()
    {
        FileServer auth = Host("auth.test", "198.51.100.2", static r => Reply.Json($$"""{"token":"t-{{r.Number}}"}"""));
        _registry.Instead = static r => r.Header("Authorization") == (r.Method == "PUT" ? "Bearer t-2" : "Bearer t-1") ? null : FakeRegistry.Challenge("https://auth.test/token");
        Host();
        Push(User());
        Assert.Equal(2, auth.Requests.Count);
        Assert.Equal(s_blob, _registry.Blobs[s_digest]);
    }

    [Fact]
    public void A_registry_that_asks_for_Basic_gets_the_user()
    {
        _registry.Instead = static r => r.Header("Authorization") == s_basic ? null : Reply.Empty(401, "WWW-Authenticate: Basic realm=\"x\"");
        FileServer server = Host();
        Push(User());
        Assert.Equal(4, server.Requests.Count);
    }

    [Fact]
    public void An_upload_that_goes_to_another_host_takes_no_user_along()
    {
        _registry.Place = "https://storage.test/in/";
        _registry.Instead = static r => r.Target.StartsWith("/in/", StringComparison.Ordinal) || r.Header("Authorization") == s_basic ? null : Reply.Empty(401, "WWW-Authenticate: Basic realm=\"x\"");
        FileServer storage = Host("storage.test", "198.51.100.9", request =>
        {
            _registry.Blobs[s_digest] = request.Body;
            return Reply.Empty(201);
        });
        Host();
        Push(User());
        Assert.Equal("", Assert.Single(storage.Requests).Header("Authorization"));
        Assert.Equal(s_blob, _registry.Blobs[s_digest]);
    }

    [Fact]
    public void Another_host_that_wants_a_user_is_told_none()
    {
        _registry.Place = "https://storage.test/in/";
        FileServer storage = Host("storage.test", "198.51.100.9", static _ => Reply.Empty(401, "WWW-Authenticate: Basic realm=\"x\""));
        Host();
        Assert.Contains("wants a user who may push", Refused(User()).Fault.What, StringComparison.Ordinal);
        Assert.Equal("", Assert.Single(storage.Requests).Header("Authorization"));
    }

    [Theory]
    [InlineData("http://registry.test/v2/u/", "names a place for the upload without TLS (http://registry.test)")]
    [InlineData("http://registry.test:443/v2/u/", "names a place for the upload without TLS (http://registry.test:443)")]
    [InlineData("http://storage.test/u/", "names a place for the upload without TLS (http://storage.test)")]
    [InlineData("https://10.0.0.8/u/", "nearer to this device")]
    [InlineData("https://127.0.0.1/u/", "nearer to this device")]
    [InlineData("https://someone:canary@storage.test/u/", "a user or password in it")]
    public void A_place_for_an_upload_that_is_no_good_gets_nothing(string place, string what)
    {
        _registry.Place = place;
        FileServer server = Host();
        FaultException refused = Refused(User());
        Assert.Contains(what, refused.Fault.What, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refused.Fault.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Requests, static r => r.Method == "PUT");
        Assert.Empty(_registry.Blobs);
    }

    [Fact]
    public void A_registry_that_names_no_place_is_none()
    {
        _registry.Instead = static r => r.Method == "POST" ? Reply.Empty(202) : null;
        Host();
        Assert.Contains("names no place for the upload", Refused().Fault.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, "DENIED", "the registry wants a user who may push to fleet/models (401: DENIED, 'no'); log in as a user who may push there (docker login registry.test), or give --registry-username and --registry-password-file")]
    [InlineData(403, "DENIED", "the user may not push to fleet/models (403: DENIED, 'no'); log in as")]
    [InlineData(404, "NAME_UNKNOWN", "the registry has no place for fleet/models (404: NAME_UNKNOWN, 'no'); make the repository or project there first")]
    [InlineData(400, "NAME_INVALID", "the registry does not take the name fleet/models (400: NAME_INVALID, 'no'); choose another repository")]
    [InlineData(405, "UNSUPPORTED", "the registry takes nothing (405: UNSUPPORTED, 'no'); it is read-only or a mirror of another")]
    [InlineData(413, "SIZE_INVALID", "uploads is too large for the registry, or for the proxy before it (413: SIZE_INVALID, 'no')")]
    [InlineData(418, "TEAPOT", "the registry does not take uploads (418: TEAPOT, 'no'); look into its log")]
    [InlineData(418, "no code!", "the server answered 418")]
    [InlineData(418, "\\ud800", "the server answered 418")]
    public void What_the_registry_refuses_is_said_in_one_line_with_its_own_word(int status, string code, string line)
    {
        _registry.Instead = r => r.Method == "POST" ? FakeRegistry.Refusal(status, code, "no") : null;
        FileServer server = Host();
        FaultException refused = Refused();
        Assert.StartsWith($"oci://registry.test/fleet/models: {line}", refused.Fault.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Fault.ToString());
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public void A_registry_that_knows_the_user_and_refuses_him_is_asked_twice_and_no_more()
    {
        _registry.Instead = static _ => Reply.Empty(401, "WWW-Authenticate: Basic realm=\"x\"");
        FileServer server = Host();
        FaultException refused = Refused(User());
        Assert.Equal(
            "oci://registry.test/fleet/models: the registry wants a user who may push to fleet/models (401); check --registry-username and the password, and whether that user may push there",
            refused.Fault.ToString());
        Assert.Equal(["", s_basic], server.Requests.Select(static r => r.Header("Authorization")));
    }

    [Fact]
    public void What_a_registry_says_is_shown_without_control_characters_and_cut_off()
    {
        _registry.Instead = static r => r.Method == "POST" ? FakeRegistry.Refusal(403, "DENIED", "\\u001b[2J" + new string('x', 5000)) : null;
        Host();
        string line = Refused().Fault.ToString();
        Assert.DoesNotContain(line, static c => char.IsControl(c));
        Assert.InRange(line.Length, 100, 600);
    }

    [Fact]
    public void A_refusal_without_end_is_not_listened_to_for_ever()
    {
        FileServer server = Host(instead: static r => r.Method == "POST" ? Reply.Raw(static wire =>
        {
            wire.Send("HTTP/1.1 403 x\r\n\r\n");
            wire.SendForever(new string('x', 4096));
        }) : null);
        Assert.Contains("may not push", Refused().Fault.What, StringComparison.Ordinal);
        server.WaitUntilIdle();
        Assert.InRange(server.SentBytes, 1, 1 << 20);
    }

    [Theory]
    [InlineData(302, 1)]
    [InlineData(307, 2)]
    [InlineData(308, 2)]
    public void An_upload_follows_only_where_the_same_is_to_be_sent_there(int status, int sent)
    {
        _registry.Instead = r => r.Method == "PUT" && !r.Target.Contains("moved", StringComparison.Ordinal)
            ? Reply.Empty(status, $"Location: /v2/fleet/models/blobs/uploads/moved?_state=a%2Bb&digest=sha256%3A{s_digest}") : null;
        FileServer server = Host();
        if (sent == 2) Assert.True(Push());
        else Assert.Contains("sends this on to https://registry.test, and an upload does not follow (302)", Refused().Fault.What, StringComparison.Ordinal);
        Assert.Equal(sent, server.Requests.Count(static r => r.Method == "PUT" && r.Body.Length == 300_000));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    [InlineData(0)]
    public void What_passes_is_tried_again_from_the_blob_that_is_missing(int status)
    {
        _bench.Retry(3);
        int failures = 0;
        _registry.Instead = r => r.Method == "PUT" && failures++ == 0 ? status == 0 ? Reply.Raw(static wire => wire.Reset()) : Reply.Empty(status) : null;
        FileServer server = Host();
        Assert.True(Push());
        Assert.Equal(["HEAD", "POST", "PUT", "HEAD", "POST", "PUT"], server.Requests.Select(static r => r.Method));
        Assert.Contains(_bench.Said, static s => s.Contains("trying again", StringComparison.Ordinal));
    }

    [Fact]
    public void A_blob_that_arrived_although_its_answer_did_not_is_not_sent_again()
    {
        _bench.Retry(3);
        int failures = 0;
        _registry.Instead = r =>
        {
            if (r.Method != "PUT" || failures++ > 0) return null;
            _registry.Blobs[s_digest] = r.Body;
            return Reply.Raw(static wire => wire.Reset());
        };
        FileServer server = Host();
        Push();
        Assert.Equal(["HEAD", "POST", "PUT", "HEAD"], server.Requests.Select(static r => r.Method));
    }

    [Fact]
    public void A_registry_that_took_other_bytes_is_not_believed()
    {
        _registry.Instead = static r => r.Method == "PUT" ? Reply.Empty(201, $"Docker-Content-Digest: sha256:{new string('0', 64)}") : null;
        Host();
        Assert.Equal(FaultKind.Data, Refused().Fault.Kind);
    }

    [Fact]
    public async Task A_manifest_goes_under_its_tag_with_its_type_byte_for_byte()
    {
        FileServer server = Host();
        byte[] manifest = "{ \"schemaVersion\":2 }"u8.ToArray();
        OciUpload upload = Upload(null);
        Assert.Null(await upload.Tagged("parts-1", OciManifest.ImageType, TestContext.Current.CancellationToken));
        await upload.Manifest("parts-1", OciManifest.ImageType, manifest, TestContext.Current.CancellationToken);
        Assert.Equal(manifest, _registry.Manifests["parts-1"]);
        Assert.Equal(("PUT", "/v2/fleet/models/manifests/parts-1", OciManifest.ImageType), (server.Requests[1].Method, server.Requests[1].Target, server.Requests[1].Header("Content-Type")));
        Assert.Equal(UpdateBench.Sha256(manifest), await upload.Tagged("parts-1", OciManifest.ImageType, TestContext.Current.CancellationToken));
        Assert.Equal(OciManifest.ImageType, server.Requests[2].Header("Accept"));
    }

    [Fact]
    public void A_certificate_that_is_not_trusted_is_said_with_the_option_that_mends_it()
    {
        Host();
        string line = Assert.Throws<FaultException>(() => Push(null, authorities: null)).Fault.ToString();
        Assert.Contains("which this system does not trust; set --registry-ca to a PEM file", line, StringComparison.Ordinal);
    }

    private static RepositoryCredential User() => new("ci", new Secret(Password));

    private FileServer Host(Func<Request, Reply?>? early = null, Func<Request, Reply?>? instead = null)
        => Host("registry.test", HomeAddress, request => instead?.Invoke(request) ?? _registry.Answer(request), early);

    private FileServer Host(string name, string address, Func<Request, Reply> script, Func<Request, Reply?>? early = null)
    {
        FileServer server = new(script, _certificates.Server(name)) { Early = early ?? (static _ => null) };
        _open.Add(server);
        _bench.Name(name, address);
        _bench.Serve(address, server);
        return server;
    }

    private OciUpload Upload(RepositoryCredential? user, string? authorities = "own")
    {
        OciReference reference = RegistryAddress.Read("oci://registry.test/fleet/models", out _)!;
        PushOptions options = new(reference) { Credential = user, Docker = new DockerLogins("/nothing"), AuthorityFile = authorities is null ? null : _certificates.AuthorityFile };
        HttpHome home = new(reference.Address, PushOptions.Words) { Authorities = authorities is null ? null : CertificateFiles.Read(_certificates.AuthorityFile, "--registry-ca") };
        FetchLimits limits = _bench.Limits with { Stall = TimeSpan.FromSeconds(30) };
        HttpFetch http = new(limits, _bench.Proxy, _bench.Time, _bench.Reach(home));
        _open.Add(http);
        Attempts attempts = new(limits, _bench.Time, new Random(1), _bench);
        return new(reference, new OciRegistry(reference, new PushLogins(options), http, attempts) { Actions = "pull,push" }, http, attempts, _bench);
    }

    private bool Push(RepositoryCredential? user = null, string? authorities = "own")
        => Upload(user, authorities).Blob("model.onnx", s_digest, s_blob.Length, _file, default).GetAwaiter().GetResult();

    private FaultException Refused(RepositoryCredential? user = null) => Assert.Throws<FaultException>(() => Push(user));
}

using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching.Updates;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>Blobs of an OCI registry: who gives out tokens, who gets to see them, and where blobs really lie.</summary>
public sealed class RegistryBlobTests : IDisposable
{
    private const string Password = "canary-91d0c2-password";
    private const string Registry = "oci://registry.test/fleet/models";
    private const string RegistryAddress = "203.0.113.5";

    private static readonly byte[] s_blob = Encoding.UTF8.GetBytes(new string('m', 300_000));
    private static readonly string s_digest = UpdateBench.Sha256(s_blob);
    private static readonly string s_basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("edge:" + Password));

    private readonly UpdateBench _bench = new();
    private readonly TestCertificates _certificates = new("transport");
    private readonly List<FileServer> _servers = [];

    public void Dispose()
    {
        _bench.Dispose();
        foreach (FileServer server in _servers) server.Dispose();
        _certificates.Dispose();
    }

    [Fact]
    public void A_blob_is_asked_for_by_its_digest_as_the_distribution_specification_has_it()
    {
        FileServer registry = Host("registry.test", RegistryAddress, File);
        Fetch();
        Request request = Assert.Single(registry.Requests);
        Assert.Equal(($"/v2/fleet/models/blobs/sha256:{s_digest}", ""), (request.Target, request.Header("Authorization")));
    }

    [Fact]
    public void A_registry_that_wants_a_token_names_who_gives_it_and_gets_it()
    {
        FileServer auth = Host("auth.test", "198.51.100.2", static _ => Reply.Json("""{"token":"t-1"}"""));
        FileServer registry = Host("registry.test", RegistryAddress, request => request.Header("Authorization") == "Bearer t-1" ? File(request) : Challenge("https://auth.test/token"));
        Fetch();
        Assert.Equal(["", "Bearer t-1"], registry.Requests.Select(static r => r.Header("Authorization")));
        Assert.Equal("/token?service=registry&scope=repository%3Afleet%2Fmodels%3Apull", Assert.Single(auth.Requests).Target);
        Assert.Equal("", auth.Requests[0].Header("Authorization"));
    }

    [Fact]
    public void A_token_is_kept_for_the_next_blob()
    {
        FileServer auth = Host("auth.test", "198.51.100.2", static _ => Reply.Json("""{"access_token":"t-1"}"""));
        Host("registry.test", RegistryAddress, request => request.Header("Authorization") == "Bearer t-1" ? File(request) : Challenge("https://auth.test/token"));
        UpdateTransport transport = Open();
        for (int i = 0; i < 2; i++) _bench.BringBlob(transport, s_digest, s_blob.Length, $"{i}");
        Assert.Single(auth.Requests);
    }

    [Fact]
    public void A_token_that_ends_in_the_midst_of_a_blob_is_asked_for_anew_and_the_blob_goes_on()
    {
        _bench.Retry(3);
        FileServer auth = Host("auth.test", "198.51.100.2", static r => Reply.Json($$"""{"token":"t-{{r.Number}}"}"""));
        FileServer registry = Host("registry.test", RegistryAddress, request => request.Header("Authorization") switch
        {
            "Bearer t-1" when request.From is null => File(request) with { CutAfter = 100_000 },
            "Bearer t-2" => File(request),
            _ => Challenge("https://auth.test/token"),
        });
        Fetch();
        Assert.Equal(2, auth.Requests.Count);
        Assert.Equal((100_000, "Bearer t-2"), (registry.Requests[^1].From, registry.Requests[^1].Header("Authorization")));
    }

    [Fact]
    public void A_user_is_shown_to_who_gives_out_tokens_and_not_with_blobs()
    {
        FileServer auth = Host("auth.test", "198.51.100.2", static _ => Reply.Json("""{"token":"t-1"}"""));
        FileServer registry = Host("registry.test", RegistryAddress, request => request.Header("Authorization") == "Bearer t-1" ? File(request) : Challenge("https://auth.test/token"));
        Fetch(User());
        Assert.Equal(s_basic, Assert.Single(auth.Requests).Header("Authorization"));
        Assert.DoesNotContain(registry.Requests, static r => r.Header("Authorization").StartsWith("Basic", StringComparison.Ordinal));
    }

    [Fact]
    public void A_registry_that_asks_for_Basic_gets_the_user()
    {
        FileServer registry = Host("registry.test", RegistryAddress, request => request.Header("Authorization") == s_basic ? File(request) : Reply.Empty(401, "WWW-Authenticate: Basic realm=\"x\""));
        Fetch(User());
        Assert.Equal(2, registry.Requests.Count);
    }

    [Theory]
    [InlineData("Basic realm=\"x\"", "(401)")]
    [InlineData("Negotiate", "(401)")]
    [InlineData("Bearer service=\"x\"", "nobody who gives out tokens")]
    [InlineData("Bearer realm=\"not an address\"", "nobody who gives out tokens")]
    [InlineData("Bearer realm=\"file:///etc/shadow\"", "nobody who gives out tokens")]
    [InlineData("Bearer realm=\"https://someone:canary@auth.test/\"", "nobody who gives out tokens")]
    [InlineData("Bearer realm=\"http://auth.test/token\"", "without TLS")]
    [InlineData("Bearer realm=\"http://10.0.0.9/token\"", "without TLS")]
    [InlineData("Bearer realm=\"http://127.0.0.1/token\"", "without TLS")]
    [InlineData("Bearer realm=\"https://127.0.0.1/token\"", "nearer to this device")]
    [InlineData("Bearer realm=\"https://169.254.169.254/token\"", "nearer to this device")]
    [InlineData("Bearer realm=\"https://near.test/token\"", "near.test is 10.0.0.9")]
    public void A_challenge_that_leads_nowhere_good_is_a_passing_fault_and_nothing_is_shown_to_anybody(string challenge, string what)
    {
        _bench.Name("near.test", "10.0.0.9");
        FileServer registry = Host("registry.test", RegistryAddress, _ => Reply.Empty(401, $"WWW-Authenticate: {challenge}"));
        UpdateException refused = Refused(challenge.StartsWith("Basic", StringComparison.Ordinal) ? null : User());
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains(what, refused.Fault.What, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refused.Fault.ToString(), StringComparison.Ordinal);
        Assert.Single(registry.Requests);
        Assert.Equal([RegistryAddress], _bench.Dialled.Select(static d => d.Address.ToString()).Distinct());
    }

    [Theory]
    [InlineData("no JSON", "<html>")]
    [InlineData("no token", "{}")]
    [InlineData("a token that is no text", """{"token":7}""")]
    [InlineData("an empty token", """{"token":""}""")]
    [InlineData("a token that breaks the header", """{"token":"a\r\nX-Evil: 1"}""")]
    [InlineData("a token with a blank", """{"token":"a b"}""")]
    public void An_answer_without_a_usable_token_is_a_passing_fault(string what, string body)
    {
        Host("auth.test", "198.51.100.2", _ => Reply.Json(body));
        FileServer registry = Host("registry.test", RegistryAddress, static _ => Challenge("https://auth.test/token"));
        UpdateException refused = Refused();
        Assert.True(refused.Code == UpdateCode.Network, what);
        Assert.Contains("gave no token", refused.Fault.What, StringComparison.Ordinal);
        Assert.Single(registry.Requests);
    }

    [Fact]
    public void A_token_without_end_is_cut_off()
    {
        FileServer auth = Host("auth.test", "198.51.100.2", static _ => Reply.Raw(static wire =>
        {
            wire.Send("HTTP/1.1 200 OK\r\n\r\n{\"token\":\"");
            wire.SendForever(new string('x', 4096));
        }));
        Host("registry.test", RegistryAddress, static _ => Challenge("https://auth.test/token"));
        Assert.Equal(UpdateCode.Size, Refused().Code);
        _bench.CloseClients();
        auth.WaitUntilIdle();
        Assert.InRange(auth.SentBytes, 1, (1 << 20) + (512 << 10));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(500)]
    public void A_token_that_is_refused_is_a_passing_fault_that_says_what_to_do(int status)
    {
        Host("auth.test", "198.51.100.2", _ => Reply.Empty(status));
        Host("registry.test", RegistryAddress, static _ => Challenge("https://auth.test/token"));
        UpdateException refused = Refused(User());
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains($"{status}", refused.Fault.What, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_that_the_registry_does_not_take_is_asked_for_once()
    {
        FileServer auth = Host("auth.test", "198.51.100.2", static _ => Reply.Json("""{"token":"t-1"}"""));
        FileServer registry = Host("registry.test", RegistryAddress, static _ => Challenge("https://auth.test/token"));
        UpdateException refused = Refused();
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Equal((2, 1), (registry.Requests.Count, auth.Requests.Count));
    }

    [Theory]
    [InlineData(302)]
    [InlineData(307)]
    public void Storage_that_the_registry_sends_to_gets_no_token(int status)
    {
        FileServer auth = Host("auth.test", "198.51.100.2", static _ => Reply.Json("""{"token":"t-1"}"""));
        FileServer storage = Host("storage.test", "198.51.100.9", File);
        Host("registry.test", RegistryAddress, request => request.Header("Authorization").Length == 0 ? Challenge("https://auth.test/token") : Reply.Empty(status, "Location: https://storage.test/b?X-Signature=abc"));
        Fetch(User());
        Request request = Assert.Single(storage.Requests);
        Assert.Equal("/b?X-Signature=abc", request.Target);
        Assert.DoesNotContain("Authorization", request.Headers.Keys);
        Assert.DoesNotContain("Cookie", request.Headers.Keys);
        Assert.Single(auth.Requests);
    }

    [Fact]
    public void A_break_at_the_storage_begins_again_at_the_registry_so_that_the_address_is_fresh()
    {
        _bench.Retry(3);
        FileServer storage = Host("storage.test", "198.51.100.9", static r => File(r) with { CutAfter = r.Number == 1 ? 100_000 : null });
        FileServer registry = Host("registry.test", RegistryAddress, static r => Reply.Empty(307, $"Location: https://storage.test/b?n={r.Number}"));
        Fetch();
        Assert.Equal(["/b?n=1", "/b?n=2"], storage.Requests.Select(static r => r.Target));
        Assert.Equal(100_000, storage.Requests[1].From);
        Assert.Equal(2, registry.Requests.Count);
    }

    [Fact]
    public void Storage_that_asks_who_is_there_is_told_nothing_and_may_name_nobody()
    {
        FileServer thief = Host("thief.test", "198.51.100.66", static _ => Reply.Json("""{"token":"t-1"}"""));
        FileServer storage = Host("storage.test", "198.51.100.9", static _ => Challenge("https://thief.test/token"));
        Host("registry.test", RegistryAddress, static _ => Reply.Empty(307, "Location: https://storage.test/b"));
        UpdateException refused = Refused(User());
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains("(401)", refused.Fault.What, StringComparison.Ordinal);
        Assert.Empty(thief.Requests);
        Assert.Equal("", Assert.Single(storage.Requests).Header("Authorization"));
    }

    [Fact]
    public void Who_gives_out_tokens_may_not_send_the_user_on_to_another_host()
    {
        FileServer other = Host("other.test", "198.51.100.3", static _ => Reply.Json("""{"token":"t-1"}"""));
        Host("auth.test", "198.51.100.2", static _ => Reply.Redirect("https://other.test/token"));
        Host("registry.test", RegistryAddress, request => request.Header("Authorization") == "Bearer t-1" ? File(request) : Challenge("https://auth.test/token"));
        Fetch(User());
        Assert.Equal("", Assert.Single(other.Requests).Header("Authorization"));
    }

    [Fact]
    public void A_private_registry_may_have_its_storage_beside_it()
    {
        FileServer storage = Serve("10.0.0.8", File);
        _bench.Serve("10.0.0.8", storage);
        Host("registry.test", "10.0.0.7", static _ => Reply.Empty(307, "Location: https://10.0.0.8/b"));
        Fetch();
        Assert.Single(storage.Requests);
    }

    [Theory]
    [InlineData("https://10.0.0.8/b")]
    [InlineData("http://storage.test/b")]
    [InlineData("https://127.0.0.1/b")]
    public void A_public_registry_sends_no_device_to_a_near_address_or_out_of_TLS(string target)
    {
        Host("registry.test", RegistryAddress, _ => Reply.Empty(307, $"Location: {target}"));
        Assert.Equal(UpdateCode.Network, Refused().Code);
        Assert.Single(_bench.Dialled);
    }

    [Fact]
    public void A_registry_without_TLS_on_this_network_is_used_where_it_is_configured_so()
    {
        FileServer registry = Keep(new FileServer(File));
        _bench.Serve("192.168.1.20", registry, 5000);
        Fetch(registry: "http://192.168.1.20:5000/fleet/models");
        Assert.Equal(s_blob, System.IO.File.ReadAllBytes(_bench.Partial));
    }

    [Fact]
    public void A_registry_without_the_blob_is_a_passing_fault()
    {
        Host("registry.test", RegistryAddress, static _ => Reply.Empty(404));
        UpdateException refused = Refused();
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains("updates.registry", refused.Fault.Cure, StringComparison.Ordinal);
    }

    private static Reply File(Request request) => Reply.File(request, s_blob, "\"v1\"");

    private static Reply Challenge(string realm) => Reply.Empty(401, $"WWW-Authenticate: Bearer realm=\"{realm}\",service=\"registry\",scope=\"repository:fleet/models:pull\"");

    private static RepositoryCredential User() => new("edge", new Secret(Password));

    private FileServer Host(string name, string address, Func<Request, Reply> script)
    {
        FileServer server = Serve(name, script);
        _bench.Name(name, address);
        _bench.Serve(address, server);
        return server;
    }

    private FileServer Serve(string name, Func<Request, Reply> script) => Keep(new FileServer(script, _certificates.Server(name)));

    private FileServer Keep(FileServer server)
    {
        _servers.Add(server);
        return server;
    }

    private UpdateTransport Open(RepositoryCredential? user = null, string registry = Registry)
        => _bench.Open("https://updates.test/", registry, _certificates.AuthorityFile, registryCredential: user);

    private void Fetch(RepositoryCredential? user = null, string registry = Registry)
        => _bench.BringBlob(Open(user, registry), s_digest, s_blob.Length);

    private UpdateException Refused(RepositoryCredential? user = null) => Assert.Throws<UpdateException>(() => Fetch(user));
}

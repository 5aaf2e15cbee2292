using System.Collections.Concurrent;
using System.Net.Http;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching;
using EdgeInfer.Fetching.Updates;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>By which certificate repository and registry know a device, and who else does not.</summary>
public sealed class ClientCertificateTests : IDisposable
{
    private const string Home = "https://updates.test/";

    private static readonly byte[] s_document = "{}"u8.ToArray();

    private readonly UpdateBench _bench = new();
    private readonly TestCertificates _plant = new("plant authority");
    private readonly List<FileServer> _servers = [];
    private readonly ConcurrentQueue<string> _seen = [];

    public ClientCertificateTests() => _plant.Client().Dispose();

    public void Dispose()
    {
        _bench.Dispose();
        foreach (FileServer server in _servers) server.Dispose();
        _plant.Dispose();
    }

    [Fact]
    public void The_repository_sees_the_configured_certificate()
    {
        Host("updates.test", "203.0.113.5");
        Assert.Equal(s_document, UpdateBench.Bring(Open(), UpdateBench.Timestamp));
        Assert.Equal(["CN=press-3"], _seen);
    }

    [Fact]
    public void The_registry_sees_it_too()
    {
        Host("registry.test", "203.0.113.6");
        UpdateTransport transport = Open("oci://registry.test/fleet/models");
        _bench.BringBlob(transport, UpdateBench.Sha256(s_document), s_document.Length);
        Assert.Equal(["CN=press-3"], _seen);
    }

    [Fact]
    public void Whoever_the_repository_sends_requests_on_to_does_not_learn_which_device_asks()
    {
        Host("storage.test", "198.51.100.9");
        Host("updates.test", "203.0.113.5", static _ => Reply.Redirect("https://storage.test/x"));
        Assert.Equal(s_document, UpdateBench.Bring(Open(), UpdateBench.Timestamp));
        Assert.Equal(["CN=press-3", "none"], _seen);
    }

    [Fact]
    public void A_device_without_one_shows_none()
    {
        Host("updates.test", "203.0.113.5");
        UpdateTransport transport = _bench.Open(Home, ca: _plant.AuthorityFile);
        UpdateBench.Bring(transport, UpdateBench.Timestamp);
        Assert.Equal(["none"], _seen);
    }

    [Fact]
    public void New_files_are_used_with_the_next_request_and_half_written_ones_change_nothing()
    {
        Host("updates.test", "203.0.113.5");
        UpdateTransport transport = Open();
        UpdateBench.Bring(transport, UpdateBench.Timestamp);

        string key = File.ReadAllText(_plant["client.key"]), old = File.ReadAllText(_plant["client.pem"]);
        _plant.Client("press-3 renewed").Dispose();
        string renewed = File.ReadAllText(_plant["client.key"]);
        _plant.Write("client.key", renewed[..40]);
        UpdateBench.Bring(transport, UpdateBench.Timestamp);
        _plant.Write("client.key", key);
        UpdateBench.Bring(transport, UpdateBench.Timestamp);
        _plant.Write("client.key", renewed);
        UpdateBench.Bring(transport, UpdateBench.Timestamp);
        UpdateBench.Bring(transport, UpdateBench.Timestamp);
        Assert.Equal(["CN=press-3", "CN=press-3", "CN=press-3", "CN=press-3 renewed", "CN=press-3 renewed"], _seen);
        Assert.NotEqual(old, File.ReadAllText(_plant["client.pem"]));
    }

    [Theory]
    [InlineData("client.key", null, "updates.key", "there is no file")]
    [InlineData("client.key", "", "updates.key", "is empty")]
    [InlineData("client.key", "other", "updates.key", "does not belong to the certificate")]
    [InlineData("client.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "updates.key", "has a passphrase")]
    [InlineData("client.pem", "hello", "updates.certificate", "no PEM at all")]
    public void Files_that_cannot_be_used_stop_updates_and_not_the_agent_until_they_are_mended(string file, string? content, string key, string what)
    {
        FileServer server = Host("updates.test", "203.0.113.5");
        string sound = File.ReadAllText(_plant[file]);
        if (content == "other")
        {
            _plant.Client("press-4", "other").Dispose();
            content = File.ReadAllText(_plant["other.key"]);
        }

        if (content is null) File.Delete(_plant[file]);
        else _plant.Write(file, content);
        UpdateTransport transport = Open();
        UpdateException refused = Assert.Throws<UpdateException>(() => UpdateBench.Bring(transport, UpdateBench.Timestamp));
        Assert.Equal((UpdateCode.Network, key), (refused.Code, refused.Fault.Where));
        Assert.Contains(what, refused.Fault.What, StringComparison.Ordinal);
        Assert.Empty(server.Requests);

        _plant.Write(file, sound);
        Assert.Equal(s_document, UpdateBench.Bring(transport, UpdateBench.Timestamp));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(495)]
    [InlineData(496)]
    public void A_server_that_says_after_the_handshake_that_it_wants_another_certificate_is_understood(int status)
    {
        Host("updates.test", "203.0.113.5", _ => Reply.Empty(status));
        UpdateException none = Assert.Throws<UpdateException>(() => UpdateBench.Bring(_bench.Open(Home, ca: _plant.AuthorityFile), UpdateBench.Timestamp));
        Assert.Equal((UpdateCode.Network, $"the server answered {status}, as one does that wants a client certificate"), (none.Code, none.Fault.What));
        Assert.StartsWith("set updates.certificate and updates.key", none.Fault.Cure, StringComparison.Ordinal);
        UpdateException wrong = Assert.Throws<UpdateException>(() => UpdateBench.Bring(Open(), UpdateBench.Timestamp));
        Assert.Equal($"the server answered {status}, as one does that does not take the client certificate it was shown (CN=press-3, valid to 2048-01-01)", wrong.Fault.What);
    }

    // Lines of OpenSSL 3 as .NET passes them on; the low digits are 1000 and the alert of RFC 8446, section 6.
    [Theory]
    [InlineData("error:0A00045C:SSL routines::tlsv13 alert certificate required", false, "the server wants a client certificate", "set updates.certificate and updates.key")]
    [InlineData("error:0A000410:SSL routines::sslv3 alert handshake failure", false, "most likely it wants a client certificate", "set updates.certificate and updates.key")]
    [InlineData("error:0A000412:SSL routines::sslv3 alert bad certificate", true, "refuses the client certificate (CN=press-3, valid to 2048-01-01)", "look into the server's log")]
    [InlineData("error:0A000415:SSL routines::sslv3 alert certificate expired", true, "refuses the client certificate (CN=press-3", "look into the server's log")]
    [InlineData("error:0A000418:SSL routines::tlsv1 alert unknown ca", true, "it does not know the authority, CN=plant authority", "put the certificates between behind it in updates.certificate")]
    [InlineData("error:0A00042E:SSL routines::tlsv1 alert protocol version", false, "no TLS that is safe today", "turn TLS 1.2 or 1.3 on")]
    [InlineData("error:0A000458:SSL routines::tlsv1 unrecognized name", false, "does not know the name 'updates.test'", "use one of its names")]
    public void What_the_server_says_by_a_TLS_alert_is_said_in_words(string line, bool isShown, string what, string cure)
    {
        using X509Certificate2 own = X509CertificateLoader.LoadCertificateFromFile(_plant["client.pem"]);
        HttpHome home = new(new(Home), FetchWords.Update("updates.repository"));
        HttpFetchFaults faults = new(FetchLimits.ForUpdates, _bench.Proxy, home.Words, new ServerTrust(home, TimeProvider.System), _ => isShown ? own : null);
        TransferException fault = faults.OfBreak(new(Home), new HttpRequestException("x", new AuthenticationException("Authentication failed", new IOException(line))));
        Assert.Contains(what, fault.Fault.What, StringComparison.Ordinal);
        Assert.Contains(cure, fault.Fault.Cure, StringComparison.Ordinal);
        Assert.False(fault.IsPassing);
    }

    [Fact]
    public void What_stands_between_the_certificate_and_its_authority_goes_along()
    {
        using TestCertificates between = _plant.Between("line 4");
        between.Client("press-3", "line").Dispose();
        _plant.Write("chain.pem", File.ReadAllText(_plant["line.pem"]) + between.AuthorityPem);
        FileServer server = Host("updates.test", "203.0.113.5");
        UpdateBench.Bring(_bench.Open(Home, ca: _plant.AuthorityFile, identity: (_plant["chain.pem"], _plant["line.key"])), UpdateBench.Timestamp);
        Assert.Contains("CN=line 4", server.SentBeside);
    }

    private UpdateTransport Open(string? registry = null) => _bench.Open(Home, registry, _plant.AuthorityFile, identity: (_plant["client.pem"], _plant["client.key"]));

    private FileServer Host(string name, string address, Func<Request, Reply>? script = null)
    {
        FileServer server = new(script ?? (static _ => new Reply(200, s_document, "ETag: \"v1\"")), _plant.Server(name))
        {
            Clients = shown =>
            {
                _seen.Enqueue(shown?.Subject ?? "none");
                return true;
            },
        };
        _servers.Add(server);
        _bench.Name(name, address);
        _bench.Serve(address, server);
        return server;
    }
}

using System.Net.Sockets;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching.Updates;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>The proxy of the environment: who goes through it, and what it may not be used for.</summary>
public sealed class RepositoryProxyTests : IDisposable
{
    private const string Home = "https://updates.test/";

    private static readonly byte[] s_document = "{}"u8.ToArray();

    private readonly UpdateBench _bench = new();
    private readonly TestCertificates _certificates = new("transport");
    private Func<Request, Reply> _answer = static _ => new Reply(200, s_document);
    private readonly FileServer _origin;
    private readonly FileServer _proxy;

    public RepositoryProxyTests()
    {
        _origin = new FileServer(request => _answer(request), _certificates.Server("updates.test"));
        _proxy = new FileServer(_ => Reply.Raw(Tunnel));
        _bench.Name("proxy.test", "10.0.0.3");
        _bench.Serve("10.0.0.3", _proxy, 3128);
        _bench.Proxy = new WebProxyFor(new Uri("http://proxy.test:3128"), "direct.test");
    }

    public void Dispose()
    {
        _bench.Dispose();
        _proxy.Dispose();
        _origin.Dispose();
        _certificates.Dispose();
    }

    [Fact]
    public void A_repository_is_reached_through_the_proxy_although_that_is_a_private_host()
    {
        Assert.Equal(s_document, _bench.Fetch(Home, ca: _certificates.AuthorityFile));
        Assert.Equal(("CONNECT", "updates.test:443"), (_proxy.Requests[0].Method, _proxy.Requests[0].Target));
        Assert.Equal(["10.0.0.3"], _bench.Dialled.Select(static d => d.Address.ToString()));
    }

    [Fact]
    public void A_token_is_not_shown_to_the_proxy()
    {
        _bench.Fetch(Home, ca: _certificates.AuthorityFile, credential: new RepositoryCredential(null, new Secret("canary")));
        Assert.DoesNotContain(_proxy.Requests[0].Headers, static h => h.Value.Contains("canary", StringComparison.Ordinal));
        Assert.Equal("Bearer canary", _origin.Requests[0].Header("Authorization"));
    }

    [Fact]
    public void A_host_of_no_proxy_is_reached_directly()
    {
        using FileServer direct = new(static _ => new Reply(200, s_document), _certificates.Server("direct.test"));
        _bench.Name("direct.test", "203.0.113.9");
        _bench.Serve("203.0.113.9", direct);
        Assert.Equal(s_document, _bench.Fetch("https://direct.test/", ca: _certificates.AuthorityFile));
        Assert.Empty(_proxy.Requests);
    }

    [Fact]
    public void Plain_http_goes_directly_so_that_its_address_is_seen()
    {
        using FileServer plain = new(static _ => new Reply(200, s_document));
        _bench.Name("lan.test", "10.0.0.1");
        _bench.Serve("10.0.0.1", plain, 80);
        Assert.Equal(s_document, _bench.Fetch("http://lan.test/"));
        Assert.Empty(_proxy.Requests);
    }

    [Theory]
    [InlineData("https://127.0.0.1/x")]
    [InlineData("https://localhost/x")]
    [InlineData("https://10.0.0.9/x")]
    [InlineData("https://169.254.169.254/x")]
    [InlineData("http://updates.test/x")]
    public void A_redirect_to_a_near_address_or_out_of_TLS_is_not_followed_through_the_proxy_either(string target)
    {
        _answer = _ => Reply.Redirect(target);
        Assert.Equal(UpdateCode.Network, _bench.Refused(Home, ca: _certificates.AuthorityFile).Code);
        Assert.Single(_proxy.Requests);
        Assert.Single(_bench.Dialled);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(407)]
    [InlineData(502)]
    public void A_proxy_that_refuses_is_a_passing_fault_that_names_it(int status)
    {
        using FileServer refusing = new(_ => Reply.Empty(status));
        _bench.Serve("10.0.0.3", refusing, 3128);
        UpdateException refused = _bench.Refused(Home, ca: _certificates.AuthorityFile);
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains("(by the proxy proxy.test:3128)", refused.Fault.Where, StringComparison.Ordinal);
    }

    // The header is acknowledged, then bytes go both ways until one side ends.
    private void Tunnel(Wire wire)
    {
        wire.Send("HTTP/1.1 200 Connection established\r\n\r\n");
        using TcpClient origin = new("127.0.0.1", _origin.Port);
        using NetworkStream there = origin.GetStream();
        Thread back = new(() => Copy(there, wire.Stream)) { IsBackground = true };
        back.Start();
        Copy(wire.Stream, there);
        origin.Close();
        back.Join();
    }

    private static void Copy(Stream from, Stream to)
    {
        try
        {
            from.CopyTo(to);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // One side has gone.
        }
    }
}

using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching.Updates;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>Where a repository may send a device, and what goes along.</summary>
public sealed class RepositoryRedirectTests : IDisposable
{
    private const string Home = "https://updates.test/fleet";
    private const string PublicAddress = "203.0.113.5";
    private const string Token = "canary-5b1e7d-token";

    private static readonly byte[] s_document = "{\"signed\":1}"u8.ToArray();

    private readonly UpdateBench _bench = new();
    private readonly TestCertificates _certificates = new("transport");
    private readonly List<FileServer> _servers = [];

    public void Dispose()
    {
        _bench.Dispose();
        foreach (FileServer server in _servers) server.Dispose();
        _certificates.Dispose();
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public void A_redirect_to_another_public_host_is_followed(int status)
    {
        FileServer cdn = Host("cdn.test", "198.51.100.7", static _ => new Reply(200, s_document));
        PublicHome(_ => Reply.Empty(status, "Location: https://cdn.test/kept/timestamp?signature=1"));
        Assert.Equal(s_document, Fetch());
        Assert.Equal("/kept/timestamp?signature=1", Assert.Single(cdn.Requests).Target);
    }

    [Theory]
    [InlineData("other", "/fleet/metadata/other")]
    [InlineData("../up", "/fleet/up")]
    [InlineData("/root", "/root")]
    [InlineData("?again=1", "/fleet/metadata/timestamp.json?again=1")]
    [InlineData("//updates.test/same", "/same")]
    public void A_relative_redirect_stays_at_its_server(string location, string target)
    {
        FileServer home = PublicHome(request => request.Number == 1 ? Reply.Redirect(location) : new Reply(200, s_document));
        Assert.Equal(s_document, Fetch());
        Assert.Equal(target, home.Requests[1].Target);
    }

    [Fact]
    public void Five_redirects_are_followed_and_a_sixth_is_not()
    {
        int hops = 5;
        FileServer home = PublicHome(request => request.Number <= hops ? Reply.Redirect($"/hop{request.Number}") : new Reply(200, s_document));
        Assert.Equal(s_document, Fetch());
        Assert.Equal(6, home.Requests.Count);
        hops = 6 + 6;
        Assert.Contains("more than 5 times", Refused().Fault.What, StringComparison.Ordinal);
        Assert.Equal(6 + 6, home.Requests.Count);
    }

    [Fact]
    public void A_loop_between_two_hosts_ends()
    {
        FileServer cdn = Host("cdn.test", "198.51.100.7", static _ => Reply.Redirect("https://updates.test/again"));
        FileServer home = PublicHome(_ => Reply.Redirect("https://cdn.test/again"));
        Assert.Contains("more than 5 times", Refused().Fault.What, StringComparison.Ordinal);
        Assert.Equal((3, 3), (home.Requests.Count, cdn.Requests.Count));
    }

    [Theory]
    [InlineData("no Location at all", "X-Nothing: 1")]
    [InlineData("an empty Location", "Location:")]
    [InlineData("a Location that is no address", "Location: http://[not-an-address")]
    public void A_redirect_that_leads_nowhere_is_a_passing_fault(string what, string header)
    {
        FileServer home = PublicHome(request => request.Number == 1 ? Reply.Empty(302, header) : Reply.Empty(302, "X-Nothing: 1"));
        UpdateException refused = Refused();
        Assert.True(refused.Code == UpdateCode.Network, what);
        Assert.InRange(home.Requests.Count, 1, 2);
        Assert.Contains("302", refused.Fault.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http of the same host", "http://updates.test/fleet/x", "without TLS")]
    [InlineData("http of another host", "http://cdn.test/x", "without TLS")]
    [InlineData("http of a private host", "http://10.0.0.9/x", "without TLS")]
    [InlineData("http of this device", "http://127.0.0.1/x", "without TLS")]
    [InlineData("a file", "file:///etc/passwd", "file:")]
    [InlineData("ftp", "ftp://cdn.test/x", "ftp:")]
    [InlineData("data", "data:text/plain,x", "data:")]
    [InlineData("a socket", "ws://cdn.test/x", "ws:")]
    [InlineData("a user and a password", "https://someone:canary@cdn.test/x", "user or password")]
    [InlineData("this device by name", "https://localhost/x", "nearer")]
    [InlineData("this device by address", "https://127.0.0.1/x", "nearer")]
    [InlineData("this device by a short address", "https://127.1/x", "nearer")]
    [InlineData("this device by a number", "https://2130706433/x", "nearer")]
    [InlineData("this device in hexadecimal", "https://0x7f000001/x", "nearer")]
    [InlineData("this device in IPv6", "https://[::1]/x", "nearer")]
    [InlineData("this device as IPv4 within IPv6", "https://[::ffff:127.0.0.1]/x", "nearer")]
    [InlineData("the unspecified address", "https://0.0.0.0/x", "nearer")]
    [InlineData("a private network 10", "https://10.0.0.9/x", "nearer")]
    [InlineData("a private network 172.16", "https://172.31.255.1/x", "nearer")]
    [InlineData("a private network 192.168", "https://192.168.1.1/x", "nearer")]
    [InlineData("a carrier's shared network", "https://100.100.100.200/x", "nearer")]
    [InlineData("where clouds keep credentials", "https://169.254.169.254/latest/meta-data", "nearer")]
    [InlineData("the same in IPv6", "https://[fd00:ec2::254]/latest/meta-data", "nearer")]
    [InlineData("a link-local address", "https://[fe80::1]/x", "nearer")]
    [InlineData("a private address behind NAT64", "https://[64:ff9b::10.0.0.9]/x", "nearer")]
    [InlineData("a private address behind 6to4", "https://[2002:a00:9::1]/x", "nearer")]
    [InlineData("a group of hosts", "https://224.0.0.1/x", "nearer")]
    public void A_public_repository_sends_no_device_to(string what, string target, string why)
    {
        FileServer home = PublicHome(_ => Reply.Redirect(target));
        UpdateException refused = Refused();
        Assert.True(refused.Code == UpdateCode.Network, what);
        Assert.Contains(why, refused.Fault.What, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refused.Fault.ToString(), StringComparison.Ordinal);
        Assert.Single(home.Requests);
        Assert.Equal([PublicAddress], _bench.Dialled.Select(d => d.Address.ToString()));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.0.0.9")]
    [InlineData("169.254.169.254")]
    [InlineData("::1")]
    [InlineData("fd00::1")]
    [InlineData("0.0.0.0")]
    public void A_name_that_leads_to_a_near_address_is_not_connected_to(string address)
    {
        _bench.Name("innocent.test", address);
        PublicHome(static _ => Reply.Redirect("https://innocent.test/x"));
        UpdateException refused = Refused();
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains($"innocent.test is {address}", refused.Fault.What, StringComparison.Ordinal);
        Assert.Equal([PublicAddress], _bench.Dialled.Select(d => d.Address.ToString()));
    }

    [Fact]
    public void Of_a_name_with_near_and_public_addresses_only_the_public_ones_are_connected_to()
    {
        Host("cdn.test", "198.51.100.7", static _ => new Reply(200, s_document), "127.0.0.1", "10.0.0.9", "198.51.100.7");
        PublicHome(static _ => Reply.Redirect("https://cdn.test/x"));
        Assert.Equal(s_document, Fetch());
        Assert.Equal([PublicAddress, "198.51.100.7"], _bench.Dialled.Select(d => d.Address.ToString()));
    }

    [Fact]
    public void A_name_that_leads_elsewhere_the_second_time_is_judged_the_second_time()
    {
        Host("cdn.test", "198.51.100.7", static _ => new Reply(200, s_document));
        _bench.Name("cdn.test", "10.0.0.9");
        PublicHome(static _ => Reply.Redirect("https://cdn.test/x"));
        UpdateTransport transport = _bench.Open(Home, ca: _certificates.AuthorityFile);
        Assert.Equal(s_document, UpdateBench.Bring(transport, "metadata/1.root.json"));
        UpdateException refused = Assert.Throws<UpdateException>(() => UpdateBench.Bring(transport, "metadata/2.root.json"));
        Assert.Contains("cdn.test is 10.0.0.9", refused.Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_repository_whose_name_once_led_to_a_private_address_and_then_to_a_public_one_counts_as_public()
    {
        FileServer home = PublicHome(request => request.Number == 1 ? new Reply(200, s_document) : Reply.Redirect("https://10.0.0.9/x"), "10.0.0.1", PublicAddress);
        _bench.Serve("10.0.0.1", home);
        UpdateTransport transport = _bench.Open(Home, ca: _certificates.AuthorityFile);
        Assert.Equal(s_document, UpdateBench.Bring(transport, "metadata/1.root.json"));
        Assert.Throws<UpdateException>(() => UpdateBench.Bring(transport, "metadata/2.root.json"));
        Assert.DoesNotContain(_bench.Dialled, d => d.Address.ToString() == "10.0.0.9");
    }

    [Theory]
    [InlineData("10.0.0.9")]
    [InlineData("192.168.7.7")]
    [InlineData("198.51.100.7")]
    public void A_private_repository_may_send_to_its_own_network_and_to_public_hosts(string address)
    {
        FileServer store = Serve(static _ => new Reply(200, s_document), address);
        _bench.Serve(address, store);
        PrivateHome(_ => Reply.Redirect($"https://{address}/x"));
        Assert.Equal(s_document, Fetch());
    }

    [Theory]
    [InlineData("https://127.0.0.1/x")]
    [InlineData("https://localhost/x")]
    [InlineData("https://[::1]/x")]
    [InlineData("http://10.0.0.1/x")]
    [InlineData("http://updates.test/x")]
    public void A_private_repository_sends_neither_into_this_device_nor_out_of_TLS(string target)
    {
        PrivateHome(_ => Reply.Redirect(target));
        Assert.Equal(UpdateCode.Network, Refused().Code);
        Assert.Single(_bench.Dialled);
    }

    [Fact]
    public void A_repository_without_TLS_sends_on_within_itself_alone()
    {
        FileServer home = Keep(new FileServer(request => request.Number == 1 ? Reply.Redirect("/moved") : request.Number == 2 ? new Reply(200, s_document) : Reply.Redirect("http://10.0.0.2/x")));
        _bench.Serve("10.0.0.1", home, 8080);
        Assert.Equal(s_document, _bench.Fetch("http://10.0.0.1:8080/"));
        Assert.Contains("without TLS", _bench.Refused("http://10.0.0.1:8080/").Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void On_this_machine_one_server_may_send_to_another()
    {
        FileServer other = Keep(new FileServer(static _ => new Reply(200, s_document)));
        FileServer home = Keep(new FileServer(_ => Reply.Redirect(other.Url("/x"))));
        Assert.Equal(s_document, _bench.Fetch(home.Url("/")));
    }

    [Fact]
    public void A_token_is_shown_to_the_repository_at_once_and_after_a_redirect_within_it()
    {
        FileServer home = PublicHome(request => request.Number == 1 ? Reply.Redirect("/moved") : new Reply(200, s_document));
        Assert.Equal(s_document, Fetch(new RepositoryCredential(null, new Secret(Token))));
        Assert.All(home.Requests, r => Assert.Equal($"Bearer {Token}", r.Header("Authorization")));
    }

    [Fact]
    public void A_user_and_a_password_are_shown_as_Basic()
    {
        FileServer home = PublicHome(static _ => new Reply(200, s_document));
        Fetch(new RepositoryCredential("edge", new Secret("pä:ss")));
        // python3 -c 'import base64; print(base64.b64encode("edge:pä:ss".encode()).decode())'
        Assert.Equal("Basic ZWRnZTpww6Q6c3M=", home.Requests[0].Header("Authorization"));
    }

    [Theory]
    [InlineData("another host", "https://cdn.test/x")]
    [InlineData("another port of the host", "https://updates.test:8443/x")]
    public void A_token_does_not_go_along_to(string what, string target)
    {
        FileServer other = Host("cdn.test", "198.51.100.7", static _ => new Reply(200, s_document));
        FileServer port = Serve(static _ => new Reply(200, s_document), "updates.test");
        _bench.Serve(PublicAddress, port, 8443);
        PublicHome(_ => Reply.Redirect(target));
        Assert.Equal(s_document, Fetch(new RepositoryCredential(null, new Secret(Token))));
        Request asked = Assert.Single((IReadOnlyList<Request>)[.. other.Requests, .. port.Requests]);
        Assert.True(asked.Header("Authorization").Length == 0, what);
        Assert.DoesNotContain(asked.Headers.Values, v => v.Contains(Token, StringComparison.Ordinal));
    }

    [Fact]
    public void A_token_is_in_no_fault_and_in_no_text()
    {
        RepositoryCredential credential = new("edge", new Secret(Token));
        PublicHome(static _ => Reply.Empty(401, "WWW-Authenticate: Basic realm=\"x\""));
        UpdateException refused = Assert.Throws<UpdateException>(() => Fetch(credential));
        Assert.DoesNotContain(Token, refused + credential.ToString(), StringComparison.Ordinal);
        Assert.Contains("password", refused.Fault.Cure, StringComparison.Ordinal);
    }

    private FileServer PublicHome(Func<Request, Reply> script, params string[] addresses) => Home_(script, PublicAddress, addresses);

    private FileServer PrivateHome(Func<Request, Reply> script) => Home_(script, "10.0.0.1");

    private FileServer Home_(Func<Request, Reply> script, string address, params string[] addresses)
    {
        FileServer server = Serve(script, "updates.test");
        if (addresses.Length == 0) _bench.Name("updates.test", address);
        foreach (string each in addresses) _bench.Name("updates.test", each);
        _bench.Serve(address, server);
        return server;
    }

    private FileServer Host(string name, string address, Func<Request, Reply> script, params string[] addresses)
    {
        FileServer server = Serve(script, name);
        _bench.Name(name, addresses.Length == 0 ? [address] : addresses);
        _bench.Serve(address, server);
        return server;
    }

    private FileServer Serve(Func<Request, Reply> script, string name) => Keep(new FileServer(script, _certificates.Server(name)));

    private FileServer Keep(FileServer server)
    {
        _servers.Add(server);
        return server;
    }

    private byte[]? Fetch(RepositoryCredential? credential = null) => _bench.Fetch(Home, ca: _certificates.AuthorityFile, credential: credential);

    private UpdateException Refused() => _bench.Refused(Home, ca: _certificates.AuthorityFile);
}

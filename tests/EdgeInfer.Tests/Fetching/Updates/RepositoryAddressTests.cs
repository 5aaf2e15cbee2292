using System.Net;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching;
using EdgeInfer.Fetching.Updates;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>Addresses of the configuration, and how near an address is.</summary>
public sealed class RepositoryAddressTests : IDisposable
{
    private readonly UpdateBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("https://updates.example/fleet", "https://updates.example/fleet/")]
    [InlineData("https://updates.example/fleet/", "https://updates.example/fleet/")]
    [InlineData("https://updates.example", "https://updates.example/")]
    [InlineData("https://updates.example:8443/a/b", "https://updates.example:8443/a/b/")]
    [InlineData("https://203.0.113.5/", "https://203.0.113.5/")]
    [InlineData("http://127.0.0.1:8080", "http://127.0.0.1:8080/")]
    [InlineData("http://[::1]:8080", "http://[::1]:8080/")]
    [InlineData("http://localhost:8080", "http://localhost:8080/")]
    [InlineData("http://192.168.1.20:8080/fleet", "http://192.168.1.20:8080/fleet/")]
    [InlineData("http://laptop.local:8080", "http://laptop.local:8080/")]
    public void An_address_is_taken(string text, string url)
        => Assert.Equal(url, RepositoryAddress.Read(text, out _)?.Url.AbsoluteUri);

    [Theory]
    [InlineData("updates.example/fleet", "is no address")]
    [InlineData("/srv/updates", "do not come over file:")]
    [InlineData("", "is no address")]
    [InlineData("https://", "is no address")]
    [InlineData("ftp://updates.example/", "do not come over ftp:")]
    [InlineData("file:///srv/updates", "do not come over file:")]
    [InlineData("oci://registry.example/models", "do not come over oci:")]
    [InlineData("https://edge:canary@updates.example/", "user or password")]
    [InlineData("edge:canary@updates.example", "do not come over")]
    [InlineData("https://updates.example/?token=canary", "with ? or #")]
    [InlineData("https://updates.example/#x", "with ? or #")]
    [InlineData("http://203.0.113.5/", "no private address")]
    [InlineData("http://[2001:db8::1]/", "no private address")]
    [InlineData("http://0.0.0.0:8080/", "no private address")]
    public void An_address_is_refused_with_its_cure_and_without_its_password(string text, string what)
    {
        Assert.Null(RepositoryAddress.Read(text, out (string What, string Cure) wrong));
        Assert.Contains(what, wrong.What, StringComparison.Ordinal);
        Assert.NotEmpty(wrong.Cure);
        Assert.DoesNotContain("canary", wrong.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("oci://registry.example/fleet/models", "https://registry.example/", "fleet/models")]
    [InlineData("https://registry.example:5000/models", "https://registry.example:5000/", "models")]
    [InlineData("http://192.168.1.20:5000/models", "http://192.168.1.20:5000/", "models")]
    [InlineData("oci://127.0.0.1:5000/models", "http://127.0.0.1:5000/", "models")]
    [InlineData("https://127.0.0.1:5000/models", "https://127.0.0.1:5000/", "models")]
    public void A_repository_in_a_registry_is_taken(string text, string address, string repository)
    {
        OciReference? reference = RegistryAddress.Read(text, out _);
        Assert.Equal((address, repository), (reference?.Address.AbsoluteUri, reference?.Repository));
    }

    [Theory]
    [InlineData("registry.example/models")]
    [InlineData("oci://registry.example")]
    [InlineData("oci://registry.example/Models")]
    [InlineData("oci://registry.example/models:1.0")]
    [InlineData("oci://registry.example/models@sha256:0123")]
    [InlineData("oci://edge:canary@registry.example/models")]
    [InlineData("http://203.0.113.5/models")]
    [InlineData("oci://registry.example/../models")]
    [InlineData("ftp://registry.example/models")]
    public void What_names_no_repository_in_a_registry_is_refused(string text)
    {
        Assert.Null(RegistryAddress.Read(text, out (string What, string Cure) wrong));
        Assert.NotEmpty(wrong.What);
        Assert.DoesNotContain("canary", wrong.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_http_is_spoken_to_a_name_that_leads_to_a_private_address()
    {
        using FileServer server = new(static _ => new Reply(200, "{}"u8.ToArray()));
        _bench.Name("laptop.local", "192.168.1.20");
        _bench.Serve("192.168.1.20", server, 8080);
        Assert.Equal("{}"u8.ToArray(), _bench.Fetch("http://laptop.local:8080/"));
    }

    [Fact]
    public void Plain_http_is_not_spoken_to_a_name_that_leads_to_a_public_address()
    {
        _bench.Name("laptop.local", "203.0.113.5");
        UpdateException refused = _bench.Refused("http://laptop.local/");
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains("laptop.local is 203.0.113.5, and plain http", refused.Fault.What, StringComparison.Ordinal);
        Assert.Empty(_bench.Dialled);
    }

    [Theory]
    [InlineData("http://192.168.1.20/")]
    [InlineData("http://laptop.local/")]
    public void A_password_does_not_go_over_plain_http_beyond_this_machine(string repository)
    {
        FaultException wrong = Assert.Throws<FaultException>(() => _bench.Open(repository, credential: new RepositoryCredential("edge", new Secret("canary"))));
        Assert.Equal(FaultKind.Configuration, wrong.Fault.Kind);
        Assert.Throws<FaultException>(() => _bench.Open("https://updates.test/", "http://192.168.1.20/models", registryCredential: new RepositoryCredential("edge", new Secret("canary"))));
    }

    // IANA's registries of special-purpose addresses.
    [Theory]
    [InlineData("8.8.8.8", "Public")]
    [InlineData("1.1.1.1", "Public")]
    [InlineData("126.255.255.255", "Public")]
    [InlineData("128.0.0.1", "Public")]
    [InlineData("9.255.255.255", "Public")]
    [InlineData("11.0.0.0", "Public")]
    [InlineData("100.63.255.255", "Public")]
    [InlineData("100.128.0.0", "Public")]
    [InlineData("172.15.255.255", "Public")]
    [InlineData("172.32.0.0", "Public")]
    [InlineData("192.167.255.255", "Public")]
    [InlineData("192.169.0.0", "Public")]
    [InlineData("169.253.255.255", "Public")]
    [InlineData("169.255.0.0", "Public")]
    [InlineData("223.255.255.255", "Public")]
    [InlineData("10.0.0.0", "Private")]
    [InlineData("10.255.255.255", "Private")]
    [InlineData("100.64.0.0", "Private")]
    [InlineData("100.127.255.255", "Private")]
    [InlineData("169.254.0.1", "Private")]
    [InlineData("172.16.0.0", "Private")]
    [InlineData("172.31.255.255", "Private")]
    [InlineData("192.168.0.0", "Private")]
    [InlineData("192.168.255.255", "Private")]
    [InlineData("127.0.0.1", "Loopback")]
    [InlineData("127.255.255.254", "Loopback")]
    [InlineData("0.0.0.0", "Unusable")]
    [InlineData("0.1.2.3", "Unusable")]
    [InlineData("224.0.0.1", "Unusable")]
    [InlineData("255.255.255.255", "Unusable")]
    [InlineData("2606:4700::1111", "Public")]
    [InlineData("::1", "Loopback")]
    [InlineData("::", "Unusable")]
    [InlineData("ff02::1", "Unusable")]
    [InlineData("fe80::1", "Private")]
    [InlineData("fec0::1", "Private")]
    [InlineData("fc00::1", "Private")]
    [InlineData("fdff::1", "Private")]
    [InlineData("::ffff:127.0.0.1", "Loopback")]
    [InlineData("::ffff:192.168.1.1", "Private")]
    [InlineData("::ffff:8.8.8.8", "Public")]
    [InlineData("::10.0.0.1", "Private")]
    [InlineData("64:ff9b::a00:1", "Private")]
    [InlineData("64:ff9b::808:808", "Public")]
    [InlineData("2002:7f00:1::", "Loopback")]
    [InlineData("2002:c0a8:101::", "Private")]
    [InlineData("2002:808:808::", "Public")]
    public void An_address_has_the_kind_of_its_range(string address, string kind)
        => Assert.Equal(kind, AddressKinds.Of(IPAddress.Parse(address)).ToString());
}

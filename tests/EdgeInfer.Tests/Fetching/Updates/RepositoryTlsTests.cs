using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching.Updates;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>Whom a device believes to be its repository.</summary>
public sealed class RepositoryTlsTests : IDisposable
{
    private const string Home = "https://updates.test/";

    private static readonly byte[] s_document = "{}"u8.ToArray();

    private readonly UpdateBench _bench = new();
    private readonly TestCertificates _certificates = new("plant authority");

    public void Dispose()
    {
        _bench.Dispose();
        _certificates.Dispose();
    }

    [Fact]
    public void A_certificate_of_the_configured_authority_is_accepted()
    {
        using FileServer server = Serve(_certificates.Server("updates.test"));
        Assert.Equal(s_document, _bench.Fetch(Home, ca: _certificates.AuthorityFile));
    }

    [Fact]
    public void A_certificate_for_an_address_is_accepted_at_that_address()
    {
        using FileServer server = new(static _ => new Reply(200, s_document), _certificates.Server("127.0.0.1"));
        Assert.Equal(s_document, _bench.Fetch(server.Url("/"), ca: _certificates.AuthorityFile));
    }

    [Fact]
    public void A_certificate_that_signs_itself_is_accepted_where_it_is_the_configured_one()
    {
        using X509Certificate2 own = SelfSigned("updates.test");
        string file = _certificates.Write("own.pem", own.ExportCertificatePem());
        using FileServer server = Serve(own);
        Assert.Equal(s_document, _bench.Fetch(Home, ca: file));
    }

    [Fact]
    public void A_certificate_of_an_authority_that_this_system_does_not_know_is_refused()
    {
        using FileServer server = Serve(_certificates.Server("updates.test"));
        UpdateException refused = Refused(server, null, "does not trust");
        Assert.Contains("plant authority", refused.Fault.What, StringComparison.Ordinal);
        Assert.Contains("updates.ca", refused.Fault.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_of_another_authority_than_the_configured_one_is_refused()
    {
        using TestCertificates others = new("other authority");
        using FileServer server = Serve(others.Server("updates.test"));
        Refused(server, _certificates.AuthorityFile, "none of updates.ca");
    }

    [Fact]
    public void A_certificate_that_signs_itself_is_refused()
    {
        using X509Certificate2 own = SelfSigned("updates.test");
        using FileServer server = Serve(own);
        Refused(server, _certificates.AuthorityFile, "signed by itself");
    }

    [Fact]
    public void A_certificate_for_another_host_is_refused_and_both_names_are_told()
    {
        using FileServer server = Serve(_certificates.Server("other.test"));
        Refused(server, _certificates.AuthorityFile, "is for other.test, not for updates.test");
    }

    [Fact]
    public void A_certificate_that_has_expired_is_refused_with_its_dates()
    {
        using FileServer server = Serve(_certificates.Server("updates.test", notAfterYear: 2020));
        Refused(server, _certificates.AuthorityFile, "to 2020-01-01");
    }

    [Fact]
    public void A_certificate_that_is_not_valid_yet_is_refused_with_its_dates()
    {
        using FileServer server = Serve(_certificates.Server("updates.test", notBeforeYear: 2047));
        Refused(server, _certificates.AuthorityFile, "from 2047-01-01");
    }

    [Fact]
    public void A_certificate_for_clients_alone_is_refused()
    {
        using FileServer server = Serve(_certificates.Server("updates.test", isForServers: false));
        Refused(server, _certificates.AuthorityFile, "not made for servers");
    }

    [Theory]
    [InlineData(2015, true)]
    [InlineData(2022, false)]
    public void Certificates_are_judged_by_the_time_of_updates_not_by_the_clock(int year, bool isAccepted)
    {
        using FileServer server = Serve(_certificates.Server("updates.test", notAfterYear: 2020));
        UpdateTransport transport = _bench.Open(Home, ca: _certificates.AuthorityFile, clock: () => new DateTimeOffset(year, 6, 1, 0, 0, 0, TimeSpan.Zero));
        if (isAccepted) Assert.Equal(s_document, UpdateBench.Bring(transport, UpdateBench.Timestamp));
        else Assert.Equal(UpdateCode.Network, Assert.Throws<UpdateException>(() => UpdateBench.Bring(transport, UpdateBench.Timestamp)).Code);
    }

    [Fact]
    public void A_server_without_TLS_at_an_address_with_https_is_refused()
    {
        using TcpListener plain = new(IPAddress.Loopback, 0);
        plain.Start();
        Thread answer = new(() =>
        {
            using TcpClient client = plain.AcceptTcpClient();
            client.GetStream().ReadExactly(new byte[64]);
            client.GetStream().Write("HTTP/1.1 400 Bad Request\r\n\r\n"u8);
        });
        answer.Start();
        UpdateException refused = _bench.Refused($"https://127.0.0.1:{((IPEndPoint)plain.LocalEndpoint).Port}/");
        answer.Join();
        Assert.Equal(UpdateCode.Network, refused.Code);
        Assert.Contains("TLS", refused.Fault.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing.pem", null, "there is no file")]
    [InlineData("empty.pem", "", "is empty")]
    [InlineData("text.pem", "hello", "no PEM at all")]
    [InlineData("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds no certificate")]
    [InlineData("half.pem", "half", "not written to its end")]
    [InlineData("damaged.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "damaged")]
    public void A_file_of_authorities_that_cannot_be_used_is_a_fault_of_the_configuration(string name, string? content, string what)
    {
        // Two certificates, of which the second is not whole yet.
        if (content == "half") content = _certificates.AuthorityPem + _certificates.AuthorityPem[..100];
        if (content is not null) _certificates.Write(name, content);
        FaultException wrong = Assert.Throws<FaultException>(() => _bench.Open(Home, ca: _certificates[name]));
        Assert.Equal((FaultKind.Configuration, "updates.ca"), (wrong.Fault.Kind, wrong.Fault.Where));
        Assert.Contains(what, wrong.Fault.What, StringComparison.Ordinal);
    }

    private static X509Certificate2 SelfSigned(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.CreateSelfSigned(new(2010, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2048, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    private FileServer Serve(X509Certificate2 certificate)
    {
        FileServer server = new(static _ => new Reply(200, s_document), certificate);
        _bench.Name("updates.test", "203.0.113.5");
        _bench.Serve("203.0.113.5", server);
        return server;
    }

    private UpdateException Refused(FileServer server, string? ca, string what)
    {
        UpdateException refused = _bench.Refused(Home, ca: ca);
        Assert.Equal((UpdateCode.Network, "https://updates.test/metadata/timestamp.json"), (refused.Code, refused.Fault.Where));
        Assert.Contains(what, refused.Fault.What, StringComparison.Ordinal);
        Assert.NotEmpty(refused.Fault.Cure);
        Assert.Empty(server.Requests);
        return refused;
    }
}

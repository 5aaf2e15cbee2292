using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Messaging;

/// <summary>Which certificates are trusted and which are not, and what an operator reads of those that are not.</summary>
public sealed class TlsFaultTests : IDisposable
{
    private readonly TestCertificates _plant = new("Plant CA");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2027, 6, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_certificate_for_a_key_of_a_kind_that_cannot_be_used_is_a_fault_of_the_file()
    {
        // ML-DSA-44 (FIPS 204), which OpenSSL has from 3.5 on.
        PublicKey unknown = new(new Oid("2.16.840.1.101.3.4.3.17"), null, new AsnEncodedData(new byte[1312]));
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(new X500DistinguishedName("CN=press-3"), unknown, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.Create(_plant.Authority.SubjectName, X509SignatureGenerator.CreateForECDsa(key), _time.GetUtcNow(), _time.GetUtcNow().AddDays(1), [1]);
        string file = _plant.Write("own.pem", certificate.ExportCertificatePem()), keyFile = _plant.Write("own.key", key.ExportPkcs8PrivateKeyPem());
        MqttSettings settings = SessionProbe.Settings(1, o => o with { TlsCertificate = file, TlsKey = keyFile }, "mqtts");
        Assert.StartsWith("mqtt.tls.key: ", Assert.Throws<MqttLinkException>(() => TrustFiles.Read(settings)).Fault.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_broker_of_one_TLS_version_alone_is_connected_to(SslProtocols version)
    {
        using X509Certificate2 server = _plant.Server();
        using FakeBroker broker = new FakeBroker { Tls = new() { ServerCertificate = server, EnabledSslProtocols = version } }.Start();
        using MqttConnection connection = await Open(Settings(broker.Port, _plant.AuthorityFile));
        Assert.False(connection.IsBroken);
    }

    [Fact]
    public async Task An_expired_certificate_is_named_with_its_day_and_not_asked_for_again_soon()
    {
        using X509Certificate2 server = _plant.Server(notAfterYear: 2020);
        MqttLinkException refusal = await Refusal(server);
        Assert.Equal(("the broker's certificate (CN=broker.test) expired on 2020-01-01", "renew it at the broker"), (refusal.Fault.What, refusal.Fault.Cure));
        Assert.True(refusal is { NeedsOperator: true, WaitsLong: true });
    }

    [Fact]
    public async Task An_expired_certificate_under_a_clock_that_nobody_keeps_names_the_clock_too()
    {
        using X509Certificate2 server = _plant.Server(notAfterYear: 2020);
        MqttLinkException refusal = await Refusal(server, isSynced: false);
        Assert.Equal(
            "the broker's certificate (CN=broker.test) expired on 2020-01-01, if the clock is right: this device's clock says 2027-06-01 12:00Z, and no time service keeps it",
            refusal.Fault.What);
        Assert.False(refusal.WaitsLong);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_device_that_starts_in_1970_blames_its_clock_and_tries_again_soon(bool isSynced)
    {
        FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddMinutes(3));
        using X509Certificate2 server = _plant.Server(notBeforeYear: 2026, notAfterYear: 2028);
        MqttLinkException refusal = await Refusal(server, isSynced, time);
        Assert.Equal(
            "this device's clock says 1970-01-01 00:03Z and is probably wrong: the broker's certificate (CN=broker.test) is valid from 2026-01-01 to 2028-01-01",
            refusal.Fault.What);
        Assert.Equal("set the clock, or let a time service keep it; it is tried again by itself", refusal.Fault.Cure);
        Assert.False(refusal.WaitsLong);
    }

    [Fact]
    public async Task A_certificate_that_begins_tomorrow_is_waited_for_where_the_clock_is_kept()
    {
        using X509Certificate2 server = _plant.Server(notBeforeYear: 2028);
        MqttLinkException refusal = await Refusal(server);
        Assert.Equal("the broker's certificate (CN=broker.test) is not valid before 2028-01-01 00:00Z, and this device's clock says 2027-06-01 12:00Z", refusal.Fault.What);
        Assert.False(refusal.WaitsLong);
    }

    [Fact]
    public async Task Once_the_clock_is_set_the_same_certificate_is_trusted()
    {
        FakeTimeProvider time = new(DateTimeOffset.UnixEpoch);
        using X509Certificate2 server = _plant.Server(notBeforeYear: 2026);
        using FakeBroker broker = new FakeBroker(certificate: server).Start();
        MqttSettings settings = Settings(broker.Port, _plant.AuthorityFile);
        await Assert.ThrowsAsync<MqttLinkException>(() => MqttConnection.OpenAsync(settings, time, CancellationToken.None));
        time.SetUtcNow(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using MqttConnection connection = await MqttConnection.OpenAsync(settings, time, CancellationToken.None);
    }

    [Fact]
    public async Task Any_authority_of_a_file_with_several_is_trusted()
    {
        using TestCertificates other = new("Other CA");
        using X509Certificate2 server = _plant.Server();
        using FakeBroker broker = new FakeBroker(certificate: server).Start();
        string file = _plant.Write("all.pem", "# authorities of the plant\n" + other.AuthorityPem + _plant.AuthorityPem);
        using MqttConnection connection = await Open(Settings(broker.Port, file));
    }

    [Fact]
    public async Task What_stands_between_is_taken_from_the_broker_or_else_from_the_file_and_is_named_where_it_is_missing()
    {
        using TestCertificates between = _plant.Between("Line 2 CA");
        using X509Certificate2 server = between.Server();
        X509Certificate2Collection chain = [between.Authority];
        using FakeBroker whole = new FakeBroker { Tls = new() { ServerCertificateContext = SslStreamCertificateContext.Create(server, chain, offline: true) } }.Start();
        (await Open(Settings(whole.Port, _plant.AuthorityFile))).Dispose();

        MqttLinkException refusal = await Refusal(server);
        Assert.Equal(
            $"the broker's certificate (subject CN=broker.test, issuer CN=Line 2 CA) is not signed by an authority of mqtt.tls.ca, {_plant.AuthorityFile} (CN=Plant CA), or the broker does not send what is between",
            refusal.Fault.What);
        Assert.Equal("set mqtt.tls.ca to a PEM file with the certificate of CN=Line 2 CA, or let the broker send its whole chain", refusal.Fault.Cure);

        using FakeBroker bare = new FakeBroker(certificate: server).Start();
        (await Open(Settings(bare.Port, _plant.Write("both.pem", _plant.AuthorityPem + between.AuthorityPem)))).Dispose();

        MqttLinkException rootless = await Refused(Settings(bare.Port, between.AuthorityFile));
        Assert.EndsWith("ends with CN=Line 2 CA, which another authority signs", rootless.Fault.What, StringComparison.Ordinal);
        Assert.Equal("add the certificate of CN=Plant CA to that file", rootless.Fault.Cure);
    }

    [Fact]
    public async Task A_certificate_that_signs_itself_is_trusted_by_being_named_alone()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=camera-hub", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 own = request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(40), DateTimeOffset.UnixEpoch.AddYears(79));
        using X509Certificate2 server = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null);
        using FakeBroker broker = new FakeBroker(certificate: server).Start();
        MqttLinkException refusal = await Refused(Settings(broker.Port, null));
        Assert.Equal("the broker's certificate (subject CN=camera-hub, issuer CN=camera-hub) is signed by itself, and mqtt.tls.ca is not set", refusal.Fault.What);
        using MqttConnection connection = await Open(Settings(broker.Port, _plant.Write("self.pem", own.ExportCertificatePem())));
    }

    [Fact]
    public async Task A_clients_certificate_of_the_same_authority_is_no_brokers()
    {
        using X509Certificate2 server = _plant.Server(isForServers: false);
        MqttLinkException refusal = await Refusal(server);
        Assert.Equal("the broker's certificate (CN=broker.test) is not made for servers", refusal.Fault.What);
    }

    [Fact]
    public async Task The_devices_certificate_goes_with_what_stands_between_it_and_the_authority()
    {
        using TestCertificates between = _plant.Between("Devices CA");
        using X509Certificate2 client = between.Client();
        using X509Certificate2 server = _plant.Server();
        List<string> shown = [];
        SslServerAuthenticationOptions tls = new()
        {
            ServerCertificate = server,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
            {
                shown.Add(certificate!.Subject);
                shown.AddRange(chain!.ChainPolicy.ExtraStore.Select(static c => c.Subject));
                return true;
            },
        };
        using FakeBroker broker = new FakeBroker { Tls = tls }.Start();
        string file = _plant.Write("chain.pem", File.ReadAllText(_plant["client.pem"]) + between.AuthorityPem);
        using MqttConnection connection = await Open(Settings(broker.Port, _plant.AuthorityFile, file, _plant["client.key"]));
        Assert.Equal("CN=press-3", shown[0]);
        Assert.Contains("CN=Devices CA", shown);
    }

    [Fact]
    public async Task A_key_that_is_anothers_one_with_a_passphrase_and_a_file_cut_short_are_told_apart()
    {
        using X509Certificate2 first = _plant.Client(file: "first"), second = _plant.Client(file: "second");
        string ca = _plant.AuthorityFile, certificate = _plant["first.pem"];
        Assert.Equal(
            $"mqtt.tls.key: the key in {_plant["second.key"]} does not belong to the certificate in {certificate} (CN=press-3)",
            (await Refused(Settings(1, ca, certificate, _plant["second.key"]))).Fault.What);

        using RSA rsa = RSA.Create(2048);
        Assert.Contains("does not belong to", (await Refused(Settings(1, ca, certificate, _plant.Write("rsa.key", rsa.ExportRSAPrivateKeyPem())))).Fault.What, StringComparison.Ordinal);

        string locked = _plant.Write("locked.key", rsa.ExportEncryptedPkcs8PrivateKeyPem("canary", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1)));
        Assert.Contains("has a passphrase", (await Refused(Settings(1, ca, certificate, locked))).Fault.What, StringComparison.Ordinal);
        string old = _plant.Write("old.key", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n");
        Assert.Contains("has a passphrase", (await Refused(Settings(1, ca, certificate, old))).Fault.What, StringComparison.Ordinal);

        string key = File.ReadAllText(_plant["first.key"]);
        Assert.Contains("damaged, or not written to its end", (await Refused(Settings(1, ca, certificate, _plant.Write("half.key", key[..80])))).Fault.What, StringComparison.Ordinal);
        string half = _plant.Write("half.pem", _plant.AuthorityPem + _plant.AuthorityPem[..100]);
        Assert.Contains("1 of 2 certificates are whole", (await Refused(Settings(1, half))).Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TLS_where_plain_MQTT_was_meant_is_told_by_its_alert()
    {
        using FakeBroker plain = new FakeBroker().Start();
        using X509Certificate2 server = _plant.Server();
        using FakeBroker secured = new FakeBroker(certificate: server).Start();
        MqttLinkException refusal = await Refused(SessionProbe.Settings(secured.Port));
        Assert.Contains(refusal.Fault.What, new[] { "this port speaks TLS", "the broker closed the connection without an answer to CONNECT" });
        Assert.Contains("mqtts://", refusal.Fault.Cure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("error:0A00045C:SSL routines::tlsv13 alert certificate required", 116)]
    [InlineData("error:1409445C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required", 116)]
    [InlineData("error:14094418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca", 48)]
    [InlineData("error:0A000412:SSL routines::ssl/tls alert bad certificate", 42)]
    [InlineData("error:0A00042E:SSL routines::tlsv1 alert protocol version", 70)]
    [InlineData("error:0A00010B:SSL routines::wrong version number", -267)]
    [InlineData("error:0A000126:SSL routines::unexpected eof while reading", 0)]
    [InlineData("error: something else", 0)]
    [InlineData("no such thing", 0)]
    public void OpenSSLs_lines_say_the_alert_by_number_whatever_its_version(string line, int alert)
        => Assert.Equal(alert, TlsAlert.Of(new AuthenticationException("x", new IOException(line))));

    [Fact]
    public void The_devices_own_certificate_is_spoken_of_before_it_ends_and_after()
    {
        using X509Certificate2 client = _plant.Client(notAfterYear: 2027);
        MqttSettings settings = Settings(1, _plant.AuthorityFile, _plant["client.pem"], _plant["client.key"]);
        FakeTimeProvider time = new(new DateTimeOffset(2026, 12, 10, 0, 0, 0, TimeSpan.Zero));
        BrokerTrust trust = new(settings, time);
        Assert.Null(trust.OwnTrouble(TimeSpan.FromDays(14)));
        time.Advance(TimeSpan.FromDays(10));
        Assert.Equal($"this device's certificate ({_plant["client.pem"]}, CN=press-3) expires on 2027-01-01", trust.OwnTrouble(TimeSpan.FromDays(14))!.What);
        time.Advance(TimeSpan.FromDays(20));
        Assert.Equal($"this device's certificate ({_plant["client.pem"]}, CN=press-3) expired on 2027-01-01", trust.OwnTrouble(TimeSpan.FromDays(14))!.What);
        MqttLinkException refusal = trust.Explain(new IOException("error:0A000415:SSL routines::sslv3 alert certificate expired"))!;
        Assert.Equal($"the broker refuses this device's certificate ({_plant["client.pem"]}, CN=press-3): it expired on 2027-01-01", refusal.Fault.What);
        Assert.Equal(FaultKind.Configuration, refusal.Fault.Kind);
    }

    public void Dispose() => _plant.Dispose();

    private static MqttSettings Settings(int port, string? authority, string? certificate = null, string? key = null)
        => SessionProbe.Settings(port, o => o with { TlsCa = authority, TlsCertificate = certificate, TlsKey = key }, "mqtts");

    private Task<MqttConnection> Open(MqttSettings settings) => MqttConnection.OpenAsync(settings, _time, CancellationToken.None);

    private Task<MqttLinkException> Refused(MqttSettings settings) => Assert.ThrowsAsync<MqttLinkException>(() => Open(settings));

    private async Task<MqttLinkException> Refusal(X509Certificate2 server, bool isSynced = true, TimeProvider? time = null)
    {
        using FakeBroker broker = new FakeBroker(certificate: server).Start();
        MqttSettings settings = Settings(broker.Port, _plant.AuthorityFile) with { IsClockSynced = () => isSynced };
        return await Assert.ThrowsAsync<MqttLinkException>(() => MqttConnection.OpenAsync(settings, time ?? _time, CancellationToken.None));
    }
}

using EdgeInfer.Messaging;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Messaging;

/// <summary>TLS between the session and Debian's mosquitto: what connects, and what an operator reads where it does not.</summary>
public sealed class TlsTests : IDisposable
{
    private static readonly MqttTopic s_topic = new("edgeinfer/d/belt/prediction");
    private readonly SessionProbe _probe = new();
    private readonly TestCertificates _plant = new("Plant CA");

    public TlsTests() => _plant.Server().Dispose();

    [Theory]
    [InlineData("tlsv1.2")]
    [InlineData("tlsv1.3")]
    public async Task A_client_certificate_lets_in_and_without_one_it_is_asked_for(string version)
    {
        await using Mosquitto broker = await SecuredMosquitto.Start(_plant, $"require_certificate true\ntls_version {version}");
        _plant.Client().Dispose();
        await Delivers(Own(broker, "client"));
        MqttSessionStatus status = await Refused(Own(broker, null));
        Assert.Contains("client certificate", status.Cause!.What + status.Cause.Cure, StringComparison.Ordinal);
        Assert.Contains("mqtt.tls.certificate and mqtt.tls.key", status.Cause.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_certificate_that_the_broker_refuses_is_named_with_the_reason()
    {
        // With TLS 1.3 the refusal comes behind the handshake and may be overtaken by the end of the connection.
        await using Mosquitto broker = await SecuredMosquitto.Start(_plant, "require_certificate true\ntls_version tlsv1.2");
        using TestCertificates other = new("Other CA");
        other.Client("stranger").Dispose();
        _plant.Client("old", "old", notAfterYear: 2020).Dispose();
        _plant.Client("server-only", "wrong", isForClients: false).Dispose();
        Assert.EndsWith("CN=old): it expired on 2020-01-01", await What(Own(broker, "old")), StringComparison.Ordinal);
        Assert.EndsWith("CN=server-only): it is not made for clients", await What(Own(broker, "wrong")), StringComparison.Ordinal);
        MqttSettings stranger = SessionProbe.Settings(broker.Port, o => o with { TlsCa = _plant.AuthorityFile, TlsCertificate = other["client.pem"], TlsKey = other["client.key"] }, "mqtts");
        Assert.EndsWith("CN=stranger): it does not know the authority, CN=Other CA", await What(stranger), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_of_an_authority_in_between_shows_its_whole_chain()
    {
        using TestCertificates devices = _plant.Between("Devices CA");
        devices.Client().Dispose();
        await using Mosquitto broker = await SecuredMosquitto.Start(_plant, "require_certificate true");
        string chain = _plant.Write("chain.pem", File.ReadAllText(_plant["client.pem"]) + devices.AuthorityPem);
        await Delivers(SessionProbe.Settings(broker.Port, o => o with { TlsCa = _plant.AuthorityFile, TlsCertificate = chain, TlsKey = _plant["client.key"] }, "mqtts"));
    }

    [Fact]
    public async Task A_broker_of_an_authority_in_between_is_trusted_when_it_sends_its_whole_chain()
    {
        using TestCertificates line = _plant.Between("Line 2 CA");
        line.Server().Dispose();
        await using (Mosquitto bare = await SecuredMosquitto.Start(_plant))
        {
            // mosquitto completes the chain from its cafile, which lacks the one in between.
            Assert.Contains("or the broker does not send what is between", await What(Own(bare, null)), StringComparison.Ordinal);
        }

        _plant.Write("server.pem", File.ReadAllText(_plant["server.pem"]) + line.AuthorityPem);
        await using Mosquitto whole = await SecuredMosquitto.Start(_plant);
        await Delivers(Own(whole, null));
    }

    [Fact]
    public async Task The_wrong_kind_of_port_is_told_both_ways()
    {
        await using Mosquitto secured = await SecuredMosquitto.Start(_plant);
        MqttSessionStatus status = await Refused(SessionProbe.Settings(secured.Port));
        Assert.Contains("mqtts://", status.Cause!.Cure, StringComparison.Ordinal);
        await using Mosquitto plain = await Mosquitto.Start();
        status = await Refused(Own(plain, null));
        Assert.Equal("the broker closed the connection during the TLS handshake", status.Cause!.What);
        Assert.Contains("check that this port speaks TLS", status.Cause.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_host_and_an_expired_broker_are_named()
    {
        await using (Mosquitto broker = await SecuredMosquitto.Start(_plant))
        {
            MqttSettings settings = Own(broker, null);
            Assert.Equal("the broker's certificate is for 127.0.0.1, not for localhost", await What(settings with { Options = settings.Options with { Url = new($"mqtts://localhost:{broker.Port}") } }));
        }

        _plant.Server(notAfterYear: 2020).Dispose();
        await using Mosquitto expired = await SecuredMosquitto.Start(_plant);
        Assert.Equal("the broker's certificate (CN=broker.test) expired on 2020-01-01", await What(Own(expired, null)));
    }

    [Fact]
    public async Task The_published_agent_trusts_the_systems_authorities()
    {
        await using Mosquitto broker = await SecuredMosquitto.Start(_plant);
        using TestFolder folder = new();
        string configuration = folder.Configuration($"mqtts://127.0.0.1:{broker.Port}", "{ synthetic: conveyor, size: 320x240, fps: 5 }");
        await using (ChildProcess agent = ChildProcess.Start("/usr/bin/env", [$"SSL_CERT_FILE={_plant.AuthorityFile}", PublishedBinary.Path, "run", "-c", configuration]))
        {
            await agent.Line("connected to");
        }

        await using ChildProcess stranger = AgentProcess.Start("run", "-c", configuration);
        Assert.Contains("is signed by no authority that this system trusts", await stranger.Line("MQTT:"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_published_agent_reads_an_alert_as_its_tests_do()
    {
        await using Mosquitto broker = await SecuredMosquitto.Start(_plant, "require_certificate true\ntls_version tlsv1.2");
        _plant.Client("old", "old", notAfterYear: 2020).Dispose();
        using TestFolder folder = new();
        string configuration = folder.Configuration(
            $"mqtts://127.0.0.1:{broker.Port}", "{ synthetic: conveyor, size: 320x240, fps: 5 }",
            mqtt: $"  tls: {{ ca: {_plant.AuthorityFile}, certificate: {_plant["old.pem"]}, key: {_plant["old.key"]} }}");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", configuration);
        Assert.Contains("CN=old): it expired on 2020-01-01", await agent.Line("MQTT:"), StringComparison.Ordinal);
    }

    public void Dispose() => _plant.Dispose();

    private MqttSettings Own(Mosquitto broker, string? client) => SessionProbe.Settings(
        broker.Port, o => o with { TlsCa = _plant.AuthorityFile, TlsCertificate = client is null ? null : _plant[$"{client}.pem"], TlsKey = client is null ? null : _plant[$"{client}.key"] }, "mqtts");

    private async Task Delivers(MqttSettings settings)
    {
        await using MqttSession session = _probe.Session(settings);
        session.Start();
        Assert.True(session.TryPublish(s_topic, new byte[50_000], 1, 7));
        Assert.Equal(7, _probe.NextDelivered());
    }

    private static async Task<string> What(MqttSettings settings) => (await Refused(settings)).Cause!.What;

    private static async Task<MqttSessionStatus> Refused(MqttSettings settings)
    {
        await using MqttSession session = new SessionProbe().Session(settings with { FirstDelay = TimeSpan.FromHours(1), LongestDelay = TimeSpan.FromHours(1), FailedDelay = TimeSpan.FromHours(1) });
        session.Start();
        return await SessionProbe.Reaches(session, static s => s.Cause is not null);
    }
}

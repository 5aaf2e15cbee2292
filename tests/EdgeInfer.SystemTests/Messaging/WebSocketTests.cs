using EdgeInfer.Messaging;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Messaging;

/// <summary>MQTT through WebSockets, as Debian's mosquitto serves it.</summary>
public sealed class WebSocketTests : IDisposable
{
    private static readonly MqttTopic s_topic = new("edgeinfer/d/belt/prediction");
    private readonly SessionProbe _probe = new();
    private readonly TestCertificates _plant = new("Plant CA");

    public WebSocketTests() => _plant.Server().Dispose();

    [Fact]
    public async Task Messages_of_every_size_flow_both_ways()
    {
        await using Mosquitto broker = await Mosquitto.Start(SecuredMosquitto.WebSockets);
        await Delivers(SessionProbe.Settings(broker.Port, scheme: "ws"));
    }

    [Fact]
    public async Task With_wss_the_private_authority_and_the_host_are_checked()
    {
        await using Mosquitto broker = await SecuredMosquitto.Start(_plant, SecuredMosquitto.WebSockets);
        MqttSettings settings = SessionProbe.Settings(broker.Port, o => o with { TlsCa = _plant.AuthorityFile }, "wss");
        await Delivers(settings);
        Assert.Equal("the broker's certificate is for 127.0.0.1, not for localhost", await What(settings with { Options = settings.Options with { Url = new($"wss://localhost:{broker.Port}") } }));
        using TestCertificates other = new("Other CA");
        Assert.Contains("is not signed by an authority of mqtt.tls.ca", await What(settings with { Options = settings.Options with { TlsCa = other.AuthorityFile } }), StringComparison.Ordinal);
        Assert.Contains("is signed by no authority that this system trusts", await What(settings with { Options = settings.Options with { TlsCa = null } }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_wss_the_client_certificate_is_shown()
    {
        await using Mosquitto broker = await SecuredMosquitto.Start(_plant, $"require_certificate true\n{SecuredMosquitto.WebSockets}");
        _plant.Client().Dispose();
        MqttSettings without = SessionProbe.Settings(broker.Port, o => o with { TlsCa = _plant.AuthorityFile }, "wss");
        await Delivers(without with { Options = without.Options with { TlsCertificate = _plant["client.pem"], TlsKey = _plant["client.key"] } });
        MqttSessionStatus status = await Refused(without);
        Assert.Contains("client certificate", status.Cause!.What + status.Cause.Cure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ws")]
    [InlineData("wss")]
    public async Task A_frozen_broker_is_noticed_within_one_and_a_half_keep_alives_and_nothing_is_lost(string scheme)
    {
        await using Mosquitto broker = scheme == "ws" ? await Mosquitto.Start(SecuredMosquitto.WebSockets) : await SecuredMosquitto.Start(_plant, SecuredMosquitto.WebSockets);
        TimeSpan keepAlive = TimeSpan.FromSeconds(4);
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { TlsCa = _plant.AuthorityFile, KeepAlive = keepAlive }, scheme) with { ConnectTimeout = TimeSpan.FromSeconds(1) });
        session.Start();
        session.TryPublish(s_topic, "x"u8, 1, 1);
        Assert.Equal(1, _probe.NextDelivered());
        broker.Freeze();
        long frozen = TimeProvider.System.GetTimestamp();

        // More than the buffers in between take.
        for (int i = 2; i < 32; i++) session.TryPublish(s_topic, new byte[200_000], 1, i);
        MqttSessionStatus status = await SessionProbe.Reaches(session, static s => s.LastError is not null);
        TimeSpan noticed = TimeProvider.System.GetElapsedTime(frozen);
        Assert.Equal("the broker has not answered a ping for 2 s", status.LastError!.What);
        Assert.InRange(noticed, keepAlive / 2, keepAlive * 1.5);
        broker.Thaw();
        for (int i = 2; i < 32; i++) _probe.NextDelivered();
    }

    public void Dispose() => _plant.Dispose();

    private async Task Delivers(MqttSettings settings)
    {
        await using MqttSession session = _probe.Session(settings);
        using SemaphoreSlim came = new(0);
        int bytes = 0;
        await using MqttSession listener = new SessionProbe().Session(settings with { ClientId = "listener", LargestReceivedBytes = 1 << 20 });
        listener.Subscribe(["edgeinfer/#"], (in ReceivedMessage message) =>
        {
            Volatile.Write(ref bytes, bytes + message.Payload.Length);
            came.Release();
        });
        listener.Start();
        await SessionProbe.Reaches(listener, MqttSessionState.Connected);
        session.Start();
        int expected = 0;
        for (int i = 0; i < 20; i++)
        {
            int length = i * i * 50;
            expected += length;
            session.TryPublish(s_topic, new byte[length], 1, i);
        }

        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(i, _probe.NextDelivered());
            Assert.True(await came.WaitAsync(SessionProbe.Patience));
        }

        Assert.Equal(expected, Volatile.Read(ref bytes));
        Assert.Equal(0, await session.StopAsync(SessionProbe.Patience));
    }

    private static async Task<string> What(MqttSettings settings) => (await Refused(settings)).Cause!.What;

    private static async Task<MqttSessionStatus> Refused(MqttSettings settings)
    {
        await using MqttSession session = new SessionProbe().Session(settings with { FirstDelay = TimeSpan.FromHours(1), LongestDelay = TimeSpan.FromHours(1), FailedDelay = TimeSpan.FromHours(1) });
        session.Start();
        return await SessionProbe.Reaches(session, static s => s.Cause is not null);
    }
}

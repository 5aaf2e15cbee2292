using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using EdgeInfer.Messaging;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Messaging;

/// <summary>Certificates that are renewed under load, against Debian's mosquitto.</summary>
public sealed class RotationTests : IDisposable
{
    private const int Rotations = 5;
    private static readonly MqttTopic s_topic = new("edgeinfer/d/belt/prediction");
    private readonly SessionProbe _probe = new();
    private readonly TestCertificates _plant = new("Plant CA");

    public RotationTests()
    {
        _plant.Server().Dispose();
        _plant.Client().Dispose();
    }

    [Theory]
    [InlineData("mqtts")]
    [InlineData("wss")]
    public async Task A_certificate_renewed_again_and_again_under_load_loses_no_message_and_sends_none_twice(string scheme)
    {
        await using Mosquitto broker = await SecuredMosquitto.Start(_plant, $"require_certificate true\n{(scheme == "wss" ? SecuredMosquitto.WebSockets : "")}");
        MqttSettings settings = SessionProbe.Settings(
            broker.Port, o => o with { TlsCa = _plant.AuthorityFile, TlsCertificate = _plant["client.pem"], TlsKey = _plant["client.key"] }, scheme) with
        { FileLook = TimeSpan.FromMilliseconds(100) };
        ConcurrentDictionary<int, int> seen = [];
        using SemaphoreSlim came = new(0);
        _plant.Client("listener", "listener").Dispose();
        await using MqttSession listener = new SessionProbe().Session(settings with
        {
            ClientId = "listener",
            Options = settings.Options with { TlsCertificate = _plant["listener.pem"], TlsKey = _plant["listener.key"] },
        });
        listener.Subscribe(["edgeinfer/#"], (in ReceivedMessage message) =>
        {
            seen.AddOrUpdate(int.Parse(Encoding.UTF8.GetString(message.Payload), CultureInfo.InvariantCulture), 1, static (_, n) => n + 1);
            came.Release();
        });
        listener.Start();
        await SessionProbe.Reaches(listener, MqttSessionState.Connected);
        await using MqttSession session = _probe.Session(settings);
        session.Start();
        int sent = 0;
        void Send(int count)
        {
            for (int i = 0; i < count; i++, sent++) Assert.True(session.TryPublish(s_topic, Encoding.UTF8.GetBytes(sent.ToString(CultureInfo.InvariantCulture)), 1, sent));
        }

        Send(100);
        for (int rotation = 1; rotation <= Rotations; rotation++)
        {
            // Two files, one behind the other: between the two they do not match.
            _plant.Client("press-3", $"next{rotation}", notAfterYear: 2040 + rotation).Dispose();
            File.Move(_plant[$"next{rotation}.pem"], _plant["client.pem"], true);
            Send(100);
            File.Move(_plant[$"next{rotation}.key"], _plant["client.key"], true);
            Task<MqttSessionStatus> renewed = SessionProbe.Reaches(session, s => s.State == MqttSessionState.Connected && s.Counts.Reconnects >= rotation);
            while (!renewed.IsCompleted)
            {
                Send(1);
                await Task.WhenAny(renewed, came.WaitAsync());
            }

            await renewed;
            Assert.Contains(_probe.Lines, l => l.Contains($"valid to {2040 + rotation}-01-01", StringComparison.Ordinal));
        }

        Send(100);
        for (int i = 0; i < sent; i++) _probe.NextDelivered();
        Assert.Equal(0, await session.StopAsync(SessionProbe.Patience));
        while (seen.Count < sent) Assert.True(await came.WaitAsync(SessionProbe.Patience));
        Assert.All(seen, static pair => Assert.Equal(1, pair.Value));
        Assert.Equal(Rotations, session.Status.Counts.Reconnects);
    }

    public void Dispose() => _plant.Dispose();
}

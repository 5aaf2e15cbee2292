using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

/// <summary>Certificate files that change under a connection.</summary>
public sealed class RotationTests : IDisposable
{
    private static readonly MqttTopic s_topic = new("t");
    private readonly SessionProbe _probe = new();
    private readonly SteppedTime _time = new();
    private readonly TestCertificates _plant = new("Plant CA");
    private readonly X509Certificate2 _server;
    private readonly FakeBroker _broker;
    private readonly List<string> _shown = [];
    private Action _received = static () => { };

    public RotationTests()
    {
        _server = _plant.Server();
        _plant.Client("press-3", "own").Dispose();
        SslServerAuthenticationOptions tls = new()
        {
            ServerCertificate = _server,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                lock (_shown) _shown.Add(((X509Certificate2)certificate!).SerialNumber);
                return true;
            },
        };
        _broker = new FakeBroker { Tls = tls }.Start();
    }

    [Fact]
    public async Task A_new_pair_is_connected_with_after_what_is_on_its_way_is_acknowledged_and_nothing_is_lost_or_sent_twice()
    {
        await using MqttSession session = await Connected();
        _broker.PubAckReason = null;
        session.TryPublish(s_topic, "on its way"u8, 1, 1);
        ushort id = _broker.Next(3).PacketId;
        Replace();
        _time.Advance(TimeSpan.FromSeconds(30));
        session.TryPublish(s_topic, "waits"u8, 1, 2);

        // Nothing new goes out before the goodbye, and that not before the acknowledgement.
        _broker.PubAckReason = 0;
        _broker.Acknowledge(id);
        Assert.Equal(1, _probe.NextDelivered());
        SeenPacket goodbye = _broker.Next();
        Assert.Equal(14, goodbye.Kind);
        Assert.Empty(goodbye.Body);
        _broker.Hang();
        _broker.Next(1);
        Assert.Equal("waits", _broker.Next(3).Payload);
        Assert.Equal(2, _probe.NextDelivered());
        lock (_shown) Assert.Equal(2, _shown.Distinct().Count());
        Assert.Contains(_probe.Lines, static l => l.Contains("the certificate files have changed: connecting anew with 1 authority and CN=press-3, valid to 2047-01-01", StringComparison.Ordinal));
        Assert.DoesNotContain(_probe.Lines, static l => l.StartsWith("MQTT:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_broker_that_acknowledges_nothing_is_left_after_a_short_time_and_the_message_sent_again()
    {
        await using MqttSession session = await Connected();
        _broker.PubAckReason = null;
        session.TryPublish(s_topic, "x"u8, 1, 1);
        _broker.Next(3);
        Replace();
        await _time.Wait();
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(TimeSpan.FromSeconds(5), await _time.Wait());
        _broker.PubAckReason = 0;
        _time.Advance(TimeSpan.FromSeconds(5));
        _broker.Next(14);

        // Nor does it close the line behind the goodbye.
        Assert.Equal(TimeSpan.FromSeconds(5), await _time.Wait());
        _time.Advance(TimeSpan.FromSeconds(5));
        _broker.Next(1);
        Assert.Equal("x", _broker.Next(3).Payload);
        Assert.Equal(1, _probe.NextDelivered());
    }

    [Fact]
    public async Task A_stop_while_messages_are_waited_for_says_the_last_word_before_the_goodbye()
    {
        await using MqttSession session = await Connected();
        _broker.PubAckReason = null;
        session.TryPublish(s_topic, "on its way"u8, 1, 1);
        ushort id = _broker.Next(3).PacketId;
        Replace();
        _time.Advance(TimeSpan.FromSeconds(30));
        session.PublishState(new("status"), "stopped"u8);
        Task<int> stop = session.StopAsync(TimeSpan.FromSeconds(2));
        SeenPacket last = _broker.Next();
        Assert.Equal("stopped", last.Payload);
        _broker.Acknowledge(id);
        _broker.Acknowledge(last.PacketId);
        Assert.Equal(14, _broker.Next().Kind);
        Assert.Equal(0, await stop.WaitAsync(SessionProbe.Patience));
    }

    [Fact]
    public async Task A_stop_behind_the_goodbye_says_the_last_word_on_the_next_connection()
    {
        await using MqttSession session = await Connected();
        Replace();
        _time.Advance(TimeSpan.FromSeconds(30));
        _broker.Next(14);
        session.PublishState(new("status"), "stopped"u8);
        Task<int> stop = session.StopAsync(TimeSpan.FromSeconds(2));
        _broker.Hang();
        _broker.Next(1);
        Assert.Equal("stopped", _broker.Next(3).Payload);
        Assert.Equal(14, _broker.Next().Kind);
        Assert.Equal(0, await stop.WaitAsync(SessionProbe.Patience));
    }

    [Fact]
    public async Task Nothing_follows_the_goodbye()
    {
        await using MqttSession session = await Connected();
        int received = 0;
        Replace();
        _time.Advance(TimeSpan.FromSeconds(30));
        _broker.Next(14);
        using SemaphoreSlim seen = new(0);
        _received = () => seen.Release();
        for (; received < 2; received++)
        {
            _broker.Send(0x32, 6, 0, 1, (byte)'t', 0, 1, 0);
            Assert.True(await seen.WaitAsync(SessionProbe.Patience));
        }

        _broker.Hang();
        Assert.Equal(1, _broker.Next().Kind);
    }

    [Fact]
    public async Task Half_a_pair_is_waited_for_and_said_once_while_the_connection_goes_on()
    {
        await using MqttSession session = await Connected();
        string key = File.ReadAllText(_plant["own.key"]);
        Replace();
        string next = File.ReadAllText(_plant["own.key"]);
        _plant.Write("own.key", key);
        for (int i = 0; i < 3; i++) _time.Advance(TimeSpan.FromSeconds(30));
        _plant.Write("own.key", next[..60]);
        for (int i = 0; i < 3; i++) _time.Advance(TimeSpan.FromSeconds(30));
        session.TryPublish(s_topic, "x"u8, 1, 1);
        Assert.Equal(1, _probe.NextDelivered());
        Assert.Equal(0, session.Status.Counts.Reconnects);
        string[] said = [.. _probe.Lines.Where(static l => l.Contains("cannot be used yet", StringComparison.Ordinal))];
        Assert.Equal(2, said.Length);
        Assert.Contains("does not belong to the certificate", said[0], StringComparison.Ordinal);
        Assert.Contains("not written to its end", said[1], StringComparison.Ordinal);
        Assert.Contains("not written to its end", session.Status.Warning!.What, StringComparison.Ordinal);

        _plant.Write("own.key", next);
        _time.Advance(TimeSpan.FromSeconds(30));
        _broker.Next(14);
        _broker.Hang();
        await SessionProbe.Reaches(session, static s => s is { State: MqttSessionState.Connected, Counts.Reconnects: 1, Warning: null });
    }

    [Fact]
    public async Task The_same_certificates_written_again_change_nothing()
    {
        await using MqttSession session = await Connected();
        foreach (string name in new[] { "own.pem", "own.key", "ca.pem" }) _plant.Write(name, File.ReadAllText(_plant[name]) + "\n");
        for (int i = 0; i < 3; i++) _time.Advance(TimeSpan.FromSeconds(30));
        session.TryPublish(s_topic, "x"u8, 1, 1);
        Assert.Equal(1, _probe.NextDelivered());
        Assert.Equal(0, session.Status.Counts.Reconnects);
    }

    [Fact]
    public async Task A_bent_link_counts_as_a_change()
    {
        _plant.Client("press-3", "next", notAfterYear: 2047).Dispose();
        foreach (string kind in new[] { "pem", "key" }) File.CreateSymbolicLink(_plant[$"live.{kind}"], _plant[$"own.{kind}"]);
        await using MqttSession session = await Connected("live");
        foreach (string kind in new[] { "pem", "key" })
        {
            File.Delete(_plant[$"live.{kind}"]);
            File.CreateSymbolicLink(_plant[$"live.{kind}"], _plant[$"next.{kind}"]);
        }

        _time.Advance(TimeSpan.FromSeconds(30));
        _broker.Next(14);
    }

    [Fact]
    public async Task A_certificate_that_ends_soon_is_named_with_its_day_once()
    {
        _plant.Client("press-3", "own", notAfterYear: 2028).Dispose();
        _time.SetUtcNow(new DateTimeOffset(2027, 12, 25, 0, 0, 0, TimeSpan.Zero));
        await using MqttSession session = await Connected();
        for (int i = 0; i < 3; i++) _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Contains("CN=press-3) expires on 2028-01-01", Assert.Single(_probe.Lines, static l => l.StartsWith("MQTT:", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("expires on", session.Status.Warning!.What, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _broker.Dispose();
        _server.Dispose();
        _plant.Dispose();
    }

    private void Replace() => _plant.Client("press-3", "own", notAfterYear: 2047).Dispose();

    private async Task<MqttSession> Connected(string own = "own")
    {
        MqttSession session = _probe.Session(
            SessionProbe.Settings(_broker.Port, o => o with { TlsCa = _plant.AuthorityFile, TlsCertificate = _plant[$"{own}.pem"], TlsKey = _plant[$"{own}.key"], KeepAlive = TimeSpan.FromHours(1) }, "mqtts"), _time);
        session.Subscribe(["cmd/#"], (in ReceivedMessage _) => _received());
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        session.TryPublish(s_topic, "first"u8, 1);

        // Its timers are there once a message came back.
        _probe.NextDelivered();
        _broker.Next(3);
        return session;
    }
}

using System.Collections.Concurrent;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Messaging;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Messaging;

/// <summary>The session against Debian's mosquitto.</summary>
public sealed class MosquittoTests
{
    private const string Password = "canary-91be-secret";
    private static readonly MqttTopic s_topic = new("edgeinfer/d/belt/prediction");
    private readonly SessionProbe _probe = new();
    private readonly BlockingCollection<string> _received = [];

    [Fact]
    public async Task With_a_password_file_the_right_user_publishes_and_the_wrong_one_learns_why_not()
    {
        await using Mosquitto broker = await Mosquitto.Start(password: Password);
        MqttSettings right = SessionProbe.Settings(broker.Port, o => o with { Username = "edge", Password = new Secret(Password) });
        await using MqttSession listener = await Listen(right with { ClientId = "listener" });
        await using MqttSession session = _probe.Session(right);
        session.Start();
        session.TryPublish(s_topic, "hello"u8, 1, 1);
        Assert.Equal(1, _probe.NextDelivered());
        Assert.Equal("hello", Next());

        await using MqttSession wrong = _probe.Session(right with { ClientId = "wrong", Options = right.Options with { Password = new Secret("no") } });
        wrong.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(wrong, MqttSessionState.Failed);
        Assert.Contains("wrong user name or password", status.Cause!.What, StringComparison.Ordinal);
        Assert.DoesNotContain(_probe.Lines, l => l.Contains(Password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_TLS_a_private_authority_is_enough_and_a_wrong_one_is_named()
    {
        using TestCertificates own = new("Plant CA");
        own.Server().Dispose();
        using TestCertificates other = new("Other CA");
        string certificate = Path.Combine(own.Folder, "server.pem");
        string key = Path.Combine(own.Folder, "server.key");

        // Started by root it would become the user mosquitto, who cannot read the test's files.
        string user = Environment.IsPrivilegedProcess ? "user root\n" : "";
        await using Mosquitto broker = await Mosquitto.Start($"{user}cafile {own.AuthorityFile}\ncertfile {certificate}\nkeyfile {key}");
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { TlsCa = own.AuthorityFile }, "mqtts"));
        session.Start();
        session.TryPublish(s_topic, new byte[50_000], 1, 1);
        Assert.Equal(1, _probe.NextDelivered());

        await using MqttSession wrong = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { TlsCa = other.AuthorityFile }, "mqtts"));
        wrong.Start();
        Assert.Contains("issuer CN=Plant CA", (await SessionProbe.Reaches(wrong, MqttSessionState.Failed)).Cause!.What, StringComparison.Ordinal);

        await using MqttSession plain = _probe.Session(SessionProbe.Settings(broker.Port));
        plain.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(plain, s => s.Cause is not null);
        Assert.Contains("mqtts://", status.Cause!.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_killed_broker_costs_no_acknowledged_or_waiting_message()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port));
        session.Start();
        for (int i = 0; i < 300; i++) session.TryPublish(s_topic, Encoding.UTF8.GetBytes($"{i}"), 1, i);
        for (int i = 0; i < 50; i++) _probe.NextDelivered();
        await broker.Kill();
        for (int i = 300; i < 600; i++) session.TryPublish(s_topic, Encoding.UTF8.GetBytes($"{i}"), 1, i);
        await broker.Restart();
        for (int i = 50; i < 600; i++) Assert.Equal(i, _probe.NextDelivered());
        Assert.Equal(0, session.Status.Counts.Dropped);
    }

    [Fact]
    public async Task A_frozen_broker_is_left_and_found_again()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { KeepAlive = TimeSpan.FromSeconds(2) }) with { ConnectTimeout = TimeSpan.FromSeconds(2) });
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        broker.Freeze();
        session.TryPublish(s_topic, "while it is frozen"u8, 1, 7);
        MqttSessionStatus status = await SessionProbe.Reaches(session, s => s.Cause is not null);
        Assert.Contains("has not answered a ping", status.Cause!.What, StringComparison.Ordinal);
        broker.Thaw();
        Assert.Equal(7, _probe.NextDelivered());
    }

    [Fact]
    public async Task A_second_client_with_the_same_id_is_named()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        MqttSettings settings = SessionProbe.Settings(broker.Port);
        await using MqttSession first = _probe.Session(settings);
        first.Start();
        await SessionProbe.Reaches(first, MqttSessionState.Connected);
        await using MqttSession second = _probe.Session(settings);
        second.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(first, MqttSessionState.Failed);

        // 2.0.11 closes the connection without a DISCONNECT, later versions say 0x8E.
        Assert.Matches("another client (has connected|connects) with the same client id 'edgeinfer-test'", status.Cause!.What);
    }

    /// <summary>With MQTT 5 mosquitto announces its Maximum Packet Size, and answers 0x95 above a message_size_limit that it does not announce.</summary>
    [Theory]
    [InlineData("max_packet_size 1000")]
    [InlineData("message_size_limit 900")]
    public async Task What_is_too_large_for_it_is_handed_back_and_the_next_arrives(string limit)
    {
        await using Mosquitto broker = await Mosquitto.Start(limit);
        FakeSource source = new();
        source.Add(1, new string('x', 2000));
        source.Add(2, "small", expiry: 60);
        await using MqttSession session = new(SessionProbe.Settings(broker.Port), TimeProvider.System, new Random(1), _probe, source: source);
        session.Start();
        Assert.Equal(["settled 2 0x10", "too large 1", "up"], Enumerable.Range(0, 3).Select(_ => source.NextCall()).Order(StringComparer.Ordinal));
        Assert.Equal(MqttSessionState.Connected, session.Status.State);
    }

    [Fact]
    public async Task A_command_says_where_its_answer_goes_and_a_kept_one_does_not_come_at_the_subscription()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        string publish = Peer.Program("mosquitto_pub");
        string[] to = ["-h", "127.0.0.1", "-p", $"{broker.Port}", "-V", "5", "-q", "1", "-t", "edgeinfer/d/cmd/x"];
        Assert.Equal(0, (await ChildProcess.Run(publish, [.. to, "-r", "-m", "kept"])).ExitCode);
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port));
        session.Subscribe(["edgeinfer/d/cmd/+"], (in ReceivedMessage message) => _received.Add(
            $"{Encoding.UTF8.GetString(message.Payload)} {message.IsRetained} {Encoding.UTF8.GetString(message.ResponseTopic)} {Encoding.UTF8.GetString(message.CorrelationData)}"), SubscriptionKind.Obeying);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        Assert.Equal(0, (await ChildProcess.Run(publish, [.. to, "-m", "do", "-D", "publish", "response-topic", "r/t", "-D", "publish", "correlation-data", "c7"])).ExitCode);
        Assert.Equal("do False r/t c7", Next());
        Assert.Equal(0, (await ChildProcess.Run(publish, [.. to, "-r", "-m", "live and kept"])).ExitCode);
        Assert.Equal("live and kept True  ", Next());

        await using ChildProcess listener = ChildProcess.Start(Peer.Program("stdbuf"),
            ["-oL", Peer.Program("mosquitto_sub"), "-h", "127.0.0.1", "-p", $"{broker.Port}", "-V", "5", "-q", "1", "-C", "1", "-t", "r/t", "-d", "-F", "%p %D"]);
        await listener.Line("Subscribed");
        session.TryRespond(new MqttTopic("r/t"), "done"u8, "c7"u8);
        Assert.Equal("done c7", await listener.Line("done"));
    }

    private async Task<MqttSession> Listen(MqttSettings settings)
    {
        MqttSession listener = new(settings, TimeProvider.System, new Random(1), _probe);
        listener.Subscribe(["edgeinfer/#"], (in ReceivedMessage message) => _received.Add(Encoding.UTF8.GetString(message.Payload)));
        listener.Start();
        await SessionProbe.Reaches(listener, MqttSessionState.Connected);
        return listener;
    }

    private string Next() => _received.TryTake(out string? payload, SessionProbe.Patience) ? payload : throw new TimeoutException("no message arrived");
}

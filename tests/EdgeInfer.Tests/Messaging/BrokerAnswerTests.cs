using System.Text.RegularExpressions;
using EdgeInfer.Messaging;
using EdgeInfer.Tests.Architecture;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Messaging;

/// <summary>
/// Every reason code of the OASIS standard, MQTT version 5.0, that a broker may send: tables 3-1 (CONNACK), 3-4 (PUBACK), 3-8 (SUBACK) and
/// 3-10 (DISCONNECT, those of a server). What happens then is what docs/broker.md says.
/// </summary>
public sealed partial class BrokerAnswerTests
{
    private static readonly (int Code, string Name)[] s_connAck =
    [
        (0x00, "Success"), (0x80, "Unspecified error"), (0x81, "Malformed Packet"), (0x82, "Protocol Error"), (0x83, "Implementation specific error"),
        (0x84, "Unsupported Protocol Version"), (0x85, "Client Identifier not valid"), (0x86, "Bad User Name or Password"), (0x87, "Not authorized"),
        (0x88, "Server unavailable"), (0x89, "Server busy"), (0x8A, "Banned"), (0x8C, "Bad authentication method"), (0x90, "Topic Name invalid"),
        (0x95, "Packet too large"), (0x97, "Quota exceeded"), (0x99, "Payload format invalid"), (0x9A, "Retain not supported"), (0x9B, "QoS not supported"),
        (0x9C, "Use another server"), (0x9D, "Server moved"), (0x9F, "Connection rate exceeded"),
    ];

    private static readonly (int Code, string Name)[] s_pubAck =
    [
        (0x00, "Success"), (0x10, "No matching subscribers"), (0x80, "Unspecified error"), (0x83, "Implementation specific error"), (0x87, "Not authorized"),
        (0x90, "Topic Name invalid"), (0x91, "Packet identifier in use"), (0x97, "Quota exceeded"), (0x99, "Payload format invalid"),
    ];

    private static readonly (int Code, string Name)[] s_subAck =
    [
        (0x00, "Granted QoS 0"), (0x01, "Granted QoS 1"), (0x02, "Granted QoS 2"), (0x80, "Unspecified error"), (0x83, "Implementation specific error"),
        (0x87, "Not authorized"), (0x8F, "Topic Filter invalid"), (0x91, "Packet Identifier in use"), (0x97, "Quota exceeded"),
        (0x9E, "Shared Subscriptions not supported"), (0xA1, "Subscription Identifiers not supported"), (0xA2, "Wildcard Subscriptions not supported"),
    ];

    private static readonly (int Code, string Name)[] s_disconnect =
    [
        (0x00, "Normal disconnection"), (0x80, "Unspecified error"), (0x81, "Malformed Packet"), (0x82, "Protocol Error"), (0x83, "Implementation specific error"),
        (0x87, "Not authorized"), (0x89, "Server busy"), (0x8B, "Server shutting down"), (0x8D, "Keep Alive timeout"), (0x8E, "Session taken over"),
        (0x8F, "Topic Filter invalid"), (0x90, "Topic Name invalid"), (0x93, "Receive Maximum exceeded"), (0x94, "Topic Alias invalid"), (0x95, "Packet too large"),
        (0x96, "Message rate too high"), (0x97, "Quota exceeded"), (0x98, "Administrative action"), (0x99, "Payload format invalid"), (0x9A, "Retain not supported"),
        (0x9B, "QoS not supported"), (0x9C, "Use another server"), (0x9D, "Server moved"), (0x9E, "Shared Subscriptions not supported"),
        (0x9F, "Connection rate exceeded"), (0xA0, "Maximum connect time"), (0xA1, "Subscription Identifiers not supported"), (0xA2, "Wildcard Subscriptions not supported"),
    ];

    private readonly SessionProbe _probe = new();

    public static TheoryData<int, string, string> ConnAckRows => Rows("At CONNECT");

    public static TheoryData<int, string, string> PubAckRows => Rows("PUBACK");

    public static TheoryData<int, string, string> SubAckRows => Rows("SUBACK");

    public static TheoryData<int, string, string> DisconnectRows => Rows("DISCONNECT");

    [Fact]
    public void The_documentation_has_every_code_of_the_standard_and_no_other()
    {
        Assert.Equal(s_connAck, Codes("At CONNECT"));
        Assert.Equal(s_pubAck, Codes("PUBACK"));
        Assert.Equal(s_subAck, Codes("SUBACK"));
        Assert.Equal(s_disconnect, Codes("DISCONNECT"));
    }

    [Theory]
    [MemberData(nameof(ConnAckRows))]
    public async Task CONNACK_does_what_is_documented(int code, string state, string words)
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [0, (byte)code, 0] }.Start();
        await using MqttSession session = _probe.Session(Settings(broker.Port));
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, Enum.Parse<MqttSessionState>(state, ignoreCase: true));
        Says(words, status.Cause?.What);
    }

    [Theory]
    [MemberData(nameof(DisconnectRows))]
    public async Task DISCONNECT_does_what_is_documented(int code, string state, string words)
    {
        using FakeBroker broker = new FakeBroker().Start();
        await using MqttSession session = _probe.Session(Settings(broker.Port));
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        broker.Send(0xE0, 2, (byte)code, 0);
        MqttSessionStatus status = await SessionProbe.Reaches(session, Enum.Parse<MqttSessionState>(state, ignoreCase: true));
        Says(words, status.Cause?.What);
    }

    [Theory]
    [MemberData(nameof(PubAckRows))]
    public async Task PUBACK_does_what_is_documented(int code, string result, string other)
    {
        using FakeBroker broker = new FakeBroker { PubAckReason = (byte)code }.Start();
        FakeSource source = new();
        source.Add(7, "x");
        await using MqttSession session = new(Settings(broker.Port), TimeProvider.System, new Random(1), NullLogger.Instance, _probe, source);
        session.TryPublish(new MqttTopic("t"), "y"u8, 1, 8);
        session.Start();
        Assert.Equal(8, other == "delivered" ? _probe.NextDelivered() : _probe.NextLost());
        Assert.Equal(["up", $"settled 7 0x{code:X2}"], [source.NextCall(), source.NextCall()]);
        Assert.Equal(result == "delivered", other == "delivered");
        Assert.Equal(result == "delivered" ? 0 : 2, session.Status.Counts.Refused);
        Assert.Equal(MqttSessionState.Connected, (await SessionProbe.Reaches(session, MqttSessionState.Connected)).State);
    }

    [Fact]
    public async Task The_answer_of_mosquitto_to_what_is_too_large_for_it_is_that()
    {
        using FakeBroker broker = new FakeBroker { PubAckReason = 0x95 }.Start();
        FakeSource source = new();
        source.Add(7, "x");
        await using MqttSession session = new(Settings(broker.Port), TimeProvider.System, new Random(1), NullLogger.Instance, source: source);
        session.Start();
        Assert.Equal(["up", "too large 7"], [source.NextCall(), source.NextCall()]);
    }

    [Theory]
    [MemberData(nameof(SubAckRows))]
    public async Task SUBACK_does_what_is_documented(int code, string action, string none)
    {
        Assert.Empty(none);
        using FakeBroker broker = new FakeBroker { SubAckReason = (byte)code }.Start();
        await using MqttSession session = _probe.Session(Settings(broker.Port));
        session.Subscribe(["a/#", "b"], (in ReceivedMessage _) => { });
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Connected);
        Assert.Equal(action == "listens" ? null : $"the broker refuses the subscription to 'b' (0x{code:X2})", status.LastError?.What);
    }

    [Fact]
    public async Task A_broker_without_QoS_1_is_a_fault_for_those_who_must_know_what_has_arrived()
    {
        // Maximum QoS 0 (0x24).
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0, 2, 0x24, 0] }.Start();
        await using MqttSession session = new(Settings(broker.Port), TimeProvider.System, new Random(1), NullLogger.Instance, source: new FakeSource());
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Failed);
        Assert.Equal("the broker takes no messages of QoS 1, so nobody could tell which results it has; allow QoS 1 at the broker", $"{status.Cause!.What}; {status.Cause.Cure}");
    }

    [Fact]
    public async Task A_broker_that_keeps_nothing_is_used_and_named()
    {
        // Retain Available 0 (0x25).
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0, 2, 0x25, 0] }.Start();
        await using MqttSession session = _probe.Session(Settings(broker.Port) with { Will = new(new MqttTopic("w"), "bye"u8.ToArray()) });
        session.PublishState(new MqttTopic("w"), "here"u8);
        session.Start();
        Assert.False(broker.Next(3).IsRetained);
        Assert.Equal("the broker keeps no messages: only who listens at the moment sees a change of status", (await SessionProbe.Reaches(session, MqttSessionState.Connected)).LastError!.What);
    }

    [Fact]
    public async Task Another_server_is_shown_with_its_name()
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0x9D, 8, 0x1C, 0, 5, .. "b2:99"u8] }.Start();
        await using MqttSession session = _probe.Session(Settings(broker.Port));
        session.Start();
        Assert.Equal("the broker says to use another one, b2:99", (await SessionProbe.Reaches(session, MqttSessionState.Failed)).Cause!.What);
    }

    private static MqttSettings Settings(int port)
        => SessionProbe.Settings(port) with { FirstDelay = TimeSpan.FromHours(1), LongestDelay = TimeSpan.FromHours(1), FailedDelay = TimeSpan.FromHours(1) };

    /// <summary>What is documented is the beginning of what is said: the rest names user, client id or cure.</summary>
    private static void Says(string words, string? said)
    {
        if (words.Length == 0) Assert.Null(said);
        else Assert.StartsWith(words.Split(';', ':')[0], said, StringComparison.Ordinal);
    }

    private static IEnumerable<(int Code, string Name)> Codes(string section) => Section(section).Select(m => (Convert.ToInt32(m.Groups[1].Value, 16), m.Groups[2].Value));

    private static TheoryData<int, string, string> Rows(string section)
    {
        TheoryData<int, string, string> rows = [];
        foreach (Match row in Section(section)) rows.Add(Convert.ToInt32(row.Groups[1].Value, 16), row.Groups[3].Value, row.Groups[4].Value);
        return rows;
    }

    private static MatchCollection Section(string name)
    {
        string page = File.ReadAllText(Path.Combine(RepositoryFolder.Root, "docs", "broker.md")).Split($"## {name}\n")[1];
        return Row().Matches(page.Split("\n## ")[0]);
    }

    [GeneratedRegex(@"^\| 0x([0-9A-F]{2}) \| ([^|]+?) \| ([^|]*?) \|(?: ([^|]*?) ?\|)?$", RegexOptions.Multiline)]
    private static partial Regex Row();
}

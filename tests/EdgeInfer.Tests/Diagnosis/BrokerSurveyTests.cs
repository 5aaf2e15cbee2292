using System.Net;
using System.Net.Sockets;
using EdgeInfer.Diagnosis;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.Tests.Diagnosis;

public sealed class BrokerSurveyTests
{
    // As Linux prints it on a little-endian machine behind 192.168.0.1 (proc_net(5)).
    private const string Routes = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        + "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        + "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";

    [Fact]
    public void The_default_gateway_is_read_from_the_kernel_s_routes()
        => Assert.Equal(IPAddress.Parse("192.168.0.1"), BrokerCandidates.Gateway(Routes));

    [Theory]
    [InlineData("")]
    [InlineData("Iface\tDestination\tGateway\nlo\t0000007F\t00000000\n")]
    [InlineData("Iface\tDestination\tGateway\neth0\t00000000\tnonsense\n")]
    [InlineData("Iface\tDestination\tGateway\ntun0\t00000000\t00000000\n")]
    public void A_machine_without_a_gateway_has_none(string routes) => Assert.Null(BrokerCandidates.Gateway(routes));

    [Fact]
    public void This_machine_is_asked_first_and_the_gateway_before_names()
        => Assert.Equal(
            ["mqtt://127.0.0.1:1883", "mqtts://127.0.0.1:8883", "mqtt://192.168.0.1:1883", "mqtt://mosquitto:1883", "mqtt://mqtt:1883", "mqtt://mqtt.local:1883", "mqtt://homeassistant.local:1883"],
            BrokerCandidates.Usual(IPAddress.Parse("192.168.0.1")).Select(c => c.Url.OriginalString));

    [Fact]
    public async Task A_broker_that_lets_anyone_in_is_open_and_hears_a_goodbye()
    {
        using FakeBroker broker = new();
        broker.Start();
        BrokerFinding finding = Assert.Single(await Ask(broker.Port));
        Assert.Equal(BrokerAnswer.Open, finding.Answer);
        Assert.Null(finding.Fault);
        Assert.Equal(1, broker.Next().Kind);
        Assert.Equal(14, broker.Next().Kind);
    }

    // MQTT 5, table 3-1: 0x86 bad user name or password, 0x87 not authorised, 0x84 unsupported protocol version.
    [Theory]
    [InlineData(0x86, nameof(BrokerAnswer.WantsPassword))]
    [InlineData(0x87, nameof(BrokerAnswer.WantsPassword))]
    [InlineData(0x84, nameof(BrokerAnswer.Unusable))]
    public async Task A_broker_that_refuses_is_told_apart_by_its_reason(byte reason, string answer)
    {
        using FakeBroker broker = new() { ConnAck = [0, reason, 0] };
        broker.Start();
        BrokerFinding finding = Assert.Single(await Ask(broker.Port));
        Assert.Equal(answer, finding.Answer.ToString());
        Assert.NotNull(finding.Fault);
    }

    [Fact]
    public async Task A_place_where_nothing_listens_or_nothing_answers_is_silent()
    {
        using TcpListener mute = new(IPAddress.Loopback, 0);
        mute.Start();
        int closed = ClosedPort();
        IReadOnlyList<BrokerFinding> findings = await Ask(((IPEndPoint)mute.LocalEndpoint).Port, closed);
        Assert.Equal([BrokerAnswer.Silent, BrokerAnswer.Silent], findings.Select(f => f.Answer));
        Assert.Equal("connection refused: nothing listens there", findings[1].Fault!.What);
    }

    [Fact]
    public async Task An_address_with_two_names_is_asked_once()
    {
        int port = ClosedPort();
        Assert.Single(await Ask(port, port));
    }

    private static Task<IReadOnlyList<BrokerFinding>> Ask(params int[] ports)
        => new BrokerSurvey(TimeSpan.FromMilliseconds(500), TimeProvider.System)
            .AskAsync([.. ports.Select(p => new BrokerCandidate(new($"mqtt://127.0.0.1:{p}"), "a test"))], "edgeinfer-test", TestContext.Current.CancellationToken);

    private static int ClosedPort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}

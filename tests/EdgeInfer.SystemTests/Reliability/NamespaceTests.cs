using System.Globalization;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>The link itself fails: an agent in a network namespace of its own, whose cable is pulled or whose packets a filter swallows.</summary>
public sealed class NamespaceTests
{
    private static readonly TimeSpan s_found = TimeSpan.FromSeconds(NetworkRig.KeepAliveSeconds) * 1.5;

    /// <summary>What is done to the link, and undone; {inside} before what runs in the namespace.</summary>
    public enum Cut
    {
        AgentsInterfaceDown,
        BrokersInterfaceDown,
        EverythingSwallowed,
        AnswersSwallowed,
        RefusedByFilter,
        AddressGone,
    }

    public static TheoryData<Cut> Cuts => [.. Campaign.IsFull ? Enum.GetValues<Cut>() : [Cut.AgentsInterfaceDown, Cut.EverythingSwallowed]];

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_link_that_is_cut_is_found_in_time_healed_and_costs_nothing(Cut cut)
    {
        if (!Environment.IsPrivilegedProcess) Peer.Missing("only root can make a network namespace");
        await using NetworkNamespace network = await NetworkNamespace.Make();
        await using Mosquitto broker = await Mosquitto.Start($"max_inflight_messages 0\nmax_queued_messages 0\nlistener 18830 {network.Host}\nallow_anonymous true");
        using Consumer consumer = new(broker.Port);
        await consumer.Subscribed();
        await using NetworkRig rig = new(new() { Broker = $"mqtt://{network.Host}:18830", FramesPerSecond = 50, Before = network.Inside });
        rig.Start();
        await rig.Connected();
        await consumer.Arrivals.Until(() => consumer.Arrivals.Count > 100, "the first messages");
        await Apply(network, cut, isCut: true);
        await rig.Status.Until(s => NetworkRig.BrokerState(s) != "connected", $"{cut}: the status says that the line is down", s_found + Sample.Slack);
        await rig.Status.Until(s => NetworkRig.Outbox(s, "stored") > 100, $"{cut}: what is made meanwhile goes to the disk");
        Assert.NotEqual("connected", await rig.Status.BrokerState());
        await Apply(network, cut, isCut: false);
        await BrokerFaultTests.Recovers(rig, consumer, null, string.Create(CultureInfo.InvariantCulture, $"{cut}"), duplicates: 64);
    }

    private static Task Apply(NetworkNamespace network, Cut cut, bool isCut) => cut switch
    {
        Cut.AgentsInterfaceDown => network.Run(true, "ip", "link", "set", network.Agents, isCut ? "down" : "up"),
        Cut.BrokersInterfaceDown => network.Run(false, "ip", "link", "set", network.Brokers, isCut ? "down" : "up"),
        Cut.EverythingSwallowed => Filter(network, isCut, "OUTPUT", "DROP"),
        Cut.AnswersSwallowed => Filter(network, isCut, "INPUT", "DROP"),
        Cut.RefusedByFilter => Filter(network, isCut, "OUTPUT", "REJECT"),
        _ => network.Run(true, "ip", "addr", isCut ? "del" : "add", $"{network.Address}/30", "dev", network.Agents),
    };

    private static Task Filter(NetworkNamespace network, bool isCut, string chain, string verdict)
        => network.Run(true, "iptables", isCut ? "-A" : "-D", chain, "-p", "tcp", "-j", verdict);
}

/// <summary>A network of two: this machine, and a namespace with its own interface.</summary>
internal sealed class NetworkNamespace : IAsyncDisposable
{
    private readonly string _name = $"ei{Guid.NewGuid():N}"[..8];
    private readonly int _third = Random.Shared.Next(1, 254);

    private NetworkNamespace()
    {
    }

    /// <summary>The interface within.</summary>
    public string Agents => $"{_name}a";

    /// <summary>The interface on this machine.</summary>
    public string Brokers => $"{_name}b";

    /// <summary>This machine's address.</summary>
    public string Host => $"10.231.{_third}.1";

    /// <summary>The address within.</summary>
    public string Address => $"10.231.{_third}.2";

    /// <summary>What runs a program within.</summary>
    public IReadOnlyList<string> Inside => [Peer.Program("ip"), "netns", "exec", _name];

    /// <summary>Makes it.</summary>
    public static async Task<NetworkNamespace> Make()
    {
        NetworkNamespace network = new();
        await network.Run(false, "ip", "netns", "add", network._name);
        await network.Run(false, "ip", "link", "add", network.Brokers, "type", "veth", "peer", "name", network.Agents, "netns", network._name);
        await network.Run(false, "ip", "addr", "add", $"{network.Host}/30", "dev", network.Brokers);
        await network.Run(false, "ip", "link", "set", network.Brokers, "up");
        await network.Run(true, "ip", "addr", "add", $"{network.Address}/30", "dev", network.Agents);
        await network.Run(true, "ip", "link", "set", network.Agents, "up");
        await network.Run(true, "ip", "link", "set", "lo", "up");
        return network;
    }

    /// <summary>Runs a program, within or on this machine.</summary>
    public async Task Run(bool isInside, string program, params string[] arguments)
    {
        string[] line = [.. isInside ? Inside : [], Peer.Program(program), .. arguments];
        (int code, string output) = await ChildProcess.Run(line[0], line[1..]);
        Assert.True(code == 0, $"{string.Join(' ', line)}: {output}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await ChildProcess.Run(Peer.Program("ip"), "link", "del", Brokers);
        await ChildProcess.Run(Peer.Program("ip"), "netns", "del", _name);
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>
/// The line between the agent and its broker: a TCP proxy that cuts, silences or delays it at a chosen byte or packet, and notes which
/// messages the broker has acknowledged through it.
/// </summary>
internal sealed class Link : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<LinkConnection> _connections = [];
    private readonly CancellationTokenSource _over = new();
    private readonly int _brokerPort;
    private readonly bool _isOpaque;
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;
    private LinkFault? _armed;
    private int _seen;
    private TaskCompletionSource _struck = New();

    /// <summary>Opens the line.</summary>
    /// <param name="brokerPort">Where the broker listens.</param>
    /// <param name="isOpaque">Whether what passes is encrypted, or too much to look into: faults count bytes then.</param>
    public Link(int brokerPort, bool isOpaque = false)
    {
        (_brokerPort, _isOpaque) = (brokerPort, isOpaque);
        _listener = Listen(0);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = Accept(_listener);
    }

    /// <summary>Where the agent is to connect.</summary>
    public int Port { get; }

    /// <summary>How long each piece is held, each way.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>How the line is down; null while it is up.</summary>
    public LinkEnd? Down { get; private set; }

    /// <summary>When the last fault struck, <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public long StruckAt { get; private set; }

    /// <summary>When the agent has let go of a silenced connection, <see cref="Stopwatch.GetTimestamp"/>; 0 for not yet.</summary>
    public long FoundAt { get; private set; }

    /// <summary>Connections so far.</summary>
    public int Connections { get; private set; }

    /// <summary>Whether a connection has been accepted by the broker and is up.</summary>
    public bool IsInUse
    {
        get { lock (_lock) return _connections.Any(c => c.IsAccepted); }
    }

    /// <summary>Predictions (start, number) whose PUBACK below 0x80 was passed on to the agent.</summary>
    public ConcurrentDictionary<(long Boot, long Sequence), byte> Acknowledged { get; } = new();

    /// <summary>PUBLISH packets that reached the broker whole.</summary>
    public int Published { get; set; }

    /// <summary>The most messages that were sent and not yet acknowledged on one connection.</summary>
    public int MostInFlight { get; set; }

    /// <summary>When PINGREQ passed, <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public ConcurrentQueue<long> Pings { get; } = [];

    /// <summary>Ends the line at the given moment.</summary>
    public void Arm(LinkFault fault)
    {
        lock (_lock) (_seen, _armed, _struck, FoundAt) = (0, fault, New(), 0);
    }

    /// <summary>Waits for the fault that was armed.</summary>
    public Task Struck(TimeSpan? patience = null) => _struck.Task.WaitAsync(patience ?? TimeSpan.FromSeconds(60));

    /// <summary>Ends the line now.</summary>
    public void Strike(LinkEnd end)
    {
        List<LinkConnection> connections;
        lock (_lock)
        {
            _armed = null;
            (Down, StruckAt, FoundAt) = (end, Stopwatch.GetTimestamp(), 0);
            connections = [.. _connections];
            if (end == LinkEnd.Reset)
            {
                _listener?.Dispose();
                _listener = null;
            }
        }

        foreach (LinkConnection connection in connections) connection.End(end);
        _struck.TrySetResult();
    }

    /// <summary>Ends what is connected without taking the line down.</summary>
    public void Drop()
    {
        List<LinkConnection> connections;
        lock (_lock) connections = [.. _connections];
        foreach (LinkConnection connection in connections) connection.End(LinkEnd.Reset);
    }

    /// <summary>The line is up again; what was silenced is gone for good.</summary>
    public void Heal()
    {
        List<LinkConnection> connections;
        lock (_lock)
        {
            connections = Down == LinkEnd.Silence ? [.. _connections] : [];
            Down = null;
            if (_listener is null) _accepting = Accept(_listener = Listen(Port));
        }

        foreach (LinkConnection connection in connections.Where(c => c.IsSilent)) connection.End(LinkEnd.Reset);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        lock (_lock) _listener?.Dispose();
        Drop();
        await _accepting;
        _over.Dispose();
    }

    /// <summary>Bytes that may pass now, of a packet or of a piece, before the armed fault strikes; all of them where none does.</summary>
    internal int Allowed(LinkSide side, int packet, int length, long passed)
    {
        lock (_lock)
        {
            if (_armed is not { } fault || fault.Side != side || fault.Packet != packet) return length;
            if (packet == 0) return passed + length >= fault.Nth ? (int)Math.Max(0, fault.Nth - passed) : length;
            if (++_seen < fault.Nth) return length;
            return fault.Place switch { LinkPlace.Before => 0, LinkPlace.Within => length / 2, _ => length };
        }
    }

    /// <summary>Whether the armed fault is for this packet, whose bytes have now passed as far as they may; strikes if so.</summary>
    internal bool StrikesAt(LinkSide side, int packet, long passed)
    {
        LinkEnd end;
        lock (_lock)
        {
            if (_armed is not { } fault || fault.Side != side || fault.Packet != packet) return false;
            if (packet == 0 ? passed < fault.Nth : _seen < fault.Nth) return false;
            end = fault.End;
        }

        Strike(end);
        return true;
    }

    internal void AgentLetGo()
    {
        if (FoundAt == 0) FoundAt = Stopwatch.GetTimestamp();
    }

    internal void Remove(LinkConnection connection)
    {
        lock (_lock) _connections.Remove(connection);
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static Socket Listen(int port)
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(16);
        return listener;
    }

    private async Task Accept(Socket listener)
    {
        while (!_over.IsCancellationRequested)
        {
            Socket agent;
            try
            {
                agent = await listener.AcceptAsync(_over.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                return;
            }

            Connections++;
            agent.NoDelay = true;
            LinkConnection connection = new(this, agent, _brokerPort, _isOpaque);
            LinkEnd? down;
            lock (_lock)
            {
                _connections.Add(connection);
                down = Down;
            }

            _ = connection.Run(down);
        }
    }
}

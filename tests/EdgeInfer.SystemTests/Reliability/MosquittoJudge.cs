using System.Text;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>Whoever says what has reached the broker.</summary>
internal interface IJudge
{
    /// <summary>The broker's address.</summary>
    string Url { get; }

    /// <summary>What arrived, in order, from a position on.</summary>
    IReadOnlyList<Arrival> Arrivals(int from);
}

/// <summary>
/// Debian's mosquitto as a judge, with what a subscriber of a kept session got from it. It is only ever stopped in peace, when it writes
/// all that it has acknowledged to its file: killed, it would lose some of that, and the agent would be blamed.
/// </summary>
internal sealed class MosquittoJudge : IJudge, IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly int _port = Mosquitto.FreePort();
    private readonly string _configuration;
    private readonly List<Arrival> _arrivals = [];
    private ChildProcess? _broker;
    private ChildProcess? _subscriber;
    private int _linesRead;

    private MosquittoJudge()
    {
        string user = Environment.IsPrivilegedProcess ? "user root\n" : "";
        _configuration = _folder.Write("mosquitto.conf", $"""
            listener {_port} 127.0.0.1
            allow_anonymous true
            {user}persistence true
            persistence_location {_folder.Path}/
            max_queued_messages 0
            max_inflight_messages 0
            """);
    }

    /// <inheritdoc/>
    public string Url => $"mqtt://127.0.0.1:{_port}";

    /// <summary>Starts broker and subscriber.</summary>
    public static async Task<MosquittoJudge> Start()
    {
        MosquittoJudge judge = new();
        await judge.Up();
        judge._subscriber = ChildProcess.Start(Peer.Program("mosquitto_sub"),
            ["-h", "127.0.0.1", "-p", $"{judge._port}", "-V", "5", "-q", "1", "-c", "-x", "86400", "-i", "ledger", "-v", "-t", "edgeinfer/press-3/+/prediction", "-t", "edgeinfer/press-3/+/history", "-t", "edgeinfer/press-3/gap", "-t", "edgeinfer/press-3/status"]);
        return judge;
    }

    /// <summary>Whether the subscriber is there: it has printed something.</summary>
    public async Task Listens() => await _subscriber!.Line("edgeinfer/press-3/status");

    /// <summary>Starts the broker.</summary>
    public async Task Up()
    {
        if (_broker is not null) return;
        _broker = ChildProcess.Start(Peer.Program("mosquitto"), ["-c", _configuration, "-v"]);
        await _broker.Line("running");
    }

    /// <summary>Stops it in peace.</summary>
    public async Task Down()
    {
        if (_broker is null) return;
        await _broker.Terminate(TimeSpan.FromSeconds(20));
        await _broker.DisposeAsync();
        _broker = null;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Arrival> Arrivals(int from)
    {
        string[] lines = _subscriber!.Output.Split('\n');
        foreach (string line in lines[_linesRead..])
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            // Its own words on connections are no messages.
            if (line.StartsWith("edgeinfer/", StringComparison.Ordinal) && space > 0)
                _arrivals.Add(new(line[..space], Encoding.UTF8.GetBytes(line[(space + 1)..]), line.Contains("/status ", StringComparison.Ordinal)) { IsAcknowledged = true });
        }

        _linesRead = lines.Length;
        return _arrivals[from..];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_subscriber is not null) await _subscriber.DisposeAsync();
        if (_broker is not null) await _broker.DisposeAsync();
        _folder.Dispose();
    }
}

using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>What a device runs.</summary>
/// <param name="BeltFps">Results a second of the pipeline <c>belt</c>, <c>delivery: normal</c>.</param>
/// <param name="FilmFps">Of <c>film</c>, <c>delivery: durable</c>; 0 for none.</param>
/// <param name="Outbox">The mapping <c>outbox</c>.</param>
internal sealed record DeviceLoad(int BeltFps = 60, int FilmFps = 30, string Outbox = "{ rate: 2000 }");

/// <summary>The outbox in the status.</summary>
internal sealed record OutboxStatus(string State, string? Cause, long Waiting, long Stored, long Accepted, long Gaps)
{
    /// <summary>Reads it.</summary>
    public static OutboxStatus Of(JsonElement status)
    {
        JsonElement outbox = status.GetProperty("outbox");
        string? cause = outbox.TryGetProperty("cause", out JsonElement said) ? said.GetString() : null;
        return new(outbox.GetProperty("state").GetString()!, cause, outbox.GetProperty("waiting").GetInt64(), outbox.GetProperty("stored").GetInt64(),
            outbox.GetProperty("accepted").GetInt64(), outbox.GetProperty("gaps").GetInt64());
    }
}

/// <summary>
/// An agent with folders, a socket and a run folder in memory of its own, which is started and ended in every way. Its model is the
/// smallest of the unit tests, so that storage is what is at work.
/// </summary>
internal sealed class Device : IAsyncDisposable
{
    private static readonly TimeSpan s_answer = TimeSpan.FromSeconds(5);
    private readonly TestFolder _folder;
    private readonly IJudge _judge;
    private readonly string _configuration;
    private readonly string _quiet;
    private readonly string _withoutFilm;
    private ChildProcess? _agent;
    private int _heard;
    private int _lives;
    private Dictionary<string, long> _uncounted = [];
    private bool _isQuiet;

    /// <summary>A device that was never started.</summary>
    /// <param name="folder">For everything that is not state.</param>
    /// <param name="judge">Its broker.</param>
    /// <param name="load">What it runs.</param>
    /// <param name="stateFolder">Elsewhere than in <paramref name="folder"/>, or null.</param>
    /// <param name="runFolder">Elsewhere than in /dev/shm, or null.</param>
    public Device(TestFolder folder, IJudge judge, DeviceLoad load, string? stateFolder = null, string? runFolder = null)
    {
        (_folder, _judge) = (folder, judge);
        StateFolder = stateFolder ?? folder["state"];
        if (runFolder is null && !Directory.Exists("/dev/shm")) Peer.Missing("there is no file system in memory at /dev/shm");
        RunFolder = runFolder ?? $"/dev/shm/{Path.GetFileName(folder.Path)}";
        Socket = folder["control.sock"];
        _configuration = Configure("edgeinfer.yaml", load, "every");
        _quiet = Configure("quiet.yaml", load, "off");
        _withoutFilm = Configure("without-film.yaml", load with { FilmFps = 0 }, "every");
        Faults = new StorageFaults(folder.Path, StateFolder, RunFolder);
    }

    /// <summary>Where its state is.</summary>
    public string StateFolder { get; }

    /// <summary>Where its ring is.</summary>
    public string RunFolder { get; }

    /// <summary>Its control socket.</summary>
    public string Socket { get; }

    /// <summary>The folder of its model.</summary>
    public string ModelFolder => _folder["pulse"];

    /// <summary>Whether the next start is without the pipeline <c>film</c>.</summary>
    public bool LeaveFilmOut { get; set; }

    /// <summary>A program and its arguments that start the agent in its stead.</summary>
    public string[] Wrapper { get; set; } = [];

    /// <summary>Its storage's faults.</summary>
    public StorageFaults Faults { get; }

    /// <summary>What is owed and what was paid.</summary>
    public Ledger Ledger { get; } = new();

    /// <summary>The agent, while it is there.</summary>
    public ChildProcess Agent => _agent ?? throw new InvalidOperationException("it is not started");

    /// <summary>Starts the agent.</summary>
    /// <param name="isQuiet">Whether it accepts no results of its own and only delivers.</param>
    public void Start(bool isQuiet = false)
    {
        Hear();
        _lives++;
        _isQuiet = isQuiet;
        string[] command = [.. Wrapper, PublishedBinary.Path, "run", "-c", isQuiet ? _quiet : LeaveFilmOut ? _withoutFilm : _configuration];
        _agent = ChildProcess.Start(command[0], command[1..], Faults.Environment);
    }

    /// <summary>Waits until its pipelines run, or it has ended.</summary>
    public async Task Runs()
    {
        for (int i = 0; i < 1200 && !Agent.HasExited && !Agent.Output.Contains("runs as", StringComparison.Ordinal); i++) await Agent.ExitWithin(TimeSpan.FromMilliseconds(50));
    }

    /// <summary>SIGKILL, and what it leaves behind goes into the ledger.</summary>
    public async Task<OutboxReading> Kill()
    {
        Agent.Signal(9);
        return await Gone();
    }

    /// <summary>Waits for an agent that dies of a fault, and reads what it leaves behind; kills it where it outlives that.</summary>
    /// <param name="patience">How long.</param>
    public async Task<OutboxReading> Dies(TimeSpan patience)
    {
        await Agent.ExitWithin(patience);
        return await Kill();
    }

    /// <summary>SIGTERM; the exit code must be 0.</summary>
    public async Task<OutboxReading> Stop()
    {
        Agent.Signal(15);
        int code = await Agent.Exit(TimeSpan.FromSeconds(30));
        Assert.True(code == 0, $"it ended with {code}:\n{Agent.Output}");
        return await Gone();
    }

    /// <summary>With the broker up, a last start that delivers what is left; nothing must wait after it.</summary>
    /// <param name="patience">How long it may take; null for two minutes.</param>
    public async Task Settle(TimeSpan? patience = null)
    {
        Faults.Clear();
        Start(isQuiet: true);
        await Drain(patience ?? TimeSpan.FromMinutes(2));
        OutboxReading left = await Stop();
        Assert.True(left.Messages.Count == 0, $"waits still, though all was delivered: {Ledger.Ranges(left.Messages.Select(static m => m.Key))}");
    }

    /// <summary>What was in memory is gone.</summary>
    public void LoseMemory()
    {
        if (Directory.Exists(RunFolder)) Directory.Delete(RunFolder, true);
    }

    /// <summary>Takes what the broker got since the last time into the ledger.</summary>
    public void Hear()
    {
        IReadOnlyList<Arrival> news = _judge.Arrivals(_heard);
        foreach (Arrival arrival in news) Hear(arrival);
        _heard += news.Count;
    }

    /// <summary>The agent's own status by its socket; null where nobody answers.</summary>
    public async Task<JsonElement?> Status()
    {
        using CancellationTokenSource limit = new(s_answer);
        try
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), limit.Token);
            await using NetworkStream stream = new(socket);
            await stream.WriteAsync("{\"op\":\"status\"}\n"u8.ToArray(), limit.Token);
            using StreamReader reader = new(stream, Encoding.UTF8);
            if (await reader.ReadLineAsync(limit.Token) is not { } line) return null;
            using JsonDocument document = JsonDocument.Parse(line);
            // Before it is up it answers that it is not.
            return document.RootElement.TryGetProperty("status", out JsonElement status) ? status.Clone() : null;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Waits until the status says something.</summary>
    /// <param name="what">For the failure.</param>
    /// <param name="holds">What it must say.</param>
    /// <param name="patience">How long.</param>
    public async Task<JsonElement> Says(string what, Func<JsonElement, bool> holds, TimeSpan? patience = null)
    {
        System.Diagnostics.Stopwatch waited = System.Diagnostics.Stopwatch.StartNew();
        JsonElement? last = null;
        while (waited.Elapsed < (patience ?? ChildProcess.Patience))
        {
            last = await Status() ?? last;
            if (last is { } status && holds(status)) return status;
            if (Agent.HasExited) break;
            await Task.Delay(50);
        }

        Assert.Fail($"{what}: not so after {waited.Elapsed}; the status: {last}\nit printed:\n{Agent.Output}");
        return default;
    }

    /// <summary>With the broker up, waits until everything that was accepted before now is delivered or declared.</summary>
    public async Task Drain(TimeSpan? patience = null)
    {
        System.Diagnostics.Stopwatch waited = System.Diagnostics.Stopwatch.StartNew();
        string? open = "nothing was heard";
        while (waited.Elapsed < (patience ?? ChildProcess.Patience))
        {
            Hear();
            open = Ledger.Close(new Allowance { Duplicates = long.MaxValue, CrossedGaps = long.MaxValue }).Faults.FirstOrDefault(f => f.Contains("neither", StringComparison.Ordinal));
            if (open is null && await IsDrained()) return;
            if (Agent.HasExited) break;
            await Task.Delay(100);
        }

        Assert.Fail($"not drained after {waited.Elapsed}: {open}\nstatus: {await Status()}\nit printed:\n{Agent.Output}");
    }

    /// <summary>What waits in ring and database, read by an independent program.</summary>
    public Task<OutboxReading> Read() => OutboxReading.Of(StateFolder, RunFolder);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_agent is not null) await _agent.DisposeAsync();
        Faults.Dispose();
        if (RunFolder.StartsWith("/dev/shm/", StringComparison.Ordinal)) LoseMemory();
    }

    /// <summary>The result that a PUBLISH carries; null for any other message.</summary>
    public MessageKey? KeyOf(Arrival arrival)
    {
        if (arrival.IsRetained || arrival.Payload.Length == 0 || arrival.Payload[0] != '{') return null;
        using JsonDocument document = JsonDocument.Parse(arrival.Payload);
        return document.RootElement.GetProperty("schema").GetString() == "edgeinfer/prediction/1" ? KeyOf(document.RootElement) : null;
    }

    private MessageKey KeyOf(JsonElement message) => Counted(
        new(message.GetProperty("pipeline").GetString()!, message.GetProperty("boot").GetInt64(), message.GetProperty("seq").GetInt64()),
        message.GetProperty("id").GetString()!);

    // An agent that cannot count its starts says 0: each is told apart here, since the numbers of a stream begin anew, but where its ring
    // holds results of such a start already: it goes on behind them.
    private MessageKey Counted(MessageKey key, string id)
        => key.Boot != 0 ? key : Ledger.Find(id) ?? key with { Boot = _uncounted.TryGetValue(key.Stream, out long earlier) ? earlier : -_lives };

    private async Task<OutboxReading> Gone()
    {
        await Agent.Exit(ChildProcess.Patience);
        await Agent.DisposeAsync();
        _agent = null;
        Hear();
        OutboxReading reading = await Read();
        foreach (WaitingMessage message in reading.Messages) Ledger.Accept(Counted(message.Key, message.Id), message.Id);
        Dictionary<string, long> uncounted = [];
        foreach (WaitingMessage message in reading.Messages)
            if (message is { Where: "ring", Key.Boot: 0 }) uncounted[message.Key.Stream] = Counted(message.Key, message.Id).Boot;
        _uncounted = uncounted;
        return reading;
    }

    private async Task<bool> IsDrained()
        => await Status() is { } status && OutboxStatus.Of(status) is { Gaps: 0 } outbox
            && (_isQuiet ? outbox is { Stored: 0, Waiting: 0 } : outbox is { Stored: < 50, Waiting: < 50 });

    private void Hear(Arrival arrival)
    {
        if (arrival.IsRetained || arrival.Payload.Length == 0 || arrival.Payload[0] != '{') return;
        using JsonDocument document = JsonDocument.Parse(arrival.Payload);
        JsonElement message = document.RootElement;
        switch (message.GetProperty("schema").GetString())
        {
            case "edgeinfer/prediction/1":
                bool isHistorical = message.TryGetProperty("historical", out JsonElement historical) && historical.GetBoolean();
                Assert.Equal(isHistorical, arrival.Topic.EndsWith("/history", StringComparison.Ordinal));
                Ledger.Deliver(KeyOf(message), message.GetProperty("id").GetString()!, isHistorical, arrival.IsAcknowledged);
                break;
            case "edgeinfer/gap/1":
                long boot = message.GetProperty("boot").GetInt64();
                Ledger.Declare(new(message.GetProperty("stream").GetString()!, boot != 0 ? boot : _uncounted.GetValueOrDefault(message.GetProperty("stream").GetString()!, -_lives),
                    Number(message, "from_seq"), Number(message, "to_seq"), Number(message, "at_most"), message.GetProperty("reason").GetString()!));
                break;
        }
    }

    private static long? Number(JsonElement message, string name) => message.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : null;

    private string Configure(string name, DeviceLoad load, string predictions)
    {
        string graph = Path.Combine(PublishedBinary.Root, "tests", "EdgeInfer.Tests", "Inference", "Graphs", "conv.onnx");
        if (!File.Exists(_folder["pulse/model.onnx"])) _folder.Copy(graph, "pulse/model.onnx");
        _folder.Write("pulse/model.yaml", """
            name: pulse
            version: 1.0.0
            task: raw
            input: { color: rgb, resize: stretch, kernel: nearest, scale: 1/255 }
            """);
        string film = load.FilmFps == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $$"""
              film:
                source: { synthetic: conveyor, size: 160x120, fps: {{load.FilmFps}} }
                model: pulse
                fps: max
                publish: { predictions: {{predictions}} }
                delivery: durable
            """);
        return _folder.Write(name, string.Create(CultureInfo.InvariantCulture, $$"""
            device: { id: press-3 }
            mqtt: { url: "{{_judge.Url}}" }
            runtime: { state_folder: {{StateFolder}}, run_folder: {{RunFolder}}, cache_folder: {{_folder.Path}}/cache, control: {{Socket}} }
            outbox: {{load.Outbox}}
            models: { pulse: { path: {{_folder.Path}}/pulse } }
            pipelines:
              belt:
                source: { synthetic: conveyor, size: 160x120, fps: {{load.BeltFps}} }
                model: pulse
                fps: max
                publish: { predictions: {{predictions}} }
            {{film}}
            """));
    }
}

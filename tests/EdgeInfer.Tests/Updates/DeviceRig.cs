using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Releasing;
using EdgeInfer.Slots;
using EdgeInfer.Tests.Models;
using EdgeInfer.Tests.Releasing;
using EdgeInfer.Tests.Sources;
using EdgeInfer.Trust;
using EdgeInfer.Updates;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Updates;

/// <summary>
/// A publisher and a device with one managed model. Trust, store and gate are the real ones; pipelines and the probe's child are played, and time
/// goes on a second at a time while something is waited for.
/// </summary>
internal sealed class DeviceRig : IModelHost, IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly ReleaseRig _publisher;
    private readonly string _state;
    private readonly Lock _lock = new();
    private readonly List<string> _open = [];
    private UpdateReport? _report;
    private byte[]? _root;
    private ManagedStore? _store;
    private LiveModels _live = new();

    public DeviceRig(FakeTimeProvider? time = null)
    {
        _publisher = new(time: time);
        _state = Path.Combine(_publisher.Outer, "state");
    }

    public FakeTimeProvider Time => _publisher.Time;

    public RecordingLogger Log { get; } = new();

    public UpdateOptions Options { get; set; } = new() { Poll = TimeSpan.FromMinutes(5), Spread = TimeSpan.FromSeconds(10) };

    public bool IsClockSynced { get; set; } = true;

    /// <summary>What the device's waits are drawn from.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>What stands between the device and its repository.</summary>
    public Func<IReleaseSource, IReleaseSource> By { get; set; } = static source => source;

    /// <summary>Is told of each report as it is published.</summary>
    public Action<UpdateReport> OnTold { get; set; } = static _ => { };

    /// <summary>What the probe comes to, by the model's version.</summary>
    public Func<string, ProbeVerdict> OnProbe { get; set; } = static _ => new ProbePassed(new());

    /// <summary>What this device demands beyond a release's own gate.</summary>
    public GateOptions Gate { get; set; } = new();

    /// <summary>What the last probe demanded.</summary>
    public GateLimits? Demanded { get; private set; }

    /// <summary>Told of each step of the store before it is done.</summary>
    public Action<string> OnStep { get; set; } = static _ => { };

    /// <summary>Files whose medium fails.</summary>
    public Func<string, bool> Unreadable { get; set; } = static _ => false;

    /// <summary>Meets a defect when a folder of this version is opened.</summary>
    public string? Defective { get; set; }

    /// <summary>Models that were probed, by version.</summary>
    public List<string> Probed { get; } = [];

    public string? MissingLabel { get; set; }

    public string? Initial { get; set; }

    public long? RssBytes { get; set; } = 100 << 20;

    /// <summary>Fails to load folders of this version.</summary>
    public string? Unloadable { get; set; }

    public UpdateService? Service { get; private set; }

    /// <summary>The device's state folder.</summary>
    public string State => _state;

    public string Repository => Path.Combine(_publisher.Folder.Root, "repository");

    /// <summary>Folders that are open.</summary>
    public string[] Opened
    {
        get { lock (_lock) return [.. _open]; }
    }

    public LiveGeneration Now => Live("parts").Now;

    public UpdateReport Report => Service!.Report("parts");

    public ManagedStore Store => _store!;

    /// <summary>Publishes a release and lets everybody have it.</summary>
    public void Publish(long seq, string? version = null, bool hold = false, bool hard = false, Func<PackOptions, PackOptions>? with = null)
    {
        PackOptions options = new(Model(version ?? $"1.{seq}.0"), "parts") { Seq = seq };
        if (with is not null) options = with(options);
        _publisher.Do(desk => ReleasePack.Run(desk, options));
        _publisher.Do(ReleasePublish.Run);
        _publisher.Do(desk => ReleaseRollout.Run(desk, new("parts") { To = options.Variant is { } variant ? $"{seq}-{variant}" : $"{seq}", IsHard = hard }));
        if (hold) Hold(true);
    }

    public void Hold(bool hold) => _publisher.Do(desk => ReleaseRollout.Run(desk, new("parts") { Hold = hold }));

    public void Do(Func<ReleaseDesk, object> work) => _publisher.Do(work);

    /// <summary>A small model whose contract is whole.</summary>
    public string Model(string version)
    {
        string folder = Path.Combine(_publisher.Outer, "model-" + version);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "model.yaml"), $"name: parts\nversion: {version}\ntask: raw\ninput: {{ color: rgb, resize: stretch, kernel: bilinear }}\n");
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 8, 8).Node("Relu", ["x"], ["y"]).Output("y", OnnxBuilder.Float, 1, 3, 8, 8).ToArray());
        return folder;
    }

    /// <summary>The device starts, or starts again.</summary>
    /// <param name="isUpdated">Whether updates are looked after: they are once all models are open.</param>
    public void Start(bool isUpdated = true)
    {
        _store = ManagedStore.Open(
            _state, new(), Time, fault => Microsoft.Extensions.Logging.LoggerExtensions.Log(Log, Microsoft.Extensions.Logging.LogLevel.Warning, "{Fault}", fault), new StoreDisk(step: s => OnStep(s), read: Read));
        _live = new();
        lock (_lock) _open.Clear();
        IReadOnlyList<ManagedServing> serving = ManagedModels.Begin(Configuration(), _store, _live, Time, Log);
        TrustStore trusted = new(Path.Combine(_state, "tuf"));
        TrustClient trust = TrustClient.Open(trusted, RootPin.OfBytes(_root ??= File.ReadAllBytes(Path.Combine(Repository, "metadata", "1.root.json"))), new(trusted, Time, DateTimeOffset.UnixEpoch));
        PreparationServices preparation = new(_store, this, new("x64", ["cpu"], 1L << 30, SemanticVersion.Parse("0.1.0")!), new(), Probe);
        UpdateServices services = new(preparation, Options, new(), "press-3", () => IsClockSynced, Time, Log);
        Service = new(serving, services, trust, new("press-3", new Dictionary<string, string> { ["site"] = "oslo" }), By(new FolderReleases(Repository)), new Random(Seed), Take);
        if (isUpdated) Service.Start();
    }

    /// <summary>The device stops in order.</summary>
    public async Task StopAsync()
    {
        await Service!.DisposeAsync();
        _store!.Dispose();
        Service = null;
    }

    /// <summary>The device ends without a word: nothing is written any more.</summary>
    public void Crash()
    {
        // What the service writes as it ends is taken back: a killed one writes nothing.
        string slots = Path.Combine(_state, "models", "parts", "slots.json"), jobs = Path.Combine(_state, "jobs", "parts.json");
        (byte[] Slots, byte[] Copy, byte[] Job) before = (File.ReadAllBytes(slots), File.ReadAllBytes(slots + ".copy"), File.ReadAllBytes(jobs));
        StopAsync().GetAwaiter().GetResult();
        File.WriteAllBytes(slots, before.Slots);
        File.WriteAllBytes(slots + ".copy", before.Copy);
        File.WriteAllBytes(jobs, before.Job);
    }

    /// <summary>Seconds go by until something is so.</summary>
    /// <param name="isSo">What is waited for.</param>
    /// <param name="what">Its name, where it does not come about.</param>
    /// <param name="stride">Seconds at a time, where nothing happens for minutes.</param>
    public UpdateReport Until(Func<UpdateReport, bool> isSo, string what, int stride = 10)
    {
        long began = TimeProvider.System.GetTimestamp();
        int steps = 0;
        while (TimeProvider.System.GetElapsedTime(began) < s_patience)
        {
            UpdateReport report = Report;
            if (isSo(report)) return report;
            // What waits for minutes need not be looked at each second.
            UpdateReport? before = _report;
            Time.Advance(TimeSpan.FromSeconds(++steps < 30 ? 1 : stride));
            SpinWait.SpinUntil(() => !ReferenceEquals(before, _report), 2);
        }

        throw new TimeoutException($"{what} did not come about: {System.Text.Encoding.UTF8.GetString(Report.Encode())}\n{Log.Text}");
    }

    /// <summary>Until a release is live and looked at.</summary>
    public UpdateReport UntilTrial(long? seq = null) => Until(r => r is { Trial: not null, Job: { State: "trial" } job } && (seq is null || job.Seq == seq), $"trial of {seq}");

    public UpdateReport UntilState(string state) => Until(r => r.Job?.State == state, state);

    /// <summary>Time goes on for a while, in which nothing should happen.</summary>
    public void Pass(TimeSpan time)
    {
        // A poll comes every five minutes: hours need not be looked at each ten seconds.
        bool isLong = time > TimeSpan.FromMinutes(10);
        TimeSpan step = isLong ? TimeSpan.FromMinutes(1) : TimeSpan.FromSeconds(10);
        for (TimeSpan gone = TimeSpan.Zero; gone < time; gone += step)
        {
            Time.Advance(step);
            SpinWait.SpinUntil(static () => false, isLong ? 3 : 1);
        }
    }

    /// <summary>The generation at work gives results.</summary>
    public void Give(int results, double milliseconds = 5)
    {
        for (int i = 0; i < results; i++) Now.Record.Add(milliseconds);
    }

    /// <summary>From a fresh device to a release that serves for good.</summary>
    public void Commit(long seq)
    {
        if (Service is null)
        {
            Publish(seq);
            Start();
        }
        else
        {
            Publish(seq);
            Service.Hint("parts");
        }

        UntilTrial(seq);
        Give(300);
        Until(r => r.Active?.Seq == seq, $"commit of {seq}", stride: 60);
    }

    public LiveModel Live(string model) => _live.Of(LiveModels.KeyOf(model));

    // As a pipeline would that loads it at the start.
    public bool IsOpen(string path)
    {
        lock (_lock)
            if (_open.Contains(path)) return true;
        if (Directory.Exists(path) && Directory.EnumerateFiles(path).Any(Unreadable)) return false;
        try
        {
            ModelLoader.Load(path);
            return true;
        }
        catch (FaultException)
        {
            return false;
        }
    }

    public void Open(string path)
    {
        if (Defective is { } defect && File.ReadAllText(Path.Combine(path, "model.yaml")).Contains(defect, StringComparison.Ordinal)) throw new InvalidOperationException("a defect");
        ModelLoader.Load(path);
        if (Unloadable is { } bad && File.ReadAllText(Path.Combine(path, "model.yaml")).Contains(bad, StringComparison.Ordinal))
            throw FaultException.Of(FaultKind.Data, path, "it cannot be loaded", "");
        lock (_lock)
            if (!_open.Contains(path)) _open.Add(path);
    }

    public void Close(string path)
    {
        lock (_lock) _open.Remove(path);
    }

    public void TryNow()
    {
    }

    public string? Missing(string model, Model candidate) => MissingLabel;

    public void Dispose()
    {
        if (Service is not null) StopAsync().GetAwaiter().GetResult();
        _publisher.Dispose();
    }

    private Task<ProbeVerdict> Probe(ProbeJob job, CancellationToken stop)
    {
        lock (_lock) Probed.Add(job.Model.Version);
        Demanded = job.Limits;
        return Task.FromResult(OnProbe(job.Model.Version));
    }

    private void Read(string path)
    {
        // As .NET has it of EIO.
        if (Unreadable(path)) throw new IOException("Input/output error", 5);
    }

    private void Take(UpdateReport report)
    {
        _report = report;
        OnTold(report);
    }

    private AgentConfiguration Configuration() => new()
    {
        File = "",
        Device = new("press-3", new Dictionary<string, string>()),
        Mqtt = new() { Url = new("mqtt://127.0.0.1:1") },
        Runtime = new() { StateFolder = _state },
        Models = new Dictionary<string, ModelReference> { ["parts"] = new("parts", Initial ?? "", default, "parts") { Gate = Gate } },
        Pipelines = [],
        Updates = Options,
    };
}

using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Updates;

/// <summary>
/// Model updates of a device: asks the repository now and then, or soon after a hint, lets signed rollouts decide, and tells of every model what becomes
/// of it. A hint carries no location and no trust: it only makes the next look come sooner.
/// </summary>
internal sealed partial class UpdateService : IAsyncDisposable
{
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_firstLook = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pauseAfterDefect = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_patienceAtStop = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_progressPace = TimeSpan.FromSeconds(2);

    private readonly UpdateServices _services;
    private readonly TrustClient _trust;
    private readonly RolloutReader _rollouts;
    private readonly IReleaseSource? _source;
    private readonly Random _random;
    private readonly Action<UpdateReport> _publish;
    private readonly Dictionary<string, ModelUpdate> _models = [];
    private readonly Dictionary<string, UpdateException?> _faults = [];
    private readonly Dictionary<string, long> _told = [];
    private readonly SemaphoreSlim _trusting = new(1);
    private readonly SemaphoreSlim _hinted = new(0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Backoff _retry;
    private readonly Lock _lock = new();
    private Task _loops = Task.CompletedTask;
    private long? _hintDueTimestamp;

    /// <summary>Prepares; nothing is asked before <see cref="Start"/>.</summary>
    /// <param name="models">The managed models.</param>
    /// <param name="services">What all of them share.</param>
    /// <param name="trust">Whom this device trusts.</param>
    /// <param name="device">Who this device is.</param>
    /// <param name="source">The repository; null where updates come by <see cref="ApplyAsync"/> alone.</param>
    /// <param name="random">Spreads questions; not shared with another thread.</param>
    /// <param name="publish">Is told of each model when something has changed, and at a bounded rate while files come.</param>
    public UpdateService(
        IEnumerable<ManagedServing> models, UpdateServices services, TrustClient trust, DeviceIdentity device, IReleaseSource? source, Random random, Action<UpdateReport> publish)
    {
        (_services, _trust, _source, _random, _publish) = (services, trust, source, random, publish);
        _rollouts = new(trust, device);
#pragma warning disable CA5394 // Jitter needs to be spread, not secret.
        foreach (ManagedServing model in models)
            _models.Add(model.Name, new(model, new(source, (place, generation, stop) => ManifestAsync(place, model.Name, generation, stop)), services, new(random.Next()), isState => Changed(model.Name, isState)));
        _retry = new(s_firstRetry, services.Options.Poll, new(random.Next()), BackoffJitter.Full);
#pragma warning restore CA5394
    }

    /// <summary>Starts to look, and to do.</summary>
    public void Start()
    {
        List<Task> loops = [.. _models.Values.Select(m => Task.Run(() => GuardAsync(() => m.RunAsync(_stopping.Token))))];
        if (_source is { } source) loops.Add(Task.Run(() => GuardAsync(() => PollAsync(source))));
        _loops = Task.WhenAll(loops);
        Announce();
    }

    /// <summary>Somebody says that there is something: it is looked for within <c>updates.spread</c>.</summary>
    /// <param name="model">The model that it is about; null for any.</param>
    public void Hint(string? model)
    {
        if (model is not null && !_models.ContainsKey(model)) return;
        lock (_lock)
        {
#pragma warning disable CA5394
            long due = _services.Time.GetTimestamp() + (long)(_random.NextDouble() * _services.Options.Spread.TotalSeconds * _services.Time.TimestampFrequency);
#pragma warning restore CA5394
            if (_hintDueTimestamp is { } earlier && earlier <= due) return;
            _hintDueTimestamp = due;
        }

        _hinted.Release();
    }

    /// <summary>Takes what a folder holds, under the same signatures as from the repository.</summary>
    /// <param name="folder">A copy of a repository.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <returns>What is known of each model then; the releases are on their way.</returns>
    /// <exception cref="FaultException">What the folder holds is not trusted, or not whole; what it holds of other models is taken all the same.</exception>
    public async Task<IReadOnlyList<UpdateReport>> ApplyAsync(string folder, CancellationToken stop)
    {
        if (!Directory.Exists(Path.Combine(folder, "metadata")))
            throw FaultException.Of(FaultKind.NoInput, folder, "this is no repository: it has no folder metadata", "name the folder that 'edgeinfer release' wrote, the one called repository");
        IReadOnlyList<UpdateException> refused = await RefreshAsync(new FolderReleases(folder), stop).ConfigureAwait(false);
        return refused.Count == 0 ? Reports() : throw new FaultException([.. refused.Select(static e => e.Fault)], refused[0]);
    }

    /// <summary>What is known of each model now. Any thread.</summary>
    public IReadOnlyList<UpdateReport> Reports() => [.. _models.Values.Select(m => m.Report(FaultOf(m.Model)))];

    /// <summary>What is known of one model now. Any thread.</summary>
    /// <exception cref="FaultException">There is no such model.</exception>
    public UpdateReport Report(string model) => Of(model).Report(FaultOf(model));

    /// <summary>A managed model's updates.</summary>
    /// <exception cref="FaultException">There is no such model.</exception>
    public ModelUpdate Of(string model) => _models.TryGetValue(model, out ModelUpdate? update) ? update : throw FaultException.Of(
        FaultKind.NoInput, model, "there is no managed model of this name", _models.Count == 0 ? "write models: { NAME: { managed: NAME } }" : $"there are {string.Join(", ", _models.Keys)}");

    /// <summary>Somebody new is to learn everything.</summary>
    public void Announce()
    {
        foreach (string model in _models.Keys) Changed(model, isState: true);
    }

    /// <summary>Stops; trials are suspended in order.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        // Trials are suspended at once; a large graph that is being read goes with the process.
        await Task.WhenAny(_loops, Task.Delay(s_patienceAtStop, _services.Time, CancellationToken.None)).ConfigureAwait(false);
        if (!_loops.IsCompleted) return;
        foreach (ModelUpdate model in _models.Values) model.SettleStart();
    }

    // Whatever a loop ends with, it is said, and the loop begins again: nothing else would ever look for updates.
    private async Task GuardAsync(Func<Task> loop)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await loop().ConfigureAwait(false);
                if (_stopping.IsCancellationRequested) return;
                await Task.Delay(s_pauseAfterDefect, _services.Time, _stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A defect of updates must not end them without a word.
            catch (Exception e)
#pragma warning restore CA1031
            {
                LogDefect(_services.Logger, e.GetType().Name, OneLine.Of(e.Message));
                await Task.WhenAny(Task.Delay(s_pauseAfterDefect, _services.Time, _stopping.Token)).ConfigureAwait(false);
            }
        }
    }

    private UpdateException? FaultOf(string model)
    {
        lock (_lock) return _faults.GetValueOrDefault(model);
    }

    private void Changed(string model, bool isState)
    {
        lock (_lock)
        {
            long now = _services.Time.GetTimestamp();
            if (!isState && _told.TryGetValue(model, out long told) && _services.Time.GetElapsedTime(told, now) < s_progressPace) return;
            _told[model] = now;
        }

        // The first changes come while the models are still being put together.
        if (!_models.TryGetValue(model, out ModelUpdate? update)) return;
        try
        {
            _publish(update.Report(FaultOf(model)));
        }
#pragma warning disable CA1031 // Telling of an update must not end it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogDefect(_services.Logger, e.GetType().Name, OneLine.Of(e.Message));
        }
    }

    [LoggerMessage(EventId = 10034, Level = LogLevel.Error, Message = "updates met a defect and go on: unexpected {Kind}: {What}; report it")]
    private static partial void LogDefect(ILogger logger, string kind, string what);
}

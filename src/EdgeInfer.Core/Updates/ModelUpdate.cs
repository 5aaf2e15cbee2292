using System.Collections.Concurrent;
using System.Threading.Channels;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Pipeline;
using EdgeInfer.Posix.Interop;
using EdgeInfer.Slots;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Updates;

/// <summary>What all models' updates share.</summary>
/// <param name="Preparation">What a release goes through.</param>
/// <param name="Options">When releases may go live.</param>
/// <param name="Trial">What a trial takes.</param>
/// <param name="Device">The device's id.</param>
/// <param name="IsClockSynced">Whether the clock can be trusted with a window.</param>
/// <param name="Time">Clock.</param>
/// <param name="Logger">Changes of state.</param>
internal sealed record UpdateServices(
    PreparationServices Preparation, UpdateOptions Options, TrialRules Trial, string Device, Func<bool> IsClockSynced, TimeProvider Time, ILogger Logger)
{
    /// <summary>One release is fetched, inspected and probed at a time: a device has one disk and little memory.</summary>
    public SemaphoreSlim OneAtATime { get; } = new(1);
}

/// <summary>
/// The way of one managed model's releases onto this device. A loop of its own takes the newest answer of the rollout through preparation, window
/// and trial; everything that must outlast a power cut is in the store before it is acted upon.
/// </summary>
internal sealed partial class ModelUpdate
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_longestRetry = TimeSpan.FromHours(1);

    private readonly string _model;
    private readonly UpdateServices _services;
    private readonly ManagedStore _store;
    private readonly ManagedServing _serving;
    private readonly RepairSources _repair;
    private readonly Backoff _backoff;
    private readonly LaterTry _collecting;
    private readonly Action<bool> _changed;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentQueue<Command> _commands = new();
    private readonly Lock _lock = new();
    private OfferedRelease? _offered;
    private UpdateJob? _job;
    private ModelTrial? _trial;
    private ProgressReport? _progress;
    private Fault? _disk;
    private Action? _interrupt;
    private volatile bool _isApproved;
    private int _wrongBytes;
    private bool _isExamined;
    private bool _isTakenUp;
    private volatile bool _isOver;

    /// <summary>Prepares; nothing is done before <see cref="RunAsync"/>.</summary>
    /// <param name="serving">The model, with what serves it.</param>
    /// <param name="repair">Where damaged files come from.</param>
    /// <param name="services">What all share.</param>
    /// <param name="random">Spreads retries; not shared with another thread.</param>
    /// <param name="changed">Told of every change; true where it is one of state, false for mere progress.</param>
    public ModelUpdate(ManagedServing serving, RepairSources repair, UpdateServices services, Random random, Action<bool> changed)
    {
        (_model, _serving, _repair, _services, _changed) = (serving.Name, serving, repair, services, changed);
        _store = services.Preparation.Store;
        (_backoff, _repairing, _collecting) = (Retries(), new(Retries(), services.Time), new(Retries(), services.Time));
        try
        {
            TakeUpJob();
        }
        catch (FaultException)
        {
            // The loop tries again, and says so.
        }

        Backoff Retries() => new(s_firstRetry, s_longestRetry, random, BackoffJitter.Full);
    }

    /// <summary>The model's name in the store.</summary>
    public string Model => _model;

    /// <summary>The model's state.</summary>
    /// <exception cref="FaultException">Nobody could read it.</exception>
    private SlotFile State => _serving.Slots ?? throw new FaultException(_disk ?? new(FaultKind.Unavailable, _model, "the state of this managed model could not be read", "see the log"));

    /// <summary>The newest answer of the rollout. Any thread.</summary>
    public void Offer(RolloutAnswer answer, IReleaseSource source)
    {
        lock (_lock)
        {
            // The same release goes on where it is: it waits for its window, or was looked at already.
            if (_offered is { } offered && offered.Answer.Offer is { } known && answer.Offer is { } next && known.Signed.Sha256 == next.Signed.Sha256 && known.IsHard == next.IsHard && !offered.IsDone) return;
            _offered = new(answer, source);
        }

        Wake();
    }

    /// <summary>Runs until it is stopped.</summary>
    /// <param name="stop">A trial is suspended in order.</param>
    public async Task RunAsync(CancellationToken stop)
    {
        _isOver = false;
        try
        {
            while (!stop.IsCancellationRequested) await StepAsync(stop).ConfigureAwait(false);
        }
        finally
        {
            _isOver = true;
            RefuseCommands();
        }
    }

    /// <summary>The agent has stopped in order, and <see cref="RunAsync"/> has ended or never began.</summary>
    public void SettleStart() => _serving.SettleStart();

    private async Task StepAsync(CancellationToken stop)
    {
        try
        {
            RunCommands();
            if (_collecting.IsDue) Collect();
            if (!_isTakenUp) TakeUpJob();
            if (!_isExamined) await ExamineAsync(stop).ConfigureAwait(false);
            if (_serving.StandIn is { } standIn) await RepairAsync(standIn, stop).ConfigureAwait(false);
            else if (State.Slots.Trial is not null) await TrialAsync(stop).ConfigureAwait(false);
            else if (Wanted() is { } wanted) await InstallAsync(wanted, stop).ConfigureAwait(false);
            else await WaitAsync(_collecting.Wait, stop).ConfigureAwait(false);
            if (_isTakenUp) _disk = null;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The loop sees it.
        }
        catch (FaultException e)
        {
            // The disk: nothing has happened that is not written down, so the same is tried again.
            await PauseAsync(e.Fault, stop).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // A defect in one model's updates must end neither the others' nor serving.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await PauseAsync(Defect(e), stop).ConfigureAwait(false);
        }
    }

    private Fault Defect(Exception e) => new(FaultKind.Internal, _model, $"unexpected {e.GetType().Name}: {OneLine.Of(e.Message)}", "report this as a defect");

    // After a cut between slots and job the slots are right.
    private void TakeUpJob()
    {
        if (_serving.Slots is not { } slots) return;
        TrialEnd.Reconcile(_model, slots.Slots, _store, _services.Time);
        _job = _store.Jobs.Read(_model);
        _isApproved = _job is { IsRunning: true, Approved: true };
        _isTakenUp = true;
    }

    private async Task PauseAsync(Fault fault, CancellationToken stop)
    {
        SayDisk(fault);
        _changed(true);
        await WaitQuietlyAsync(_backoff.Next(), stop).ConfigureAwait(false);
    }

    // Once for each place: how much is free is another number each time.
    private void SayDisk(Fault fault)
    {
        if (_disk is not { } said || said.Where != fault.Where || said.Kind != fault.Kind) LogDisk(_services.Logger, _model, fault);
        _disk = fault;
    }

    // What the rollout names, where that is neither here nor known to be no good.
    private OfferedRelease? Wanted()
    {
        OfferedRelease? offered;
        lock (_lock) offered = _offered;
        if (offered?.Answer.Offer is not { } offer || offered.IsDone) return null;
        ModelSlots slots = State.Slots;
        bool isHere = slots.Active is { } active && active.Manifest == offer.Signed.Sha256;
        if (!isHere && slots.Pin is null && _store.Jobs.RefusalOf(_model, offer.Signed.Sha256) is null) return offered;
        RaiseFloor(offer.Custom);
        offered.IsDone = true;
        return null;
    }

    private DateTimeOffset Now => _services.Time.GetUtcNow();

    // A state behind the one reached is gone through again; the journal tells how far the job is, not what is being looked at once more.
    private void Reach(JobState state, IReadOnlyList<string> blobs)
    {
        UpdateJob job = _job!;
        if (job.State != state) job = job.MoveTo(state, Now);
        if (!job.Blobs.SequenceEqual(blobs)) job = job with { Blobs = blobs };
        if (job != _job) Write(job);
    }

    private void Write(UpdateJob job)
    {
        _store.Jobs.Write(job);
        _job = job;
        _changed(true);
    }

    private void Received(long bytes, long total)
    {
        _progress = new(bytes, total);
        _changed(false);
    }

    // What nothing names can wait for a disk that refuses: whatever it is collected after is done, and is not said to have failed.
    private void Collect()
    {
        // What another model's release is being built of is left alone; the next end of an update collects.
        if (!_services.OneAtATime.Wait(0))
        {
            if (_collecting.IsOutstanding) _collecting.Put();
            return;
        }

        try
        {
            Collected collected = _store.Collect();
            _collecting.Done();
            // What an update took of memory goes with what it took of the disk.
            NativeHeap.Trim();
            if (collected.Bytes > 0) LogCollected(_services.Logger, collected.Generations, collected.Blobs, collected.Bytes);
        }
        catch (FaultException e)
        {
            if (!_collecting.IsOutstanding) LogNotCollected(_services.Logger, _model, e.Fault);
            _collecting.Put();
        }
        finally
        {
            _services.OneAtATime.Release();
        }
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private async Task WaitAsync(TimeSpan most, CancellationToken stop)
    {
        using CancellationTokenSource over = new(most, _services.Time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(stop, over.Token);
        try
        {
            await _wake.Reader.ReadAsync(both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // The time is over.
        }
    }

    private async Task WaitQuietlyAsync(TimeSpan most, CancellationToken stop)
    {
        try
        {
            await WaitAsync(most, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The loop sees it.
        }
    }

    /// <summary>An answer and where its files are.</summary>
    private sealed class OfferedRelease(RolloutAnswer answer, IReleaseSource source)
    {
        public RolloutAnswer Answer { get; } = answer;

        public IReleaseSource Source { get; } = source;

        /// <summary>Nothing is to be done about it.</summary>
        public bool IsDone { get; set; }
    }

    [LoggerMessage(EventId = 10013, Level = LogLevel.Error, Message = "model {Model}: its updates are tried again later: {Fault}")]
    private static partial void LogDisk(ILogger logger, string model, Fault fault);

    [LoggerMessage(EventId = 10014, Level = LogLevel.Information, Message = "removed {Generations} generations and {Blobs} files that nothing names, {Bytes} bytes")]
    private static partial void LogCollected(ILogger logger, int generations, int blobs, long bytes);

    [LoggerMessage(EventId = 10016, Level = LogLevel.Warning, Message = "model {Model}: what nothing names cannot be removed now, and is tried again: {Fault}")]
    private static partial void LogNotCollected(ILogger logger, string model, Fault fault);
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Slots;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Updates;

/// <summary>Where damaged files of a generation come from.</summary>
/// <param name="Source">The repository; null where there is none.</param>
/// <param name="ManifestOf">The exact bytes of a generation's manifest, as signed, from a source; null where nobody has signed it.</param>
internal sealed record RepairSources(IReleaseSource? Source, Func<IReleaseSource, Generation, CancellationToken, Task<byte[]?>> ManifestOf);

/// <summary>From a damaged generation back to a whole one. It is the same release before and after: nothing is counted, refused or put on trial by it.</summary>
internal sealed partial class ModelUpdate
{
    private const int MendAttempts = 3;

    private readonly LaterTry _repairing;
    private string? _repairWaits;

    /// <summary>
    /// What the start could not find out: bytes that differ where sizes do not. A model that was loaded has the right digest; one that was not is read
    /// whole, beside serving.
    /// </summary>
    private async Task ExamineAsync(CancellationToken stop)
    {
        IModelHost host = _services.Preparation.Host;
        if (_serving.Slots is null) Serve(_serving.Begin());
        if (!_isTakenUp) TakeUpJob();
        if (_serving.StandIn is null && State.Slots.Serving is { } serving && host.Live(_model).Now.Path == PathOf(serving) && !host.IsOpen(PathOf(serving)))
        {
            string path = await Task.Run(() => _serving.Choose(readsAll: true), stop).ConfigureAwait(false);
            if (_serving.StandIn is not null)
            {
                Serve(path);
                // It never began: that start is not held against it.
                _serving.SettleStart();
            }
        }

        _isExamined = true;
        _changed(true);
    }

    private async Task RepairAsync(StandIn standIn, CancellationToken stop)
    {
        if (await TryRepairAsync(standIn.For, stop).ConfigureAwait(false)) return;
        // Another release need not wait for this one to come back.
        OfferedRelease? wanted = Wanted();
        if (State.Slots.Trial is not { } trial)
        {
            if (wanted is not null) await InstallAsync(wanted, stop).ConfigureAwait(false);
            else await WaitAsync(_repairing.Wait, stop).ConfigureAwait(false);
        }
        else if (wanted?.Answer.Offer is { } newer && newer.Signed.Sha256 != trial.Generation.Manifest)
        {
            RollBack(UpdateCode.Network, $"its files are damaged and cannot be had, and {newer.Signed.Path} is there: {_repairWaits}");
        }
        else
        {
            await WaitAsync(_repairing.Wait, stop).ConfigureAwait(false);
        }
    }

    /// <summary>Tries once to mend what should serve; false where that has to wait.</summary>
    private async Task<bool> TryRepairAsync(Generation generation, CancellationToken stop)
    {
        try
        {
            if (await AloneAsync(token => MendAllAsync(generation, token), stop).ConfigureAwait(false)) ComeBack(generation);
            return true;
        }
        catch (FaultException e)
        {
            string why = e.Fault.ToString();
            if (_repairWaits != why) LogRepairWaits(_services.Logger, _model, generation.ToString(), why);
            _repairWaits = why;
            _repairing.Put();
            _changed(true);
            return false;
        }
    }

    /// <summary>True once the generation is whole.</summary>
    private async Task<bool> MendAllAsync(Generation generation, CancellationToken stop)
    {
        if (!_serving.TryMend(generation)) await FetchAgainAsync(generation, stop).ConfigureAwait(false);
        MendOthers(generation);
        return true;
    }

    /// <summary>Fetches what is damaged and builds the generation again.</summary>
    private async Task FetchAgainAsync(Generation generation, CancellationToken stop)
    {
        if (generation.Seq == 0)
            throw UpdateException.Of(UpdateCode.Network, _model, "what this device began with is in no repository", "put its files back to where initial says, or roll out a release");
        UpdateException? last = null;
        foreach (IReleaseSource source in RepairFrom())
        {
            try
            {
                await FetchAgainAsync(generation, source, stop).ConfigureAwait(false);
                return;
            }
            catch (UpdateException e) when (e.Code != UpdateCode.Space)
            {
                last = e;
            }
        }

        throw last ?? UpdateException.Of(UpdateCode.Network, _model, "there is no repository to fetch its files from", "write updates.repository, or 'edgeinfer update apply DIR'");
    }

    private async Task FetchAgainAsync(Generation generation, IReleaseSource source, CancellationToken stop)
    {
        GenerationStore generations = _store.Generations;
        byte[] manifest = generations.ManifestOf(_model, generation) ?? await SignedManifestAsync(generation, source, stop).ConfigureAwait(false);
        ReleasePlan? plan = _serving.PlanOf(generation, manifest);
        for (int attempt = 0; attempt < MendAttempts; attempt++)
        {
            IReadOnlyList<StoredFile> lacking = generations.Repair(_model, generation, manifest, plan)
                ?? throw FaultException.Of(FaultKind.Internal, _model, $"the manifest of {generation} names other files than were taken", "report this as a defect");
            if (lacking.Count == 0) return;
            long total = plan!.Bytes, have = total - lacking.Sum(static f => f.Bytes);
            foreach (StoredFile file in lacking)
            {
                await source.Fetch(file, _store, count => Received(have += count, total), stop).ConfigureAwait(false);
                stop.ThrowIfCancellationRequested();
            }
        }

        throw FaultException.Of(FaultKind.InputOutput, _store.Folders.State, $"files of {generation} are damaged again as soon as they have come", "replace the disk");
    }

    private async Task<byte[]> SignedManifestAsync(Generation generation, IReleaseSource source, CancellationToken stop)
    {
        return await _repair.ManifestOf(source, generation, stop).ConfigureAwait(false)
            ?? throw UpdateException.Of(UpdateCode.Network, _model, $"{generation} is damaged, and nobody names its files any more", "roll out a release");
    }

    // The repository, and what somebody carried here.
    private IEnumerable<IReleaseSource> RepairFrom()
    {
        IReleaseSource? offered;
        lock (_lock) offered = _offered?.Source;
        return new[] { _repair.Source, offered }.OfType<IReleaseSource>().Distinct();
    }

    // They link the same damaged files.
    private void MendOthers(Generation mended)
    {
        foreach (Generation other in State.Slots.Named.Where(g => !g.IsSame(mended)))
        {
            try
            {
                _serving.TryMend(other);
            }
            catch (FaultException e)
            {
                // Looked at again when it is to serve.
                LogDisk(_services.Logger, _model, e.Fault);
            }
        }
    }

    private void ComeBack(Generation generation)
    {
        if (State.Slots.Trial is not null && !TryCountStart()) return;
        GoLive(PathOf(generation));
        _serving.EndStandIn();
        _repairWaits = null;
        _repairing.Done();
        LogMended(_services.Logger, _model, generation.ToString());
        _changed(true);
        Collect();
    }

    // A trial's start counts from when its model is loaded; one that was started too often has ended.
    private bool TryCountStart()
    {
        try
        {
            _serving.CountStart(State.Slots);
            return true;
        }
        catch (UpdateException e) when (e.Code == UpdateCode.Crash)
        {
            RollBack(e.Code, e.Fault.What);
            return false;
        }
    }

    [LoggerMessage(EventId = 10061, Level = LogLevel.Warning, Message = "model {Model}: {Generation} cannot be mended now, and is tried again: {Why}")]
    private static partial void LogRepairWaits(ILogger logger, string model, string generation, string why);

    [LoggerMessage(EventId = 10062, Level = LogLevel.Information, Message = "model {Model}: {Generation} is whole again and serves")]
    private static partial void LogMended(ILogger logger, string model, string generation);
}

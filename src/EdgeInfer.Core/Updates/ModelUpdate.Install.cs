using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Slots;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Updates;

/// <summary>From an offer to the trial: admitted, prepared, waited for.</summary>
internal sealed partial class ModelUpdate
{
    // With the delays between them about half an hour.
    private const int MostWrongBytes = 8;

    private static readonly TimeSpan s_windowLook = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_probeWait = TimeSpan.FromMinutes(10);

    private readonly HashSet<string> _saidLooser = [];

    private async Task InstallAsync(OfferedRelease offered, CancellationToken stop)
    {
        ReleaseOffer offer = offered.Answer.Offer!;
        if (_job is not { IsRunning: true, Target: { } target } || target.Manifest != offer.Signed.Sha256)
        {
            Write(UpdateJob.Offer(_model, Now) with { Target = offer.Target });
            _isApproved = false;
            _wrongBytes = 0;
            _backoff.Reset();
        }

        try
        {
            Reach(JobState.Metadata, []);
            Admit(offer);
            Reach(JobState.Admitted, []);
            SayLooser(GateLimits.Of(offer.Custom.Gate, offer.Signed.Path));
            if (await PrepareAsync(offer, offered.Source, stop).ConfigureAwait(false) is not { } prepared) return;
            Reach(JobState.Window, _job!.Blobs);
            if (!await WindowAsync(offered, stop).ConfigureAwait(false)) return;
            BeginTrial(prepared, offer.IsHard);
        }
        catch (UpdateException e) when (e.Code.IsPassing() || IsPerhapsOnTheWay(e))
        {
            await RetryAsync(e.Code, e.Fault.ToString(), _backoff.Next(), stop).ConfigureAwait(false);
        }
        catch (UpdateException e)
        {
            Fail(offer, e);
        }
    }

    // Whoever is on the way could otherwise keep a release off this device for good by changing one byte of it once.
    private bool IsPerhapsOnTheWay(UpdateException e)
        => e.Code is UpdateCode.Digest or UpdateCode.Size && _job is { State: JobState.Fetching } && ++_wrongBytes <= MostWrongBytes;

    private void Admit(ReleaseOffer offer)
    {
        RaiseFloor(offer.Custom);
        if (Suitability.Check(offer.Custom, _services.Preparation.Facts, offer.Path) is { } unsuited) throw unsuited;
        if (offer.Custom.RevokedBelow is { } revoked && offer.Custom.Sequence < revoked)
            throw UpdateException.Of(UpdateCode.Revoked, offer.Signed.Path, $"it revokes releases below {revoked} and is one", "publish a newer release");
        if (offer.Custom.Sequence < State.Slots.Floor)
        {
            throw UpdateException.Of(UpdateCode.Rollback, offer.Signed.Path, $"this device has served {State.Slots.Floor} for good, or it is revoked below that",
                "publish what is wanted under a higher number");
        }
    }

    // Once for each: a release comes again and again while it waits for something.
    private void SayLooser(GateLimits release)
    {
        foreach (string looser in release.Looser(_serving.Gate).Where(_saidLooser.Add)) LogLooser(_services.Logger, _model, looser);
    }

    private void RaiseFloor(ReleaseCustom custom)
    {
        if (custom.RevokedBelow is { } revoked && revoked > State.Slots.RevokedBelow) State.Write(State.Slots.RaiseFloor(revoked));
    }

    private async Task<PreparedGeneration?> PrepareAsync(ReleaseOffer offer, IReleaseSource source, CancellationToken stop)
    {
        ReleasePreparation preparation = new(_model, _serving.Gate, _services.Preparation, source, Reach, Received);
        (PreparedGeneration? Generation, string? Waits) prepared = await AloneAsync(token => preparation.Run(offer, token), stop).ConfigureAwait(false);
        if (prepared.Waits is { } waits) await RetryAsync(null, waits, s_probeWait, stop).ConfigureAwait(false);
        return prepared.Generation;
    }

    /// <summary>Does what no other model does meanwhile; the default where a command came first.</summary>
    private async Task<T?> AloneAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken stop)
    {
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(stop);
        lock (_lock) _interrupt = both.Cancel;
        bool isIn = false;
        try
        {
            // What came before it could be interrupted.
            if (!_commands.IsEmpty) return default;
            await _services.OneAtATime.WaitAsync(both.Token).ConfigureAwait(false);
            isIn = true;
            return await Task.Run(() => work(both.Token), both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested && both.IsCancellationRequested)
        {
            // A command comes first; what was fetched stays.
            return default;
        }
        finally
        {
            lock (_lock) _interrupt = null;
            _progress = null;
            if (isIn) _services.OneAtATime.Release();
        }
    }

    /// <summary>Waits for the window, and for whoever has to release it; false where the rollout says something else by then.</summary>
    private async Task<bool> WindowAsync(OfferedRelease offered, CancellationToken stop)
    {
        while (ReferenceEquals(Wanted(), offered))
        {
            string? waits = WaitsFor();
            if (waits is null) return true;
            if (_job!.Reason != waits) Write(_job with { Reason = waits });
            // What is damaged does not wait with it.
            if (_serving.StandIn is { } standIn && (_repairing.IsDue || !_repairing.IsOutstanding)) await TryRepairAsync(standIn.For, stop).ConfigureAwait(false);
            await WaitAsync(s_windowLook, stop).ConfigureAwait(false);
            RunCommands();
        }

        return false;
    }

    private string? WaitsFor()
    {
        if (_services.Options.NeedsApproval && !_isApproved) return "it waits for approval: 'edgeinfer update approve', or a message to update/install";
        if (_services.Options.Window is not { } window) return null;
        if (!_services.IsClockSynced()) return $"it waits for the window {window}, and for a clock that is kept by a time source";
        return window.Holds(TimeOnly.FromDateTime(_services.Time.GetLocalNow().DateTime)) ? null : $"it waits for the window {window}";
    }

    private async Task RetryAsync(UpdateCode? code, string why, TimeSpan after, CancellationToken stop)
    {
        if (_job?.Reason != why) LogWaits(_services.Logger, _model, why);
        Write(_job!.Wait(code, why, Now + after));
        await WaitAsync(after, stop).ConfigureAwait(false);
    }

    private void Fail(ReleaseOffer offer, UpdateException e)
    {
        string why = e.Fault.ToString();
        _store.Jobs.Refuse(_model, new(offer.Signed.Sha256, offer.Custom.Sequence, IsRolledBack: false, e.Code, why, Now), State.Slots.Floor);
        Write(_job!.Fail(e.Code, why, Now));
        LogFailed(_services.Logger, _model, offer.Signed.Path, e.Code.Word(), why);
        Collect();
    }

    [LoggerMessage(EventId = 10011, Level = LogLevel.Error, Message = "model {Model}: {Path} is not taken ({Code}): {Why}")]
    private static partial void LogFailed(ILogger logger, string model, string path, string code, string why);

    [LoggerMessage(EventId = 10012, Level = LogLevel.Warning, Message = "model {Model}: its update waits: {Why}")]
    private static partial void LogWaits(ILogger logger, string model, string why);

    [LoggerMessage(EventId = 10015, Level = LogLevel.Warning, Message = "model {Model}: the device's gate has no effect where it is looser than the release's: {Looser}")]
    private static partial void LogLooser(ILogger logger, string model, string looser);
}

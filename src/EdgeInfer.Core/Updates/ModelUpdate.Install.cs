using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
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
        if (offer.Custom.Sequence < _slots.Slots.Floor)
        {
            throw UpdateException.Of(UpdateCode.Rollback, offer.Signed.Path, $"this device has served {_slots.Slots.Floor} for good, or it is revoked below that",
                "publish what is wanted under a higher number");
        }
    }

    private void RaiseFloor(ReleaseCustom custom)
    {
        if (custom.RevokedBelow is { } revoked && revoked > _slots.Slots.RevokedBelow) _slots.Write(_slots.Slots.RaiseFloor(revoked));
    }

    private async Task<PreparedGeneration?> PrepareAsync(ReleaseOffer offer, IReleaseSource source, CancellationToken stop)
    {
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(stop);
        lock (_lock) _interrupt = both.Cancel;
        string? waits;
        bool isIn = false;
        try
        {
            // What came before it could be interrupted.
            if (!_commands.IsEmpty) return null;
            await _services.OneAtATime.WaitAsync(both.Token).ConfigureAwait(false);
            isIn = true;
            ReleasePreparation preparation = new(_model, _services.Preparation, source, Reach, Received);
            (PreparedGeneration? prepared, waits) = await Task.Run(() => preparation.Run(offer, both.Token), both.Token).ConfigureAwait(false);
            if (prepared is not null) return prepared;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // A command comes first; what was fetched stays.
            return null;
        }
        finally
        {
            lock (_lock) _interrupt = null;
            _progress = null;
            if (isIn) _services.OneAtATime.Release();
        }

        await RetryAsync(null, waits!, s_probeWait, stop).ConfigureAwait(false);
        return null;
    }

    /// <summary>Waits for the window, and for whoever has to release it; false where the rollout says something else by then.</summary>
    private async Task<bool> WindowAsync(OfferedRelease offered, CancellationToken stop)
    {
        while (ReferenceEquals(Wanted(), offered))
        {
            string? waits = WaitsFor();
            if (waits is null) return true;
            if (_job!.Reason != waits) Write(_job with { Reason = waits });
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
        _store.Jobs.Refuse(_model, new(offer.Signed.Sha256, offer.Custom.Sequence, IsRolledBack: false, e.Code, why, Now), _slots.Slots.Floor);
        Write(_job!.Fail(e.Code, why, Now));
        LogFailed(_services.Logger, _model, offer.Signed.Path, e.Code.Word(), why);
        Collect();
    }

    [LoggerMessage(EventId = 10011, Level = LogLevel.Error, Message = "model {Model}: {Path} is not taken ({Code}): {Why}")]
    private static partial void LogFailed(ILogger logger, string model, string path, string code, string why);

    [LoggerMessage(EventId = 10012, Level = LogLevel.Warning, Message = "model {Model}: its update waits: {Why}")]
    private static partial void LogWaits(ILogger logger, string model, string why);
}

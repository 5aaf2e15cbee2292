using System.Globalization;
using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;
using EdgeInfer.Slots;
using EdgeInfer.Trust;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Updates;

/// <summary>When the repository is asked, and what its answers mean for each model.</summary>
internal sealed partial class UpdateService
{
    private async Task PollAsync(IReleaseSource source)
    {
        CancellationToken stop = _stopping.Token;
        // Power comes back to a whole plant at once.
        TimeSpan wait = FirstLook();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(wait, stop).ConfigureAwait(false);
                IReadOnlyList<UpdateException> refused = await RefreshAsync(source, stop).ConfigureAwait(false);
                if (refused.Any(static e => e.Code.IsPassing()))
                {
                    // The line broke behind the metadata.
                    wait = _retry.Next();
                    continue;
                }

                _retry.Reset();
                wait = Spread(_services.Options.Poll);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (UpdateException e)
            {
                // A repository that cannot be reached is asked again soon; what it says wrongly will be right when somebody has mended it.
                wait = e.Code.IsPassing() ? _retry.Next() : Spread(_services.Options.Poll);
            }
            catch (FaultException e)
            {
                LogDisk(_services.Logger, e.Fault);
                wait = _retry.Next();
            }
#pragma warning disable CA1031 // What nobody reckoned with is looked at again later, as what stands in the way of it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                LogDefect(_services.Logger, e.GetType().Name, OneLine.Of(e.Message));
                wait = _retry.Next();
            }
        }
    }

    /// <summary>Asks a source for what is new.</summary>
    /// <returns>Why a model's part of it is not taken; empty where all was.</returns>
    /// <exception cref="UpdateException">Nothing of it can be taken.</exception>
    private async Task<IReadOnlyList<UpdateException>> RefreshAsync(IReleaseSource source, CancellationToken stop)
    {
        List<UpdateException> refused = [];
        await _trusting.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            try
            {
                await _trust.Refresh(source.Roles, stop).ConfigureAwait(false);
            }
            catch (UpdateException e)
            {
                foreach (string model in _models.Keys) Note(model, source, e);
                throw;
            }

            foreach (ModelUpdate model in _models.Values)
                if (await OfferAsync(model, source, stop).ConfigureAwait(false) is { } why) refused.Add(why);
        }
        finally
        {
            _trusting.Release();
        }

        WarnOfExpiry();
        return refused;
    }

    private async Task<UpdateException?> OfferAsync(ModelUpdate model, IReleaseSource source, CancellationToken stop)
    {
        try
        {
            model.Offer(await _rollouts.Read(model.Model, stop).ConfigureAwait(false), source);
            Note(model.Model, source, null);
            return null;
        }
        catch (UpdateException e)
        {
            // The others' releases are theirs.
            Note(model.Model, source, e);
            return e;
        }
    }

    /// <summary>The exact bytes of a generation's manifest, as signed; null where nobody has signed it, or another one in its place.</summary>
    private async Task<byte[]?> ManifestAsync(IReleaseSource source, string model, Generation generation, CancellationToken stop)
    {
        await _trusting.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            await _trust.Refresh(source.Roles, stop).ConfigureAwait(false);
            SignedTarget? signed = await _trust.Find(generation.Target ?? new ReleasePath(model, generation.Seq).ToString(), stop).ConfigureAwait(false);
            return signed?.Sha256 == generation.Manifest ? await _trust.ReadTarget(signed, ReleaseLimits.ManifestBytes, stop).ConfigureAwait(false) : null;
        }
        finally
        {
            _trusting.Release();
        }
    }

    private void Note(string model, IReleaseSource source, UpdateException? fault)
    {
        bool isNews;
        lock (_lock)
        {
            isNews = _faults.GetValueOrDefault(model)?.Fault.What != fault?.Fault.What;
            _faults[model] = fault;
        }

        if (!isNews) return;
        if (fault is not null) LogRepository(_services.Logger, source.Display, model, fault.Code.Word(), fault.Fault);
        Changed(model, isState: true);
    }

    private void WarnOfExpiry()
    {
        foreach (RoleExpiry expiry in _trust.Expiries.Where(static e => e.IsDue)) LogExpiry(_services.Logger, expiry.Role, expiry.Expires);
    }

    // Until the time is over, or the next hint's.
    private async Task WaitAsync(TimeSpan most, CancellationToken stop)
    {
        long due = _services.Time.GetTimestamp() + (long)(most.TotalSeconds * _services.Time.TimestampFrequency);
        while (true)
        {
            long next;
            lock (_lock) next = _hintDueTimestamp is { } hint && hint < due ? hint : due;
            TimeSpan left = _services.Time.GetElapsedTime(_services.Time.GetTimestamp(), next);
            if (left <= TimeSpan.Zero) break;
            using CancellationTokenSource over = new(left, _services.Time);
            using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(stop, over.Token);
            try
            {
                await _hinted.WaitAsync(both.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                // The time is over.
            }
        }

        stop.ThrowIfCancellationRequested();
        lock (_lock) _hintDueTimestamp = null;
    }

#pragma warning disable CA5394
    private TimeSpan FirstLook()
    {
        TimeSpan most = _services.Options.Spread < s_firstLook ? _services.Options.Spread : s_firstLook;
        return most * _random.NextDouble();
    }

    private TimeSpan Spread(TimeSpan time) => time * (0.9 + 0.2 * _random.NextDouble());
#pragma warning restore CA5394

    [LoggerMessage(EventId = 10031, Level = LogLevel.Warning, Message = "updates from {Source}, model {Model}: nothing is taken ({Code}): {Fault}")]
    private static partial void LogRepository(ILogger logger, string source, string model, string code, Fault fault);

    [LoggerMessage(EventId = 10032, Level = LogLevel.Warning, Message = "the signed metadata of the role {Role} expire at {At:u}: the publisher has to sign them again")]
    private static partial void LogExpiry(ILogger logger, string role, DateTimeOffset at);

    [LoggerMessage(EventId = 10033, Level = LogLevel.Error, Message = "updates wait for the disk: {Fault}")]
    private static partial void LogDisk(ILogger logger, Fault fault);
}

using EdgeInfer.Configuration;
using EdgeInfer.Preprocessing;
using EdgeInfer.Signals;

namespace EdgeInfer.Pipeline;

/// <summary>A frame's way through a pipeline, and whether it has its turn.</summary>
internal sealed partial class PipelineWorker
{
    private void Take(FrameLease frame)
    {
        _pulse.Step();
        FollowSettings();
        Tap.Offer(frame);
        if (!HasTurn(frame))
        {
            frame.Dispose();
            Counters.CountSkipped();
            return;
        }

        _recorder?.Begin(frame);
        DecodeOutcome outcome = _models.Process(frame);
        _loggedDefect = null;
        if (outcome != DecodeOutcome.Ok) Refuse(outcome);
        else if (_models.HasResult) Count();
        _recorder?.End(outcome);
    }

    private bool HasTurn(FrameLease frame)
    {
        long now = _time.GetTimestamp();
        if (_options.Source is not FilesOptions) return _rate.TryPass(now);

        // Files are not dropped: they wait for their turn.
        while (!_rate.TryPass(now))
        {
            // Whole milliseconds, rounded up: waits are no finer.
            _pulse.Step();
            if (_stop.Token.WaitHandle.WaitOne((int)Math.Ceiling(Math.Max(1, Nap(_rate.Wait(now)).TotalMilliseconds)))) return false;
            now = _time.GetTimestamp();
        }

        // They are read ahead: what they wait for is no delay of anything that was seen.
        frame.CaptureAt(now, _time.GetUtcNow());
        return true;
    }

    private void Count()
    {
        Counters.CountPrediction();
        _ages.Add(_models.AgeMilliseconds);
        Interlocked.Exchange(ref _lastCaptureTicks, _models.Frame.CapturedAt.UtcTicks);
        if (_refusals.Recover()) Changed();
    }

    private void Refuse(DecodeOutcome outcome)
    {
        Counters.CountRefused(outcome);
        string name = _options.Source is FilesOptions ? _models.Frame.Id.ToString() : _source.Name;
        if (_refusals.Refuse(name, where => _models.Describe(outcome, where))) Changed();
    }
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Pipeline;
using EdgeInfer.Slots;

namespace EdgeInfer.Updates;

/// <summary>
/// A generation on trial while pipelines run it: counts are kept over restarts, so that a device that is switched off every night ends its trial
/// all the same. The caller looks at <see cref="Look"/> about once a second; one thread at a time.
/// </summary>
internal sealed class ModelTrial
{
    // What a power cut may take from a trial; each costs two synced writes of a small file.
    private static readonly TimeSpan s_noteInterval = TimeSpan.FromSeconds(30);

    private readonly SlotFile _slots;
    private readonly ServiceRecord _record;
    private readonly TrialBaseline _before;
    private readonly TrialRules _rules;
    private readonly Func<long?> _rss;
    private readonly TimeProvider _time;
    private readonly long _beganTimestamp;
    private readonly long _resultsBefore;
    private readonly TimeSpan _servedBefore;
    private long _notedTimestamp;
    private bool _isSettled;

    /// <summary>Begins to watch; the generation is live.</summary>
    /// <param name="slots">The model's state, with this trial.</param>
    /// <param name="record">What the generation does.</param>
    /// <param name="resultsBefore">Results of earlier starts, which the record does not hold.</param>
    /// <param name="before">What the model before it took.</param>
    /// <param name="rules">What the trial takes.</param>
    /// <param name="rss">Resident memory of this process in bytes.</param>
    /// <param name="time">Clock.</param>
    public ModelTrial(SlotFile slots, ServiceRecord record, long resultsBefore, TrialBaseline before, TrialRules rules, Func<long?> rss, TimeProvider time)
    {
        (_slots, _record, _before, _rules, _rss, _time) = (slots, record, before, rules, rss, time);
        SlotTrial trial = slots.Slots.Trial!;
        _resultsBefore = resultsBefore;
        _servedBefore = TimeSpan.FromSeconds(trial.ServedSeconds);
        _beganTimestamp = _notedTimestamp = time.GetTimestamp();
        record.WatchesOutputs = true;
    }

    /// <summary>What has been counted, over all starts.</summary>
    public TrialCounters Counters
    {
        get
        {
            ServiceReading now = _record.Read();
            return new()
            {
                Results = _resultsBefore + now.Results,
                Errors = now.Errors,
                NotNumbers = now.NotNumbers,
                Served = _servedBefore + _time.GetElapsedTime(_beganTimestamp),
                InferenceP95Milliseconds = now.P95Milliseconds,
                RssBytes = _rss(),
            };
        }
    }

    /// <summary>What the model before it took.</summary>
    public TrialBaseline Before => _before;

    /// <summary>The newest failure of the generation; null where there is none.</summary>
    public string? LastError => _record.Read().LastError;

    /// <summary>Judges, and writes down from time to time how far it is.</summary>
    public TrialVerdict Look()
    {
        TrialCounters counters = Counters;
        TrialVerdict verdict = TrialVerdict.Of(counters, _before, _rules);
        if (verdict is TrialGoesOn) Note(counters);
        return verdict;
    }

    /// <summary>The agent stops in order: this start is not held against the model, and what was counted is kept.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public void Suspend()
    {
        Write(Counters, settles: !_isSettled);
    }

    private void Note(TrialCounters counters)
    {
        bool settles = !_isSettled && counters.Results >= _rules.CleanResults;
        if (!settles && _time.GetElapsedTime(_notedTimestamp) < s_noteInterval) return;
        _notedTimestamp = _time.GetTimestamp();
        try
        {
            Write(counters, settles);
        }
        catch (FaultException)
        {
            // A full disk is no reason to stop judging; it is tried again in a while, and a restart begins with what was written before.
        }
    }

    private void Write(TrialCounters counters, bool settles)
    {
        ModelSlots next = _slots.Slots.NoteProgress(counters.Results, counters.Served);
        _slots.Write(settles && next.Trial!.Attempts > 0 ? next.SettleAttempt() : next);
        _isSettled |= settles;
    }
}

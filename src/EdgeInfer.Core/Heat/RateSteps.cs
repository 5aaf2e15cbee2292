namespace EdgeInfer.Heat;

/// <summary>How a device stands to its limit.</summary>
internal enum HeatState
{
    /// <summary>Cool enough to work more.</summary>
    Cool,

    /// <summary>Between the two: as it is.</summary>
    Warm,

    /// <summary>Too hot, or held back.</summary>
    Hot,
}

/// <summary>
/// Steps down while it is hot and up while it is cool, one at a time, each after it has been so without a break. In the band between
/// the two nothing moves, nor does it while the last step is still taking effect: where the temperature, going on as it does, is out of
/// that state in as long again. Where a step up proves too much, the next one is waited for twice as long, so that it does not swing.
/// </summary>
/// <param name="time">Clock.</param>
internal sealed class RateSteps(TimeProvider time)
{
    /// <summary>Hot for so long: a step down. A board's temperature follows its load within half a minute or so.</summary>
    public static readonly TimeSpan HotFor = TimeSpan.FromSeconds(30);

    /// <summary>Cool for so long: a step up. Longer, so that a load which is just too much does not wear itself up and down.</summary>
    public static readonly TimeSpan CoolFor = TimeSpan.FromSeconds(120);

    /// <summary>The longest that a step up is waited for.</summary>
    public static readonly TimeSpan CoolForAtMost = TimeSpan.FromSeconds(32 * 60);

    private static readonly double[] s_rates = [1, 0.75, 0.5, 0.25];

    private HeatState _state = HeatState.Warm;
    private long _since;
    private int _step;
    private bool _wasUp;
    private double _from;

    /// <summary>How long it has to be cool for the next step up.</summary>
    public TimeSpan Patience { get; private set; } = CoolFor;

    /// <summary>The fraction at this step.</summary>
    public double Rate => s_rates[_step];

    /// <summary>Takes the state now.</summary>
    /// <param name="state">The state.</param>
    /// <param name="excess">Degrees above the limit, negative below it; 0 where there is none.</param>
    /// <returns>Whether the step has changed.</returns>
    public bool Take(HeatState state, double excess)
    {
        if (state != _state) Begin(state, excess);
        TimeSpan been = time.GetElapsedTime(_since);
        if (state == HeatState.Warm || been < (state == HeatState.Hot ? HotFor : Patience)) return false;
        double ahead = excess + (excess - _from);
        bool lasts = state == HeatState.Hot ? excess <= 0 || ahead > 0 : ahead <= -HeatGovernor.HysteresisCelsius || excess == 0;
        int step = !lasts ? _step : state == HeatState.Hot ? Math.Min(_step + 1, s_rates.Length - 1) : Math.Max(_step - 1, 0);

        // Full rate has lasted: what was too much is over.
        if (step == _step && lasts && state == HeatState.Cool) (Patience, _wasUp) = (CoolFor, false);
        Begin(state, excess);
        if (step == _step) return false;
        if (step > _step && _wasUp) Patience = Patience * 2 < CoolForAtMost ? Patience * 2 : CoolForAtMost;
        (_step, _wasUp) = (step, step < _step);
        return true;
    }

    /// <summary>Full rate at once.</summary>
    /// <returns>Whether the step has changed.</returns>
    public bool Reset()
    {
        bool isChanged = _step != 0;
        (_step, _state, Patience, _wasUp) = (0, HeatState.Warm, CoolFor, false);
        return isChanged;
    }

    private void Begin(HeatState state, double excess) => (_state, _since, _from) = (state, time.GetTimestamp(), excess);
}

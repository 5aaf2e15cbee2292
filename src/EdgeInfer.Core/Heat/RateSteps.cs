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
/// the two nothing moves. Where a step up proves too much, the next one is waited for twice as long, so that it does not swing.
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

    /// <summary>How long it has to be cool for the next step up.</summary>
    public TimeSpan Patience { get; private set; } = CoolFor;

    /// <summary>The fraction at this step.</summary>
    public double Rate => s_rates[_step];

    /// <summary>Takes the state now.</summary>
    /// <returns>Whether the step has changed.</returns>
    public bool Take(HeatState state)
    {
        if (state != _state) (_state, _since) = (state, time.GetTimestamp());
        TimeSpan been = time.GetElapsedTime(_since);
        if (state == HeatState.Hot && been >= HotFor && _step < s_rates.Length - 1) Move(_step + 1);
        else if (state == HeatState.Cool && been >= Patience && _step > 0) Move(_step - 1);
        else
        {
            // Full rate has lasted: what was too much is over.
            if (state == HeatState.Cool && been >= Patience) (Patience, _wasUp) = (CoolFor, false);
            return false;
        }

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

    private void Move(int step)
    {
        if (step > _step && _wasUp) Patience = Patience * 2 < CoolForAtMost ? Patience * 2 : CoolForAtMost;
        (_step, _wasUp, _since) = (step, step < _step, time.GetTimestamp());
    }
}

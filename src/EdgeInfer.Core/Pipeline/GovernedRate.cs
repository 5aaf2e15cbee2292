using EdgeInfer.Heat;

namespace EdgeInfer.Pipeline;

/// <summary>
/// A pipeline's turns: its own rate, and a fraction of that while the governor asks for it. The fraction is one of the rate that the
/// pipeline really had, where that is less than what is configured: three quarters of a rate that is not reached would change nothing.
/// One thread; allocates nothing.
/// </summary>
/// <param name="framesPerSecond">The configured rate; null for all frames.</param>
/// <param name="factor">What the governor leaves.</param>
/// <param name="timestampFrequency">Units of a second of the timestamps passed in.</param>
internal sealed class GovernedRate(double? framesPerSecond, RateFactor factor, long timestampFrequency)
{
    // At least one result in 5 s, unless less is configured.
    private const double LeastFramesPerSecond = 0.2;

    // Turns that give a rate; longer pauses than the slowest governed rate has are pauses of the source.
    private const int Window = 16;
    private const int LeastTurns = 8;

    // A camera's clock and ours differ by less.
    private const double Clearly = 0.9;

    private readonly RateGate _gate = new(framesPerSecond, timestampFrequency);
    private double _inForce = 1;
    private long? _lastTurn;
    private double _meanTicks;
    private int _turns;

    /// <summary>Whether a frame that is ready now may pass; if so, its turn is used up.</summary>
    /// <param name="now">Monotonic timestamp.</param>
    public bool TryPass(long now)
    {
        double wanted = factor.Now;
        if (wanted != _inForce) Follow(wanted);
        if (!_gate.TryPass(now)) return false;
        if (_inForce >= 1) Measure(now);
        return true;
    }

    /// <summary>How long a frame that can wait (a file) has to, until its turn; zero when it may pass.</summary>
    /// <param name="now">Monotonic timestamp.</param>
    public TimeSpan Wait(long now) => _gate.Wait(now);

    private void Follow(double wanted)
    {
        if (wanted >= 1)
        {
            _gate.Limit(framesPerSecond);
            (_inForce, _lastTurn, _turns) = (1, null, 0);
            return;
        }

        // A pipeline without a rate of its own that has only begun: it is measured first.
        if (FullRate() is not { } full) return;
        _gate.Limit(Math.Max(full * wanted, Math.Min(full, LeastFramesPerSecond)));
        _inForce = wanted;
    }

    private double? FullRate()
    {
        double? measured = _turns < LeastTurns ? null : timestampFrequency / Math.Max(_meanTicks, 1);
        return framesPerSecond is { } configured && !(measured < configured * Clearly) ? configured : measured;
    }

    // A moving average whose later steps are bounded: one hiccup of the source is not the pipeline's rate.
    private void Measure(long now)
    {
        long? last = _lastTurn;
        _lastTurn = now;
        if (last is not { } before || now - before > timestampFrequency / LeastFramesPerSecond) return;
        double ticks = now - before;
        _turns++;
        if (_turns <= Window) _meanTicks += (ticks - _meanTicks) / _turns;
        else _meanTicks += (Math.Min(ticks, 2 * _meanTicks) - _meanTicks) / Window;
    }
}

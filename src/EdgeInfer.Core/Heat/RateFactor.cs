namespace EdgeInfer.Heat;

/// <summary>The fraction of its inference rate that each pipeline may use now: one writer, read once a frame by every pipeline.</summary>
internal sealed class RateFactor
{
    private double _now = 1;

    /// <summary>1, 0.75, 0.5 or 0.25.</summary>
    public double Now
    {
        get => Volatile.Read(ref _now);
        set => Volatile.Write(ref _now, value);
    }
}

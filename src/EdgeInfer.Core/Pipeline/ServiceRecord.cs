namespace EdgeInfer.Pipeline;

/// <summary>
/// What one generation of a model has done since it went live, in all pipelines together. Several threads add without allocating, any thread reads.
/// </summary>
internal sealed class ServiceRecord
{
    /// <summary>Durations that count: the newest.</summary>
    public const int Window = 512;

    private readonly double[] _durations = new double[Window];
    private readonly Lock _lock = new();
    private long _results;
    private long _errors;
    private long _notNumbers;
    private volatile string? _lastError;

    /// <summary>Whether somebody wants to know of outputs that are no numbers, which costs a pass over them per frame.</summary>
    public bool WatchesOutputs { get; set => Volatile.Write(ref field, value); }

    /// <summary>Counts a result.</summary>
    /// <param name="inferenceMilliseconds">The model's own run.</param>
    public void Add(double inferenceMilliseconds)
    {
        lock (_lock) _durations[_results++ % Window] = inferenceMilliseconds;
    }

    /// <summary>Counts a run, or an opening, that failed.</summary>
    /// <param name="what">Why.</param>
    public void AddError(string what)
    {
        Interlocked.Increment(ref _errors);
        _lastError = what;
    }

    /// <summary>Counts a result with outputs that are no numbers.</summary>
    public void AddNotNumber() => Interlocked.Increment(ref _notNumbers);

    /// <summary>All of it at this moment.</summary>
    public ServiceReading Read()
    {
        double[] newest;
        long results;
        lock (_lock)
        {
            results = _results;
            newest = _durations[..(int)Math.Min(results, Window)];
        }

        Array.Sort(newest);
        double? p95 = newest.Length == 0 ? null : newest[(int)Math.Ceiling(0.95 * newest.Length) - 1];
        return new(results, Interlocked.Read(ref _errors), Interlocked.Read(ref _notNumbers), p95, _lastError);
    }
}

/// <summary>A <see cref="ServiceRecord"/> at one moment.</summary>
/// <param name="Results">Results.</param>
/// <param name="Errors">Runs and openings that failed.</param>
/// <param name="NotNumbers">Results whose outputs were no numbers.</param>
/// <param name="P95Milliseconds">95 of 100 of the newest runs took no longer (nearest rank); null without results.</param>
/// <param name="LastError">The newest failure.</param>
internal sealed record ServiceReading(long Results, long Errors, long NotNumbers, double? P95Milliseconds, string? LastError);

namespace EdgeInfer.Pipeline;

/// <summary>What became of the frames a pipeline took from its source; written by its thread, read by any.</summary>
public sealed class PipelineCounters
{
    private long _predictions;
    private long _skippedByRate;
    private long _undecodable;

    /// <summary>Frames that gave a prediction.</summary>
    public long Predictions => Interlocked.Read(ref _predictions);

    /// <summary>Frames above the inference rate, dropped before they were decoded.</summary>
    public long SkippedByRate => Interlocked.Read(ref _skippedByRate);

    /// <summary>Frames that could not be decoded.</summary>
    public long Undecodable => Interlocked.Read(ref _undecodable);

    internal void CountPrediction() => Interlocked.Increment(ref _predictions);

    internal void CountSkipped() => Interlocked.Increment(ref _skippedByRate);

    internal void CountUndecodable() => Interlocked.Increment(ref _undecodable);
}

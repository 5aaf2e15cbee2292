using EdgeInfer.Preprocessing;

namespace EdgeInfer.Pipeline;

/// <summary>What became of the frames a pipeline took from its source; written by its thread, read by any.</summary>
public sealed class PipelineCounters
{
    private long _predictions;
    private long _skippedByRate;
    private readonly long[] _refused = new long[(int)DecodeOutcome.WrongSize + 1];

    /// <summary>Frames that gave a prediction.</summary>
    public long Predictions => Interlocked.Read(ref _predictions);

    /// <summary>Frames above the inference rate, dropped before they were decoded.</summary>
    public long SkippedByRate => Interlocked.Read(ref _skippedByRate);

    /// <summary>Frames that could not be decoded, for whatever reason.</summary>
    public long Undecodable => Refused().Sum();

    /// <summary>Frames that gave no result, by <see cref="DecodeOutcome"/>; the first, which is none of them, is 0.</summary>
    public long[] Refused()
    {
        long[] counts = new long[_refused.Length];
        for (int i = 0; i < counts.Length; i++) counts[i] = Interlocked.Read(ref _refused[i]);
        return counts;
    }

    internal void CountPrediction() => Interlocked.Increment(ref _predictions);

    internal void CountSkipped() => Interlocked.Increment(ref _skippedByRate);

    internal void CountRefused(DecodeOutcome outcome) => Interlocked.Increment(ref _refused[(int)outcome]);
}

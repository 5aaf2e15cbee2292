namespace EdgeInfer.Configuration;

/// <summary>Reads <c>pipelines.NAME.record</c>.</summary>
internal static class RecordReader
{
    private const int MostFrames = 100_000;
    private const double MostSeconds = 3600;
    private const long LeastBytes = 1 << 20;
    private const long MostBytes = 1 << 30;

    /// <summary>What is to be kept; null where the key is absent or at fault.</summary>
    public static RecordOptions? Read(MappingReader pipeline)
    {
        if (pipeline.Mapping("record") is not { } record) return null;
        int? frames = record.Integer("frames", 1, MostFrames);
        double? seconds = record.Number("seconds", 0.1, MostSeconds);
        long bytes = record.Bytes("size", LeastBytes, MostBytes) ?? RecordOptions.DefaultBytes;
        record.Close();
        if (!record.Has("frames") && !record.Has("seconds"))
            pipeline.Fault("record", "does not say how much", "write { frames: 100 } or { seconds: 10, size: 64MiB }");
        return new(frames, seconds is { } s ? TimeSpan.FromSeconds(s) : null, bytes);
    }
}

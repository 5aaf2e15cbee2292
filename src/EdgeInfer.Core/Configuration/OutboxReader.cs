namespace EdgeInfer.Configuration;

/// <summary>Reads <c>outbox</c>.</summary>
internal static class OutboxReader
{
    private const long LeastBytes = 1 << 20;
    private const long MostBytes = 1L << 40;
    private const int MostRate = 100_000;
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(366);

    /// <summary>The outbox's options, with defaults.</summary>
    public static OutboxOptions Read(MappingReader root)
    {
        OutboxOptions options = new();
        if (root.Mapping("outbox") is not { } outbox) return options;
        options = options with
        {
            SizeBytes = outbox.Bytes("size", LeastBytes, MostBytes) ?? options.SizeBytes,
            Predictions = outbox.Duration("predictions", TimeSpan.FromSeconds(10), s_longest) ?? options.Predictions,
            RatePerSecond = outbox.Integer("rate", 1, MostRate) ?? options.RatePerSecond,
        };
        outbox.NotYet("events");
        outbox.Close();
        return options;
    }
}

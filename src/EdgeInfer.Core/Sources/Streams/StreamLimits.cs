namespace EdgeInfer.Sources.Streams;

/// <summary>Bounds on what a server may do; every wait and every buffer has one.</summary>
public readonly record struct StreamLimits()
{
    /// <summary>The longest wait for one address to accept a connection, and for its name to be found.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest silence of a server that has something to send.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest time from one whole picture to the next, for servers that trickle.</summary>
    public TimeSpan Frame { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The most bytes of one picture, with its part's header.</summary>
    public int FrameBytes { get; init; } = 16 << 20;

    /// <summary>How often a server that gives single pictures is asked where no interval is configured.</summary>
    public TimeSpan DefaultSnapshotInterval { get; init; } = TimeSpan.FromSeconds(1);
}

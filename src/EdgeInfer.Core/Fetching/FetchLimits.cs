namespace EdgeInfer.Fetching;

/// <summary>Bounds on what a server may do; every wait and every size has one.</summary>
internal readonly record struct FetchLimits()
{
    /// <summary>The longest wait for a connection, its TLS included.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The longest silence of a server that has something to send.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The most bytes of one model, all its files together.</summary>
    public long ModelBytes { get; init; } = 2L << 30;

    /// <summary>The most bytes of a manifest or a listing.</summary>
    public int DocumentBytes { get; init; } = 4 << 20;

    /// <summary>The most files of one model.</summary>
    public int Files { get; init; } = 200;

    /// <summary>How often a server may send a request on.</summary>
    public int Redirects { get; init; } = 5;

    /// <summary>Attempts in a row that bring no new byte.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The pause after the first failure; it doubles from there.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause between attempts.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long an unfinished download is kept.</summary>
    public TimeSpan PartsKept { get; init; } = TimeSpan.FromDays(7);
}

using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>Bounds on what a server may do; every wait and every size has one.</summary>
internal readonly record struct FetchLimits()
{
    /// <summary>
    /// For what a device fetches by itself: slower lines are borne (a model over a 2G modem comes at 1 to 5 KiB/s), a server that drips is
    /// not, and a thousand devices that failed in one moment do not come back in one.
    /// </summary>
    public static FetchLimits ForUpdates => new()
    {
        FloorBytesPerSecond = 256,
        FloorWindow = TimeSpan.FromMinutes(1),
        DocumentTime = TimeSpan.FromMinutes(5),
        AttemptsInAll = 50,
        Restarts = 3,
        Jitter = BackoffJitter.Full,
        LongestPause = TimeSpan.FromSeconds(30),
    };

    /// <summary>For what a publisher sends: a registry may move a whole file before it answers.</summary>
    public static FetchLimits ForPush => new() { Stall = TimeSpan.FromMinutes(2), DocumentTime = TimeSpan.FromMinutes(5) };

    /// <summary>The longest wait for a connection, its TLS included.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The longest silence of a server that has something to send.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The least that must come on average over each <see cref="FloorWindow"/>; 0 for no such bound.</summary>
    public int FloorBytesPerSecond { get; init; }

    /// <summary>What <see cref="FloorBytesPerSecond"/> is measured over.</summary>
    public TimeSpan FloorWindow { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The longest a manifest, a listing or signed metadata may take in all, redirects included.</summary>
    public TimeSpan DocumentTime { get; init; } = Timeout.InfiniteTimeSpan;

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

    /// <summary>Attempts whatever they bring: a server that ends each after a byte would have a million.</summary>
    public int AttemptsInAll { get; init; } = 1000;

    /// <summary>How often bytes that are here may be given up for a file begun anew: a server that changes it each time would never end.</summary>
    public int Restarts { get; init; } = 20;

    /// <summary>The pause after the first failure; it doubles from there.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause between attempts.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How pauses are spread.</summary>
    public BackoffJitter Jitter { get; init; } = BackoffJitter.Half;

    /// <summary>How much of a server's <c>Retry-After</c> is waited for.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long an unfinished download is kept.</summary>
    public TimeSpan PartsKept { get; init; } = TimeSpan.FromDays(7);
}

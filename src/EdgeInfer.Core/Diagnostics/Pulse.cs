namespace EdgeInfer.Diagnostics;

/// <summary>
/// Shows that a thread gets on: it says when a step begins, and whoever watches sees how long the present one has taken. One thread
/// says, any thread watches; costs a reading of the clock a step and allocates nothing.
/// </summary>
/// <param name="time">Clock.</param>
internal sealed class Pulse(TimeProvider time)
{
    /// <summary>
    /// The longest a thread sleeps in one step: whoever waits longer wakes up in between and says so, since a wake-up that was lost looks
    /// like a call that never returns.
    /// </summary>
    public static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);

    /// <summary>What loading a model may take: seconds on most devices, minutes for a large one from a slow card.</summary>
    public static readonly TimeSpan LongestLoad = TimeSpan.FromMinutes(10);

    private const long Nothing = long.MinValue;

    private long _step = Nothing;
    private long _load = Nothing;

    /// <summary>Another step begins; it may take as long as the watcher allows.</summary>
    public void Step()
    {
        Volatile.Write(ref _step, time.GetTimestamp());
        Volatile.Write(ref _load, Nothing);
    }

    /// <summary>A model is about to be loaded, which may take <see cref="LongestLoad"/>; the next <see cref="Step"/> ends that.</summary>
    public void Load() => Volatile.Write(ref _load, time.GetTimestamp());

    /// <summary>Nothing is under way that could get stuck, until the next step.</summary>
    public void Rest()
    {
        Volatile.Write(ref _step, Nothing);
        Volatile.Write(ref _load, Nothing);
    }

    /// <summary>How long the present step has taken, where that is more than it may; null otherwise.</summary>
    /// <param name="longestStep">What a step may take, loading aside.</param>
    public TimeSpan? Overdue(TimeSpan longestStep)
    {
        // A step that begins between the two readings leaves the younger of them.
        long load = Volatile.Read(ref _load);
        long since = load != Nothing ? load : Volatile.Read(ref _step);
        if (since == Nothing) return null;
        TimeSpan taken = time.GetElapsedTime(since);
        return taken > (load != Nothing ? LongestLoad : longestStep) ? taken : null;
    }
}

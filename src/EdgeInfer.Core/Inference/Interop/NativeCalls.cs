namespace EdgeInfer.Inference.Interop;

/// <summary>
/// Counts the calls of this process that load native libraries or make sessions: nobody can interrupt them. While one goes on the process must not
/// end by way of exit(): its handlers wait for the loader, which a library that is being loaded holds, and take from under a session what it stands on.
/// The count is the process's, as the loader is.
/// </summary>
internal static class NativeCalls
{
    private static int s_count;

    /// <summary>Whether one goes on.</summary>
    public static bool GoOn => Volatile.Read(ref s_count) > 0;

    /// <summary>Counts a call until what is returned is disposed of.</summary>
    public static Call Begin()
    {
        Interlocked.Increment(ref s_count);
        return default;
    }

    /// <summary>A call that goes on.</summary>
    internal readonly struct Call : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => Interlocked.Decrement(ref s_count);
    }
}

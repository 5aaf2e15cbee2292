using System.Globalization;
using EdgeInfer.Signals;

namespace EdgeInfer.Pipeline;

/// <summary>
/// Counts one pipeline's results (<c>seq</c>) and frames from 1, over all its models and over every restart of it while the agent
/// runs. Any thread.
/// </summary>
/// <param name="boot">Counts the agent's starts.</param>
internal sealed class ResultNumbers(long boot)
{
    private long _lastResult;
    private long _lastFrame;

    /// <summary>The number of the next result.</summary>
    public long Next() => Interlocked.Increment(ref _lastResult);

    /// <summary>
    /// An id for a frame whose source gives none, so that the results of several models can be told to be of one frame:
    /// boot and count, <c>12-4711</c>. Allocates nothing.
    /// </summary>
    public FrameId NextFrameId()
    {
        Span<byte> id = stackalloc byte[FrameId.Capacity];
        boot.TryFormat(id, out int length, default, CultureInfo.InvariantCulture);
        id[length++] = (byte)'-';
        Interlocked.Increment(ref _lastFrame).TryFormat(id[length..], out int digits, default, CultureInfo.InvariantCulture);
        return FrameId.FromUtf8(id[..(length + digits)]);
    }
}

using EdgeInfer.Signals;

namespace EdgeInfer.Pipeline;

/// <summary>A copy of a frame.</summary>
/// <param name="Info">What is known of it.</param>
/// <param name="Bytes">Its bytes.</param>
internal sealed record TappedFrame(FrameInfo Info, byte[] Bytes);

/// <summary>Gives a copy of the next frame to whoever asks; while nobody does it costs the pipeline one reading of one reference a frame.</summary>
internal sealed class FrameTap
{
    private TaskCompletionSource<TappedFrame>? _asked;

    /// <summary>The next frame that comes; everybody who asks before it does shares it. Any thread.</summary>
    public Task<TappedFrame> NextAsync()
    {
        TaskCompletionSource<TappedFrame> mine = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return (Interlocked.CompareExchange(ref _asked, mine, null) ?? mine).Task;
    }

    /// <summary>A frame is there; its lease stays with the caller. The pipeline's thread.</summary>
    public void Offer(FrameLease frame)
    {
        if (Volatile.Read(ref _asked) is null) return;
        TappedFrame copy = new(frame.Info, frame.Data.ToArray());
        Interlocked.Exchange(ref _asked, null)!.SetResult(copy);
    }
}

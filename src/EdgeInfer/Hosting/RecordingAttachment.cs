using EdgeInfer.Control;
using EdgeInfer.Recording;

namespace EdgeInfer.Hosting;

/// <summary>A recording that follows the answer to <c>capture</c>.</summary>
internal sealed class RecordingAttachment(RecordingArchive archive) : ControlAttachment(archive.LengthBytes)
{
    // Nothing is recorded meanwhile: a client that takes it drop by drop must not hold it up for good.
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    /// <summary>Frames in it.</summary>
    public int Frames => archive.Frames;

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(Stream to, CancellationToken stop)
    {
        using CancellationTokenSource late = new(s_longest, TimeProvider.System);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop);
        await archive.WriteAsync(to, either.Token);
    }

    /// <inheritdoc/>
    public override void Dispose() => archive.Dispose();
}

using System.Buffers.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Sources.Synthetic;

/// <summary>
/// A camera over a conveyor belt, drawn in code (<c>source.synthetic</c>): bolts, nuts, washers and gears at the configured size
/// and rate. Frames are RGB; their id is their number, by which <see cref="BeltTruth"/> tells what is in them.
/// </summary>
internal sealed class SyntheticSource : FrameSource
{
    private readonly SyntheticOptions _options;
    private readonly BeltRenderer _renderer;
    private readonly FramePool _pool;
    private long _next;

    /// <summary>Draws the belt's surface; pictures are drawn once started.</summary>
    public SyntheticSource(SyntheticOptions options, FrameMailbox output, TimeProvider time, Random random, ILogger logger)
        : base("synthetic", output, time, random, logger)
    {
        _options = options;
        _renderer = new(new(options.Size, options.FramesPerSecond, options.Seed));
        _pool = new(3, _renderer.FrameBytes);
        Description = $"{options.Size.Width}x{options.Size.Height} RGB24 {options.FramesPerSecond:0.##}/s";
    }

    /// <summary>The scene, for its truth.</summary>
    public BeltScene Scene => _renderer.Scene;

    /// <inheritdoc/>
    protected override void RunOnce(CancellationToken stop)
    {
        Opened();
        long start = Time.GetTimestamp();
        double ticks = Time.TimestampFrequency / _options.FramesPerSecond;
        for (long due = 0; !stop.IsCancellationRequested; due++)
        {
            due = Math.Max(due, (long)((Time.GetTimestamp() - start) / ticks));
            if (!WaitUntil(start + (long)(due * ticks), stop) || !Shoot()) return;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing) _pool.Dispose();
    }

    private bool WaitUntil(long timestamp, CancellationToken stop)
    {
        TimeSpan left = Time.GetElapsedTime(Time.GetTimestamp(), timestamp);
        return left <= TimeSpan.Zero ? !stop.IsCancellationRequested : !stop.WaitHandle.WaitOne(left);
    }

    private bool Shoot()
    {
        long number = _next++;
        if (_pool.Rent() is not { } frame)
        {
            CountLost(1);
            return true;
        }

        frame.Info = new()
        {
            Format = PixelFormat.Rgb24,
            WidthPixels = Scene.Width,
            HeightPixels = Scene.Height,
            Sequence = number,
            CapturedTimestamp = Time.GetTimestamp(),
            CapturedAt = Time.GetUtcNow(),
            Id = IdOf(number),
        };
        _renderer.Render(number, _pool.Memory(frame, _renderer.FrameBytes));
        return Deliver(_pool.Publish(frame, _renderer.FrameBytes));
    }

    private static FrameId IdOf(long number)
    {
        Span<byte> text = stackalloc byte[20];
        return Utf8Formatter.TryFormat(number, text, out int length) ? FrameId.FromUtf8(text[..length]) : default;
    }
}

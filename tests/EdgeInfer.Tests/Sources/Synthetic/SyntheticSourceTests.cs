using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Synthetic;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Sources.Synthetic;

public sealed class SyntheticSourceTests
{
    private static readonly SyntheticOptions s_options = new((160, 120), 200, 4);

    [Fact]
    public void Frames_are_the_renderers_and_their_id_is_their_number()
    {
        using FrameMailbox mailbox = new();
        using SyntheticSource source = new(s_options, mailbox, TimeProvider.System, new Random(1), NullLogger.Instance);
        BeltRenderer renderer = new(new(s_options.Size, s_options.FramesPerSecond, s_options.Seed));
        byte[] expected = new byte[renderer.FrameBytes];
        source.Start();
        long last = -1;
        for (int i = 0; i < 4; i++)
        {
            Assert.True(mailbox.TryTake(TimeSpan.FromSeconds(20), out FrameLease lease));
            using FrameLease frame = lease;
            long number = long.Parse(frame.Info.Id.ToString(), CultureInfo.InvariantCulture);
            Assert.Equal(number, frame.Info.Sequence);
            Assert.True(number > last);
            last = number;
            Assert.Equal((PixelFormat.Rgb24, 160, 120), (frame.Info.Format, frame.Info.WidthPixels, frame.Info.HeightPixels));
            renderer.Render(number, expected);
            Assert.True(frame.Data.SequenceEqual(expected));
        }

        Assert.Equal(SourceState.Running, source.State);
        Assert.Equal("160x120 RGB24 200/s", source.Description);
    }

    [Fact]
    public void Frames_that_nobody_can_take_are_counted_as_lost()
    {
        using FrameMailbox mailbox = new();
        using SyntheticSource source = new(s_options, mailbox, TimeProvider.System, new Random(1), NullLogger.Instance);
        source.Start();
        List<FrameLease> held = [];
        while (held.Count < 3)
        {
            Assert.True(mailbox.TryTake(TimeSpan.FromSeconds(20), out FrameLease lease));
            held.Add(lease);
        }

        Assert.False(mailbox.TryTake(TimeSpan.FromMilliseconds(100), out _));
        Assert.True(source.Counts.Lost > 0);
        foreach (FrameLease lease in held) lease.Dispose();
        Assert.True(mailbox.TryTake(TimeSpan.FromSeconds(20), out FrameLease next));
        next.Dispose();
    }
}

using EdgeInfer.Configuration;
using EdgeInfer.Recording;
using EdgeInfer.Signals;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Recording;

public sealed class FrameRingTests : IDisposable
{
    private const int Mebibyte = 1 << 20;
    private readonly FakeTimeProvider _time = new();
    private readonly FramePool _pool = new(1, 8 * Mebibyte);

    [Fact]
    public void It_keeps_the_newest_frames_each_with_its_results()
    {
        using FrameRing ring = new(new(3, null, Mebibyte), _time);
        for (int i = 1; i <= 5; i++) Record(ring, i, 100);
        Assert.Equal([3, 4, 5], Numbers(ring));
        using FrozenFrames frames = ring.Freeze()!;
        Assert.All(frames.Frames, f =>
        {
            Assert.Equal(Enumerable.Repeat((byte)f.Info.Sequence, 100), f.Data.ToArray());
            Assert.Equal($"message {f.Info.Sequence}", Text(Assert.Single(f.Results)));
        });
    }

    [Fact]
    public void Frames_of_any_size_leave_the_newest_that_fit_and_never_touch_each_other()
    {
        // Against a plain list of what was put in: whatever is kept is a run of the newest, whole, and never more than the memory.
        for (int seed = 0; seed < 30; seed++)
        {
            Random random = new(seed);
            using FrameRing ring = new(new(null, TimeSpan.FromHours(1), Mebibyte), _time);
            List<(int Number, int Bytes)> put = [];
            for (int i = 1; i <= 200; i++)
            {
                int bytes = random.Next(10) == 0 ? random.Next(400_000) : random.Next(60_000);
                put.Add((i, bytes));
                Record(ring, i, bytes, results: random.Next(3), messageBytes: random.Next(5000));
            }

            using FrozenFrames frames = ring.Freeze()!;
            Assert.InRange(frames.Frames.Sum(f => (long)f.LengthBytes + f.Results.Sum(r => r.Envelope.Length)), 1, Mebibyte);
            Assert.Equal(put[^frames.Frames.Count..].Select(p => (p.Number, p.Bytes)), frames.Frames.Select(f => ((int)f.Info.Sequence, f.LengthBytes)));
            Assert.True(frames.Frames.Count >= 2, "a mebibyte holds at least the last two");
            Assert.All(frames.Frames, f => Assert.False(f.Data.ContainsAnyExcept((byte)f.Info.Sequence)));
            Assert.All(frames.Frames, f => Assert.All(f.Results, r => Assert.Equal(f.Info.Sequence, r.Sequence)));
        }
    }

    [Fact]
    public void A_frame_larger_than_all_the_memory_is_counted_and_the_others_stay()
    {
        using FrameRing ring = new(new(10, null, Mebibyte), _time);
        Record(ring, 1, 100);
        Record(ring, 2, 2 * Mebibyte);
        Record(ring, 3, 100);
        Assert.Equal(1, ring.TooLarge);
        Assert.Equal([3], Numbers(ring));
    }

    [Fact]
    public void Frames_older_than_the_time_are_not_given_even_when_no_new_ones_come()
    {
        using FrameRing ring = new(new(null, TimeSpan.FromSeconds(10), Mebibyte), _time);
        for (int i = 1; i <= 4; i++)
        {
            Record(ring, i, 10);
            _time.Advance(TimeSpan.FromSeconds(4));
        }

        // Captured 16, 12, 8 and 4 s ago.
        Assert.Equal([3, 4], Numbers(ring));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([4], Numbers(ring));
    }

    [Fact]
    public void While_it_is_read_nothing_is_added_and_a_frame_that_was_under_way_is_left_out()
    {
        using FrameRing ring = new(new(10, null, Mebibyte), _time);
        Record(ring, 1, 10);
        ring.Begin(Lease(2, 10));
        using (FrozenFrames frames = ring.Freeze()!)
        {
            Assert.Null(ring.Freeze());
            ring.Result(0, 2, 0, "message 2"u8);
            ring.End(0);
            Record(ring, 3, 10);
            Assert.Equal(1, Assert.Single(frames.Frames).Info.Sequence);
        }

        // What was under way then and ends now has lost its result: it is not there either.
        ring.End(0);
        Record(ring, 4, 10);
        Assert.Equal([1, 4], Numbers(ring));
    }

    [Fact]
    public void A_frame_whose_model_failed_gives_way_to_the_next()
    {
        using FrameRing ring = new(new(10, null, Mebibyte), _time);
        ring.Begin(Lease(1, 10));
        Record(ring, 2, 10);
        Assert.Equal([2], Numbers(ring));
    }

    [Fact]
    public void A_frame_of_which_one_model_failed_is_not_kept_with_the_results_of_the_others()
    {
        using FrameRing ring = new(new(10, null, Mebibyte), _time);
        ring.Begin(Lease(1, 10));
        ring.Result(0, 1, 0, "message 1"u8);
        ring.Abandon();
        ring.Result(2, 1, 0, "message 1"u8);
        ring.End(0);
        Record(ring, 2, 10);
        Assert.Equal([2], Numbers(ring));
    }

    [Fact]
    public void A_frame_that_leaves_no_room_for_its_results_counts_as_too_large()
    {
        using FrameRing ring = new(new(10, null, Mebibyte), _time);
        Record(ring, 1, Mebibyte - 512, messageBytes: 1000);
        Assert.Equal(1, ring.TooLarge);
        Assert.Empty(Numbers(ring));
    }

    [Fact]
    public void A_frame_that_could_not_be_decoded_is_kept_with_its_outcome()
    {
        using FrameRing ring = new(new(10, null, Mebibyte), _time);
        ring.Begin(Lease(1, 10));
        ring.End(4);
        using FrozenFrames frames = ring.Freeze()!;
        Assert.Equal((4, 0), (Assert.Single(frames.Frames).Outcome, frames.Frames[0].Results.Count));
    }

    [Fact]
    public void It_can_go_while_it_is_read()
    {
        FrameRing ring = new(new(10, null, Mebibyte), _time);
        Record(ring, 1, 10);
        using FrozenFrames frames = ring.Freeze()!;
        ring.Dispose();
        Record(ring, 2, 10);
        Assert.Equal(1, frames.Frames[0].Data[0]);
    }

    [Fact]
    public void Keeping_a_frame_allocates_nothing()
    {
        using FrameRing ring = new(new(20, null, 8 * Mebibyte), _time);
        byte[] message = new byte[700];
        Record(ring, 1, 300_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++)
        {
            FrameLease lease = Lease(i, 300_000);
            ring.Begin(lease);
            ring.Result(0, i, 1, message);
            ring.End(0);
            lease.Dispose();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private void Record(FrameRing ring, int number, int bytes, int results = 1, int messageBytes = 0)
    {
        FrameLease lease = Lease(number, bytes);
        ring.Begin(lease);
        for (int i = 0; i < results; i++)
            ring.Result(i, number, 7, messageBytes > 0 ? new byte[messageBytes] : System.Text.Encoding.UTF8.GetBytes($"message {number}"));
        ring.End(0);
        lease.Dispose();
    }

    private FrameLease Lease(int number, int bytes)
    {
        Frame frame = _pool.Rent() ?? _again!;
        _again = frame;
        _pool.Memory(frame, bytes)[..bytes].Fill((byte)number);
        frame.Info = new() { Format = PixelFormat.Gray8, Sequence = number, CapturedTimestamp = _time.GetTimestamp(), CapturedAt = _time.GetUtcNow() };
        return _pool.Publish(frame, bytes);
    }

    private Frame? _again;

    private static IEnumerable<long> Numbers(FrameRing ring)
    {
        using FrozenFrames frames = ring.Freeze()!;
        return [.. frames.Frames.Select(f => f.Info.Sequence)];
    }

    private static string Text(FrozenResult result) => System.Text.Encoding.UTF8.GetString(result.Envelope);

    public void Dispose() => _pool.Dispose();
}

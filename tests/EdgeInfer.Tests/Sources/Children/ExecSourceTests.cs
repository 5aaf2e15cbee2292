using System.Diagnostics;
using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Children;

namespace EdgeInfer.Tests.Sources.Children;

[Collection(Alone.Name)]
public sealed class ExecSourceTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    // The smallest that the search takes for a picture: SOI, SOS without parameters, one byte, EOI.
    private const string Picture = @"\377\330\377\332\000\002\007\377\331";
    private static readonly byte[] s_picture = [0xFF, 0xD8, 0xFF, 0xDA, 0, 2, 7, 0xFF, 0xD9];

    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLogger _log = new();
    private readonly FrameMailbox _mailbox = new(isLossless: true);
    private ExecSource? _source;

    public void Dispose()
    {
        _source?.Dispose();
        _mailbox.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void JPEG_pictures_come_one_by_one_and_a_command_that_is_done_ends_the_source()
    {
        ExecSource source = Start($"printf 'junk{Picture}{Picture}'; printf '{Picture}'", loop: false);
        for (int i = 1; i <= 3; i++)
        {
            using FrameLease frame = Take();
            Assert.Equal((PixelFormat.Jpeg, (long)i), (frame.Info.Format, frame.Info.Sequence));
            Assert.Equal(s_picture, frame.Data.ToArray());
        }

        AwaitEnd();
        Assert.Equal(SourceState.Ended, source.State);
        Assert.Equal(new SourceCounts(3, 0, 0, 0, 1, 0), source.Counts);
        Assert.Equal("exec printf", source.Name);
    }

    [Theory]
    [InlineData("i420", 6 * 4 + 2 * 3 * 2, PixelFormat.I420)]
    [InlineData("nv12", 6 * 4 + 2 * 3 * 2, PixelFormat.Nv12)]
    [InlineData("yuyv", 6 * 4 * 2, PixelFormat.Yuyv)]
    [InlineData("rgb24", 6 * 4 * 3, PixelFormat.Rgb24)]
    [InlineData("bgr24", 6 * 4 * 3, PixelFormat.Bgr24)]
    [InlineData("gray", 6 * 4, PixelFormat.Gray8)]
    public void Raw_pictures_are_cut_by_their_size(string format, int bytes, PixelFormat expected)
    {
        byte[] film = new byte[3 * bytes];
        new Random(1).NextBytes(film);
        Start($"cat {_folder.Write("film", film)}", format, (6, 4), loop: false);
        for (int i = 0; i < 3; i++)
        {
            using FrameLease frame = Take();
            Assert.Equal((expected, 6, 4, 0), (frame.Info.Format, frame.Info.WidthPixels, frame.Info.HeightPixels, frame.Info.StrideBytes));
            Assert.Equal(film.AsSpan(i * bytes, bytes), frame.Data);
        }

        AwaitEnd();
    }

    [Fact]
    public void A_list_is_run_without_a_shell()
    {
        _source = new ExecSource(
            new(["printf", "%s", "$HOME;", "$(no)"], IsShellText: false, "gray", (5, 1), null, IsLooped: false, s_patience), _mailbox, TimeProvider.System, new Random(1), _log);
        _source.Start();
        using FrameLease frame = Take();
        Assert.Equal("$HOME"u8, frame.Data);
        Assert.Equal("exec printf", _source.Name);
    }

    [Fact]
    public void A_command_that_is_done_is_started_again_unless_told_otherwise()
    {
        ExecSource source = Start($"printf '{Picture}'");
        Take().Dispose();
        Take().Dispose();
        Assert.Contains("the command ended with exit code 0; it is started again; with `loop: false` the source ends instead", _log.Text, StringComparison.Ordinal);
        Assert.True(source.Counts.Opens >= 2);
    }

    [Fact]
    public void Half_a_picture_at_the_end_is_counted_and_said()
    {
        ExecSource source = Start($"printf '{Picture}{Picture[..20]}'", loop: false);
        Take().Dispose();
        AwaitEnd();
        Assert.Equal(1, source.Counts.Corrupt);
        Assert.Contains("exec printf: the command ended within a picture", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_remainder_of_raw_bytes_is_said_with_the_sum()
    {
        ExecSource source = Start("head -c 1000 /dev/zero", "gray", (30, 10), loop: false);
        for (int i = 0; i < 3; i++) Take().Dispose();
        AwaitEnd();
        Assert.Equal(1, source.Counts.Corrupt);
        Assert.Contains("exec head: the command ended 100 bytes into a frame of 300: are `size` (30x10) and `format` right?", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_cut_short_by_the_next_is_counted_and_the_next_comes()
    {
        ExecSource source = Start($"printf '{Picture[..28]}{Picture}'", loop: false);
        using (FrameLease frame = Take()) Assert.Equal(s_picture, frame.Data.ToArray());
        AwaitEnd();
        Assert.Equal(1, source.Counts.Corrupt);
    }

    [Theory]
    [InlineData("exit 3", "exec exit: the command ended with exit code 3 before its first picture; try it by hand as the service's user")]
    [InlineData("echo starting >&2; echo 'no camera' >&2; exit 1",
        "exec echo: the command ended with exit code 1 before its first picture; it said: \"no camera\"; try it by hand as the service's user")]
    [InlineData("true", "exec true: the command ended with exit code 0 before its first picture; it must write pictures to its standard output")]
    [InlineData("no-such-program --url x", "exec no-such-program: the command ended with exit code 127 before its first picture; it said: \"")]
    [InlineData("no-such-program --url x", "not found\"; install what it needs, or correct the name")]
    [InlineData("/etc/passwd", "Permission denied\"; make it executable for the service's user")]
    [InlineData("kill -SEGV $$", "the command was ended by SIGSEGV (bad memory access) before its first picture")]
    [InlineData("echo 'cannot open rtsp://admin:hunter2@10.0.0.9/live?pwd=hunter2' >&2; exit 1", "it said: \"cannot open rtsp://10.0.0.9/live?pwd=***\"")]
    [InlineData("yes nonsense", "4 MiB came without a whole JPEG picture; `format: mjpeg` wants JPEG pictures one after the other")]
    [InlineData("exec sleep 1000", "nothing came for 600ms, and the command was ended; it is started again; where it only needs longer, set `timeout`")]
    [InlineData("printf abc; exec sleep 1000", "bytes came, but no whole picture for 600ms")]
    public void What_goes_wrong_is_said_with_its_cure(string script, string said)
    {
        ExecSource source = Start(script, timeout: TimeSpan.FromMilliseconds(200));
        _log.WaitFor(said);
        Assert.NotNull(source.Cause);
        Assert.DoesNotContain("hunter2", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_that_is_not_there_is_named()
    {
        _source = new ExecSource(new(["no-such-program"], false, "mjpeg", null, null, true, s_patience), _mailbox, TimeProvider.System, new Random(1), _log);
        _source.Start();
        _log.WaitFor("exec no-such-program: there is no such program in PATH; install it, or correct the name");
        Assert.Equal(SourceState.Failed, _source.State);
    }

    [Fact]
    public void A_command_that_falls_silent_is_ended_and_started_again()
    {
        ExecSource source = Start($"printf '{Picture}'; exec sleep 1000", timeout: TimeSpan.FromMilliseconds(200));
        Take().Dispose();
        Take().Dispose();
        _log.WaitFor("nothing came for 200ms, and the command was ended");
        Assert.True(source.Counts.Failures >= 1);
    }

    [Fact]
    public void A_rate_holds_a_fast_command_up()
    {
        Start("exec cat /dev/zero", "gray", (64, 64), rate: 20);
        Stopwatch took = Stopwatch.StartNew();
        for (int i = 0; i < 5; i++) Take().Dispose();
        // The first comes at once, four more 50 ms apart.
        Assert.InRange(took.Elapsed.TotalMilliseconds, 199, 10_000);
    }

    [Fact]
    public void A_source_that_is_disposed_asks_its_command_to_end_and_waits_for_that()
    {
        ExecSource source = Start($"trap 'echo asked > {_folder.At("asked")}; exit' TERM; echo $$ > {_folder.At("pid")}; printf '{Picture}'; while :; do sleep 0.05; done");
        Take().Dispose();
        string id = File.ReadAllText(_folder.At("pid")).Trim();
        source.Dispose();
        Assert.Equal("asked\n", File.ReadAllText(_folder.At("asked")));
        Assert.False(Directory.Exists($"/proc/{id}"));
    }

    [Theory]
    [InlineData("PASSWORD=hunter2 camera", "exec /bin/sh")]
    [InlineData("  /opt/camera/run.sh hunter2 | jpegs", "exec /opt/camera/run.sh")]
    [InlineData("exec gst-launch-1.0 -q hunter2", "exec gst-launch-1.0")]
    [InlineData("'my camera' hunter2", "exec /bin/sh")]
    public void The_name_shows_no_more_than_the_program(string script, string name) => Assert.Equal(name, Make(script).Name);

    [Theory]
    [InlineData("i420", "yes >&2 & exec cat /dev/zero")]
    [InlineData("mjpeg", "while :; do cat film; done")]
    public void Frames_cost_no_managed_memory(string format, string script)
    {
        using FrameMailbox mailbox = new();
        ThreadMeter meter = new();
        script = script.Replace("film", _folder.Write("film", [.. Enumerable.Repeat(s_picture, 10).SelectMany(p => p)]), StringComparison.Ordinal);
        using ExecSource source = new(
            new(["/bin/sh", "-c", script], true, format, format == "mjpeg" ? null : (320, 240), null, true, s_patience), mailbox, meter, new Random(1), _log);
        source.Start();
        while (source.Counts.Received < 3000)
        {
            Assert.True(mailbox.TryTake(s_patience, out FrameLease frame), _log.Text);
            frame.Dispose();
            if (source.Counts.Received < 1500) meter.Reset();
        }

        Assert.Equal((true, 0L), (meter.Calls > 100, meter.AllocatedBytes));
    }

    /// <summary>What the source's thread allocates between its looks at the clock.</summary>
    private sealed class ThreadMeter : TimeProvider
    {
        private long _first;
        private long _last;
        private int _calls;
        private volatile bool _isReset = true;

        public int Calls => Volatile.Read(ref _calls);

        public long AllocatedBytes => Volatile.Read(ref _last) - Volatile.Read(ref _first);

        public void Reset() => _isReset = true;

        public override long GetTimestamp()
        {
            if (Thread.CurrentThread.Name?.StartsWith("source ", StringComparison.Ordinal) == true)
            {
                Volatile.Write(ref _last, GC.GetAllocatedBytesForCurrentThread());
                if (_isReset) (_first, _calls, _isReset) = (_last, 0, false);
                _calls++;
            }

            return base.GetTimestamp();
        }
    }

    private ExecSource Make(string script, string format = "mjpeg", (int, int)? size = null, double? rate = null, bool loop = true, TimeSpan? timeout = null)
        => _source = new(new(["/bin/sh", "-c", script], IsShellText: true, format, size, rate, loop, timeout ?? s_patience), _mailbox, TimeProvider.System, new Random(1), _log);

    private ExecSource Start(string script, string format = "mjpeg", (int, int)? size = null, double? rate = null, bool loop = true, TimeSpan? timeout = null)
    {
        ExecSource source = Make(script, format, size, rate, loop, timeout);
        source.Start();
        return source;
    }

    private FrameLease Take()
    {
        bool isTaken = _mailbox.TryTake(s_patience, out FrameLease frame);
        Assert.True(isTaken, "no frame came:\n" + _log.Text);
        return frame;
    }

    private void AwaitEnd()
    {
        Assert.False(_mailbox.TryTake(s_patience, out _));
        Assert.True(_mailbox.IsEnded, _log.Text);
    }
}

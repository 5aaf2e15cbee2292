using EdgeInfer.Configuration;
using EdgeInfer.Posix;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Children;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Streams;

/// <summary>Films as files: every frame, in order, once.</summary>
public sealed class FilmTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_frame_comes_in_order_under_its_number_and_then_the_end()
    {
        string film = await Make("belt.mp4", 30);
        DecodedFilm decoded = await DecodedFilm.Decode(_folder, film, 320, 240);
        using SourceRun run = new(new FilesOptions(film, false));
        for (int i = 0; i < 30; i++)
        {
            TakenFrame frame = run.Take();
            Assert.Equal(decoded.Digests[i], frame.Digest);
            Assert.Equal($"belt.mp4#{i + 1}", frame.Info.Id.ToString());
        }

        Assert.False(run.TryTake(TimeSpan.FromSeconds(20), out _));
        Assert.Equal(SourceState.Ended, run.Source.State);
    }

    [Fact]
    public async Task A_film_without_a_film_s_name_is_known_by_its_content_and_looped_begins_again()
    {
        string film = await Make("belt.mp4", 3);
        string unnamed = _folder["recording"];
        File.Move(film, unnamed);
        using SourceRun run = new(new FilesOptions(unnamed, true));
        Assert.Equal(["recording#1", "recording#2", "recording#3", "recording#1"], Enumerable.Range(0, 4).Select(_ => run.Take().Info.Id.ToString()));
    }

    [Fact]
    public async Task Films_of_a_glob_follow_each_other_and_one_that_is_none_is_named_and_passed_over()
    {
        await Make("a.mp4", 2);
        await Make("c.mp4", 2);
        _folder.Write("b.mp4", "no film");
        using SourceRun run = new(new FilesOptions(_folder["*.mp4"], false));
        Assert.Equal(["a.mp4#1", "a.mp4#2", "c.mp4#1", "c.mp4#2"], Enumerable.Range(0, 4).Select(_ => run.Take().Info.Id.ToString()));
        run.AwaitState(SourceState.Ended);
        Assert.Contains("b.mp4 is no film that ffmpeg can read; it is passed over", run.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_film_is_a_fault_with_a_cure()
    {
        using SourceRun run = new(new FilesOptions(_folder.Write("b.mp4", "no film"), false));
        Assert.Contains("is no film that ffmpeg can read; check the file", run.Log.WaitFor("no frames"), StringComparison.Ordinal);
        Assert.Equal(SourceState.Failed, run.Source.State);
    }

    [Fact]
    public async Task A_rate_and_a_size_are_kept_by_the_film_s_own_time()
    {
        string film = await Make("belt.mp4", 20);
        using SourceRun run = new(new FilesOptions(film, false) { Ffmpeg = new() { FramesPerSecond = 5, Size = (160, 120) } });
        int frames = 0;
        while (run.TryTake(TimeSpan.FromSeconds(20), out TakenFrame frame))
        {
            Assert.Equal((160, 120), (frame.Info.WidthPixels, frame.Info.HeightPixels));
            frames++;
        }

        Assert.Equal(10, frames);
    }

    [Fact]
    public async Task A_film_that_changes_its_size_ends_there_and_says_so()
    {
        AnnexBFilm small = await AnnexBFilm.Encode(_folder, "testsrc=size=320x240:rate=10", 1, 10);
        AnnexBFilm large = await AnnexBFilm.Encode(_folder, "testsrc=size=640x360:rate=10", 1, 10);
        DecodedFilm decoded = await DecodedFilm.Decode(_folder, small.File, 320, 240);
        string both = _folder.Write("both.h264", [.. File.ReadAllBytes(small.File), .. File.ReadAllBytes(large.File)]);
        using SourceRun run = new(new FilesOptions(both, false));
        int frames = 0;
        while (run.TryTake(TimeSpan.FromSeconds(20), out TakenFrame frame)) Assert.Equal(decoded.Digests[frames++], frame.Digest);
        Assert.InRange(frames, 1, 10);
        Assert.Contains("changes its size after", run.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_frame_costs_no_managed_memory()
    {
        string film = await Make("belt.mp4", 60);
        FfmpegLog log = new();
        using FramePool pool = new(3, 1 << 20);
        using EdgeInfer.Posix.ChildProcess child = EdgeInfer.Posix.ChildProcess.Start(
            FfmpegCommand.OfFilm(film, new FfmpegOptions { Program = Peer.Program("ffmpeg") }, FfmpegAbilities.All, log.Add), TimeProvider.System);
        RawFrameReader reader = new(child, log, pool, TimeProvider.System);
        for (int i = 0; i < 10; i++) Read();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 40; i++) Read();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Read()
        {
            RawFrameOutcome outcome = reader.Read(TimeSpan.FromSeconds(20), out Frame? frame);
            if (outcome != RawFrameOutcome.Frame) Assert.Fail($"{outcome}");
            pool.Publish(frame!, (int)reader.Pictures.Bytes).Dispose();
        }
    }

    private async Task<string> Make(string name, int frames)
    {
        string film = _folder[name];
        (int code, string output) = await Rig.ChildProcess.Run(Peer.Program("ffmpeg"), "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10",
            "-frames:v", $"{frames}", "-c:v", "libx264", "-pix_fmt", "yuv420p", film);
        Assert.True(code == 0, output);
        return film;
    }
}

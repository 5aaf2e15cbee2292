using System.Diagnostics;
using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Streams;

/// <summary>RTSP cameras as ffmpeg reads them, against a camera of our own.</summary>
[Collection(Alone.Name)]
public sealed class RtspTests : IDisposable
{
    private static readonly TimeSpan s_back = TimeSpan.FromSeconds(5);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Frames_are_what_ffmpeg_decodes_in_their_own_size_and_colours()
    {
        AnnexBFilm film = await AnnexBFilm.Encode(_folder, "testsrc=size=320x240:rate=10", 2, 10, "-colorspace", "bt709", "-color_range", "pc");
        DecodedFilm decoded = await DecodedFilm.Decode(_folder, film.File, 320, 240);
        await using RtspServer camera = RtspServer.Start(film);
        using SourceRun run = new(Options(camera.Url));
        for (int i = 0; i < 5; i++)
        {
            TakenFrame frame = run.Take();
            Assert.NotNull(decoded.NumberOf(frame.Digest));
            Assert.Equal((PixelFormat.I420, 320, 240), (frame.Info.Format, frame.Info.WidthPixels, frame.Info.HeightPixels));
            Assert.Equal(YuvColour.Bt709Full, frame.Info.Colour);
        }

        Assert.Equal("320x240 h264 by ffmpeg", run.Source.Description);
    }

    [Fact]
    public async Task A_camera_that_was_away_gives_frames_again_within_five_seconds_of_its_return()
    {
        await using RtspServer camera = RtspServer.Start(await Film());
        using SourceRun run = new(Options(camera.Url));
        run.Take();
        await camera.Kill();
        run.AwaitState(SourceState.NoSignal);

        // Long enough for the back-off to have grown as far as it does.
        await Task.Delay(TimeSpan.FromSeconds(6), TimeProvider.System, TestContext.Current.CancellationToken);
        camera.Restart();
        run.Take(s_back);
    }

    [Fact]
    public async Task A_camera_that_stands_still_without_closing_is_noticed_within_five_seconds()
    {
        await using RtspServer camera = RtspServer.Start(await Film());
        using SourceRun run = new(Options(camera.Url));
        run.Take();
        camera.IsFrozen = true;
        Assert.InRange(run.AwaitState(SourceState.NoSignal), TimeSpan.Zero, s_back);
        Assert.Contains("no frame for", run.Source.Cause!.What, StringComparison.Ordinal);
        camera.IsFrozen = false;
        run.AwaitState(SourceState.Running);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rate_is_kept_before_the_pipe_also_where_time_stamps_stand_still(bool hasNoTime)
    {
        await using RtspServer camera = RtspServer.Start(await Film(), new() { FramesPerSecond = 20, HasNoTime = hasNoTime });
        using SourceRun run = new(Options(camera.Url) with { Ffmpeg = new() { FramesPerSecond = 5 } });
        run.Take();
        Stopwatch clock = Stopwatch.StartNew();
        const int frames = 15;
        for (int i = 0; i < frames; i++) run.Take();

        // The camera sends 20: what came is at most the wanted rate, however late this machine let the test look.
        Assert.InRange(run.Source.Counts.Received, frames, 5 * clock.Elapsed.TotalSeconds + 5);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(frames / 2), $"{frames} frames of 5 a second took {clock.Elapsed}");
    }

    [Fact]
    public async Task A_picture_that_changes_its_size_comes_whole_and_undistorted()
    {
        AnnexBFilm small = await Film();
        AnnexBFilm large = await AnnexBFilm.Encode(_folder, "testsrc=size=640x360:rate=10", 2, 10);
        DecodedFilm decodedSmall = await DecodedFilm.Decode(_folder, small.File, 320, 240);
        DecodedFilm decodedLarge = await DecodedFilm.Decode(_folder, large.File, 640, 360);
        await using RtspServer camera = RtspServer.Start(small);
        using SourceRun run = new(Options(camera.Url));
        int largeFrames = 0;
        run.Take();
        camera.Film = large;
        while (largeFrames < 5)
        {
            TakenFrame frame = run.Take();
            bool isLarge = frame.Info.WidthPixels == 640;
            Assert.Equal(isLarge ? 360 : 240, frame.Info.HeightPixels);
            Assert.NotNull((isLarge ? decodedLarge : decodedSmall).NumberOf(frame.Digest));
            if (isLarge) largeFrames++;
        }
    }

    [Fact]
    public async Task The_delay_stays_bounded_behind_a_slow_consumer()
    {
        AnnexBFilm film = await AnnexBFilm.Encode(_folder, "testsrc=size=320x240:rate=25", 20, 25);
        DecodedFilm decoded = await DecodedFilm.Decode(_folder, film.File, 320, 240);
        await using RtspServer camera = RtspServer.Start(film, new() { FramesPerSecond = 25 });
        using SourceRun run = new(Options(camera.Url));
        run.Take();
        for (int i = 0; i < 6; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
            TakenFrame frame = run.Take();
            int? number = decoded.NumberOf(frame.Digest);
            Assert.NotNull(number);

            // The camera's film is longer than this test: the count of pictures sent is the number of the next one.
            // Frames that waited would be some twenty more each second; a second's worth is what a loaded machine may hold up.
            Assert.InRange(camera.Sent - 1 - number.Value, 0, 25);
        }

        Assert.True(run.Source.Counts.Displaced > 50);
    }

    [Fact]
    public async Task The_camera_is_told_when_its_viewer_leaves()
    {
        await using RtspServer camera = RtspServer.Start(await Film());
        using (SourceRun run = new(Options(camera.Url))) run.Take();
        Assert.Contains(camera.Requests, r => r.StartsWith("TEARDOWN ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_older_ffmpeg_is_asked_in_its_own_words()
    {
        // As ffmpeg 4 and 5.0 answer: an option that they do not know, and a list that they do not.
        string older = _folder.Write("ffmpeg-4", $$"""
            #!/bin/sh
            case "$*" in *-fps_mode*) echo "Unrecognized option 'fps_mode'." >&2; exit 1 ;; esac
            list=$(cat)
            case "$list" in *option*) echo "[concat @ 0x1] Line 3: unknown keyword 'option'" >&2; exit 1 ;; esac
            printf '%s\n' "$list" | exec {{Peer.Program("ffmpeg")}} "$@"
            """);
        File.SetUnixFileMode(older, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using RtspServer camera = RtspServer.Start(await Film());
        using SourceRun run = new(Options(camera.Url) with { Ffmpeg = new() { Program = older } });
        run.Take();
        Assert.DoesNotContain("no frames", run.Log.Text, StringComparison.Ordinal);
    }

    private static StreamOptions Options(string url) => new(new Uri(url), null, null, null) { Ffmpeg = new() };

    private async Task<AnnexBFilm> Film() => await AnnexBFilm.Encode(_folder, "testsrc=size=320x240:rate=10", 2, 10);
}

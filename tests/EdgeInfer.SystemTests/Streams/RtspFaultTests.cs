using System.Net;
using System.Net.Sockets;
using EdgeInfer.Configuration;
using EdgeInfer.Sources;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Streams;

/// <summary>What keeps a stream from giving frames is said once, with its cure and without its secrets.</summary>
public sealed class RtspFaultTests : IDisposable
{
    private const string Odd = Canary.Password + " @:/?#%&'\"ü";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_password_of_odd_characters_opens_the_camera_and_is_seen_nowhere(bool isDigest)
    {
        await using RtspServer camera = RtspServer.Start(await Film(), new() { User = "edge@site", Password = Odd, IsDigest = isDigest });
        using SourceRun run = new(Options(camera.Url + "?token=canary-7f3a9c-query", "edge@site", Odd));
        run.Take();
        foreach (string child in Children()) Canary.AbsentFrom(child);
    }

    [Fact]
    public async Task A_wrong_password_and_a_missing_one_have_cures_of_their_own()
    {
        await using RtspServer camera = RtspServer.Start(await Film(), new() { User = "edge", Password = "another" });
        AssertFault(Options(camera.Url, "edge", Canary.Password), SourceState.Failed, "refused the user name or password (401)", "`password`");
        AssertFault(Options(camera.Url), SourceState.Failed, "asks for a user name and a password (401)", "set `username`");
    }

    [Fact]
    public async Task A_path_that_the_camera_does_not_have_is_named_as_such()
    {
        await using RtspServer camera = RtspServer.Start(await Film());
        AssertFault(Options($"rtsp://127.0.0.1:{camera.Port}/other?password={Canary.Password}"), SourceState.Failed, "no such address (404)", "manual");
    }

    [Fact]
    public async Task A_camera_that_sends_by_tcp_alone_says_so_to_udp()
    {
        await using RtspServer camera = RtspServer.Start(await Film());
        AssertFault(Options(camera.Url) with { Ffmpeg = new() { IsUdp = true } }, SourceState.Failed, "does not send the stream that way (461)", "`transport`");
    }

    [Fact]
    public async Task A_stream_without_video_is_named_as_such()
    {
        await using RtspServer camera = RtspServer.Start(await Film(), new() { HasNoVideo = true });
        AssertFault(Options(camera.Url), SourceState.Failed, "no video", "video");
    }

    [Fact]
    public void Nobody_at_the_port_and_an_unknown_host_are_told_apart()
    {
        AssertFault(Options($"rtsp://127.0.0.1:{Mosquitto.FreePort()}/cam"), SourceState.NoSignal, "connection refused", "port");
        AssertFault(Options("rtsp://no-such-camera.invalid/cam"), SourceState.NoSignal, "host name is not known", "address");
    }

    [Fact]
    public async Task A_web_page_in_place_of_a_stream_is_named_as_such()
    {
        using TcpListener web = new(IPAddress.Loopback, 0);
        web.Start();
        Task serving = Task.Run(async () =>
        {
            while (true)
            {
                using TcpClient client = await web.AcceptTcpClientAsync();
                await using NetworkStream line = client.GetStream();
                if (await line.ReadAsync(new byte[1024]) == 0) continue;
                await line.WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"u8.ToArray());
            }
        });
        AssertFault(Options($"rtsp://127.0.0.1:{((IPEndPoint)web.LocalEndpoint).Port}/cam"), SourceState.Failed, "no video stream", "address");
        web.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }

    [Fact]
    public async Task A_decoder_that_this_ffmpeg_lacks_is_named_with_the_codec()
    {
        // ffmpeg builds without H.265 exist; the log of one, as ffmpeg 5.1 writes it.
        string lean = Script("lean", "cat > /dev/null; echo '[concat @ 0x1] no decoder found for: hevc' >&2; exit 1");
        await using RtspServer camera = RtspServer.Start(await Film());
        AssertFault(Options(camera.Url) with { Ffmpeg = new() { Program = lean } }, SourceState.Failed, "cannot decode H.265", "H.264");
    }

    [Fact]
    public async Task An_input_option_that_ffmpeg_does_not_have_is_quoted()
    {
        await using RtspServer camera = RtspServer.Start(await Film());
        AssertFault(Options(camera.Url) with { Ffmpeg = new() { InputArguments = ["-c:v", "no_such_decoder"] } }, SourceState.Failed, "no_such_decoder", "input_args");
    }

    [Fact]
    public async Task An_absent_ffmpeg_has_its_package_as_the_cure()
    {
        await using RtspServer camera = RtspServer.Start(await Film());
        AssertFault(Options(camera.Url) with { Ffmpeg = new() { Program = _folder["no-ffmpeg"] } }, SourceState.Failed, "no such program", "apt-get install ffmpeg");
    }

    [Fact]
    public async Task An_ffmpeg_that_is_killed_is_started_again()
    {
        await using RtspServer camera = RtspServer.Start(await Film());
        // Under a name of its own, so that no other test's is met.
        string program = _folder["ffmpeg-of-this-test"];
        File.CreateSymbolicLink(program, Peer.Program("ffmpeg"));
        using SourceRun run = new(Options(camera.Url) with { Ffmpeg = new() { Program = program } });
        run.Take();
        (int code, string output) = await ChildProcess.Run(Peer.Program("pkill"), "-KILL", "-P", $"{Environment.ProcessId}", "-f", program);
        Assert.True(code == 0, output);
        run.AwaitState(SourceState.NoSignal);
        Assert.Contains("SIGKILL", run.Source.Cause!.What, StringComparison.Ordinal);
        run.AwaitState(SourceState.Running);
    }

    [Theory]
    [InlineData("cat > /dev/null; exit 1", "ended with exit code 1")]
    [InlineData("cat > /dev/null; echo garbage; sleep 60", "does not say what it writes")]
    public async Task A_program_that_is_no_ffmpeg_does_no_harm(string script, string what)
    {
        await using RtspServer camera = RtspServer.Start(await Film());
        using SourceRun run = new(Options(camera.Url) with { Ffmpeg = new() { Program = Script("odd", script) } });
        run.Log.WaitFor(what);
    }

    private static void AssertFault(StreamOptions options, SourceState state, string what, string cure)
    {
        using SourceRun run = new(options);
        string line = run.Log.WaitFor("no frames");
        Assert.Contains(what, line, StringComparison.Ordinal);
        Assert.Contains(cure, line, StringComparison.Ordinal);
        Assert.Equal(state, run.Source.State);
        Canary.AbsentFrom(line);
    }

    /// <summary>Command line and environment of every process that this one has started.</summary>
    private static IEnumerable<string> Children()
    {
        int found = 0;
        foreach (string process in Directory.GetDirectories("/proc").Where(p => char.IsAsciiDigit(p[6])))
        {
            string text;
            try
            {
                string status = File.ReadAllText(process + "/status");
                if (!status.Contains($"PPid:\t{Environment.ProcessId}\n", StringComparison.Ordinal)) continue;
                text = File.ReadAllText(process + "/cmdline") + File.ReadAllText(process + "/environ");
            }
            catch (IOException)
            {
                continue;
            }

            found++;
            yield return text;
        }

        Assert.True(found > 0, "no child was found to look at");
    }

    private static StreamOptions Options(string url, string? user = null, string? password = null)
        => new(new Uri(url), user, password is null ? null : new Secret(password), null) { Ffmpeg = new() };

    private string Script(string name, string text)
    {
        string path = _folder.Write(name, "#!/bin/sh\n" + text + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private async Task<AnnexBFilm> Film() => await AnnexBFilm.Encode(_folder, "testsrc=size=320x240:rate=10", 2, 10);
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using EdgeInfer.SystemTests.Camera;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Commands;

/// <summary><c>predict</c> on single frames of cameras and streams.</summary>
public sealed class PredictLiveTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task A_camera_gives_one_frame_with_the_boxes_of_the_same_picture_as_a_file()
    {
        string picture = TestPictures.FirstGolden();
        using CameraRig cameras = await CameraRig.Build();
        cameras.Plug(0, "formats MJPG", "sizes 640x480", "rate 15");
        cameras.Picture(0, "0.jpg", File.ReadAllBytes(picture));
        (int code, string output) = await Run(cameras.Environment, "/dev/video0", "--json", "--annotate", _folder["out"]);
        Assert.True(code == 0, output);
        JsonElement live = AgentProcess.Payload(Assert.Single(output.Split('\n')));
        Assert.Equal("/dev/video0", live.GetProperty("source").GetString());
        Assert.Equal(Boxes(await OfFile(picture)), Boxes(live));
        Assert.Equal(["video0.jpg"], Directory.GetFiles(_folder["out"]).Select(Path.GetFileName));
        cameras.AssertRules();
    }

    [Fact]
    public async Task Dark_first_frames_of_a_camera_are_passed_over()
    {
        using CameraRig cameras = await CameraRig.Build();
        cameras.Plug(0, "formats MJPG", "sizes 640x480", "rate 10");
        // At 10 a second a frame half a second after the first is the sixth.
        string[] pictures = [.. Directory.GetFiles(Path.Combine(TestFolder.BundledModel, "golden"), "*.jpg").Order(StringComparer.Ordinal).Take(2)];
        for (int i = 0; i < 40; i++) cameras.Picture(0, $"{i:D2}.jpg", File.ReadAllBytes(pictures[i < 4 ? 0 : 1]));
        (int code, string output) = await Run(cameras.Environment, "/dev/video0", "--json");
        Assert.True(code == 0, output);
        Assert.Equal(Boxes(await OfFile(pictures[1])), Boxes(AgentProcess.Payload(output)));
    }

    [Fact]
    public async Task Several_frames_are_numbered()
    {
        using CameraRig cameras = await CameraRig.Build();
        cameras.Plug(0, "formats MJPG", "sizes 640x480", "rate 15");
        cameras.Picture(0, "0.jpg", File.ReadAllBytes(TestPictures.FirstGolden()));
        (int code, string output) = await Run(cameras.Environment, "/dev/video0", "--frames", "3", "--every", "100ms", "--annotate", _folder["out"]);
        Assert.True(code == 0, output);
        Assert.Equal(["video0-000001.jpg", "video0-000002.jpg", "video0-000003.jpg"], Directory.GetFiles(_folder["out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_stream_gives_one_frame_and_its_user_reaches_the_camera_but_no_output()
    {
        string picture = TestPictures.FirstGolden();
        string secret = _folder.Write("secret", Canary.Password + "\n");
        using TcpListener server = new(IPAddress.Loopback, 0);
        server.Start();
        string url = $"http://127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}/cam?key={Canary.Password}";
        Task<string> serving = Serve(server, File.ReadAllBytes(picture));
        (int code, string output) = await Run(null, url, "--json", "--username", "viewer", "--password-file", secret);
        Assert.True(code == 0, output);
        JsonElement live = AgentProcess.Payload(Assert.Single(output.Split('\n')));
        Assert.Equal(Boxes(await OfFile(picture)), Boxes(live));
        // RFC 7617: user, colon and password in base64.
        Assert.Contains($"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"viewer:{Canary.Password}"))}", await serving, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_film_gives_every_frame_or_one_for_each_time_asked_for()
    {
        // Ten frames of one picture at five a second: two seconds.
        string film = _folder["film.mkv"];
        (int made, string said) = await ChildProcess.Run(Peer.Program("ffmpeg"),
            "-v", "error", "-framerate", "5", "-loop", "1", "-i", TestPictures.FirstGolden(), "-frames:v", "10", "-c", "copy", film);
        Assert.True(made == 0, said);
        string[] labels = Labels(await OfFile(TestPictures.FirstGolden()));
        (int code, string output) = await Run(null, film, "--json");
        Assert.True(code == 0, output);
        JsonElement[] frames = [.. output.Split('\n').Select(AgentProcess.Payload)];
        Assert.Equal(Enumerable.Range(1, 10).Select(n => $"film.mkv#{n}"), frames.Select(f => f.GetProperty("frame_id").GetString()));
        Assert.All(frames, f => Assert.Equal(film, f.GetProperty("source").GetString()));
        Assert.All(frames, f => Assert.Equal(labels, Labels(f)));

        (code, output) = await Run(null, film, "--json", "--every", "1s");
        Assert.Equal((0, 2), (code, output.Split('\n').Length));
        (code, output) = await Run(null, film, "--json", "--frames", "3");
        Assert.Equal((0, 3), (code, output.Split('\n').Length));
        (code, output) = await Run(null, _folder.Write("broken.mp4", "no film"));
        Assert.Equal(66, code);
        Assert.Contains("broken.mp4: is no film that ffmpeg can read", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_s_pictures_are_an_input_too()
    {
        string picture = TestPictures.FirstGolden();
        (int code, string output) = await Run(null, "--exec", $"cat '{picture}' '{picture}'; sleep 60", "--json");
        Assert.True(code == 0, output);
        Assert.Equal(Boxes(await OfFile(picture)), Boxes(AgentProcess.Payload(output)));
    }

    [Fact]
    public async Task A_source_without_frames_ends_it_with_69_and_the_source_s_own_words()
    {
        using CameraRig cameras = await CameraRig.Build();
        cameras.Plug(0, "formats MJPG", "sizes 640x480", "rate 15");
        cameras.Control(0, "stall");
        (int code, string output) = await Run(cameras.Environment, "/dev/video0", "--timeout", "1s");
        Assert.Equal((69, "edgeinfer: /dev/video0: no frame in 1 s; wait longer with --timeout, or check the camera"), (code, output));

        (code, output) = await Run(cameras.Environment, "/dev/video7");
        Assert.Equal(69, code);
        Assert.StartsWith("edgeinfer: /dev/video7: there is no camera at this path", output, StringComparison.Ordinal);

        (code, output) = await Run(null, $"http://127.0.0.1:{Mosquitto.FreePort()}/cam");
        Assert.Equal(69, code);
        Assert.Contains("nothing listens there (connection refused)", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_in_the_address_or_on_the_command_line_is_refused_unseen()
    {
        (int code, string output) = await Run(null, $"http://viewer:{Canary.Password}@127.0.0.1/cam");
        Assert.Equal(64, code);
        Assert.EndsWith("holds a user or a password; take them out and give --username and --password-file", output, StringComparison.Ordinal);
        (code, output) = await Run(null, "http://127.0.0.1/cam", "--username", "viewer", "--password", Canary.Password);
        Assert.Equal(64, code);
        Assert.Contains("--password-file FILE", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output)> Run(IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        await using ChildProcess process = ChildProcess.Start(PublishedBinary.Path, ["predict", "parts-detector", .. arguments], environment);
        int code = await process.Exit(ChildProcess.Patience);
        return (code, process.Output);
    }

    private static async Task<JsonElement> OfFile(string picture)
    {
        (int code, string output) = await AgentProcess.Run("predict", "parts-detector", picture, "--json");
        Assert.True(code == 0, output);
        return AgentProcess.Payload(output);
    }

    private static string Boxes(JsonElement prediction) => prediction.GetProperty("detections").GetRawText();

    private static string[] Labels(JsonElement prediction)
        => [.. prediction.GetProperty("detections").EnumerateArray().Select(d => d.GetProperty("label").GetString()!).Order(StringComparer.Ordinal)];

    // Asks for a user first, then streams one picture again and again.
    private static async Task<string> Serve(TcpListener server, byte[] picture)
    {
        using TcpClient first = await server.AcceptTcpClientAsync();
        await using NetworkStream line = first.GetStream();
        await Request(line);
        await line.WriteAsync("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"cam\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
        first.Close();
        using TcpClient second = await server.AcceptTcpClientAsync();
        await using NetworkStream stream = second.GetStream();
        string request = await Request(stream);
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"u8.ToArray());
        try
        {
            while (true)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {picture.Length}\r\n\r\n"));
                await stream.WriteAsync(picture);
                await stream.WriteAsync("\r\n"u8.ToArray());
            }
        }
        catch (IOException)
        {
            // It has what it wants and went.
            return request;
        }
    }

    private static async Task<string> Request(NetworkStream line)
    {
        byte[] buffer = new byte[4096];
        StringBuilder request = new();
        while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            int read = await line.ReadAsync(buffer);
            Assert.NotEqual(0, read);
            request.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return request.ToString();
    }

    public void Dispose() => _folder.Dispose();
}

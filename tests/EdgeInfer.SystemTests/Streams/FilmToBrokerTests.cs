using System.Globalization;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Streams;

/// <summary>One film through <c>run</c> by every way in: the same boxes on MQTT.</summary>
public sealed class FilmToBrokerTests : IDisposable
{
    private const int Frames = 10;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_film_gives_the_same_boxes_as_a_file_through_a_command_and_from_a_camera()
    {
        string film = await MakeFilm();
        await using Mosquitto broker = await Mosquitto.Start();
        string[] asFile = await Predict(broker, $"{{ files: {film} }}", Frames, "\"frame_id\":\"belt.h264#10\"");
        Assert.Equal(Frames, asFile.Length);
        Assert.Contains(asFile, boxes => boxes != "[]");

        string command = $"{Peer.Program("ffmpeg")} -v error -nostdin -i {film} -f rawvideo -";
        // A live source does not wait, and a picture that is not taken yet gives way to the next: they come slowly enough for a machine that is busy elsewhere.
        string[] byCommand = await Predict(broker, $"{{ exec: \"{command}\", format: i420, size: 480x360, fps: 1, loop: false }}", Frames);
        Assert.Equal(asFile, byCommand);

        await using RtspServer camera = RtspServer.Start(
            AnnexBFilm.Read(film), new() { FramesPerSecond = 5, User = "edge", Password = Canary.Password });
        string[] byCamera = await Predict(broker, $"{{ stream: \"{camera.Url}\", username: edge, password: {Canary.Password} }}", Frames);
        Assert.All(byCamera, boxes => Assert.Contains(boxes, asFile));
        Assert.True(byCamera.Distinct().Count() > Frames / 2, "the camera showed hardly more than one picture");
    }

    [Fact]
    public async Task A_film_s_boxes_are_those_of_its_pictures_as_ffmpeg_gives_them()
    {
        string film = await MakeFilm();
        (int code, string output) = await ChildProcess.Run(Peer.Program("ffmpeg"), "-v", "error", "-nostdin", "-i", film, _folder["%02d.png"]);
        Assert.True(code == 0, output);
        await using Mosquitto broker = await Mosquitto.Start();
        string[] asFile = await Predict(broker, $"{{ files: {film} }}", Frames);
        string[] asPictures = await Predict(broker, $"{{ files: \"{_folder["*.png"]}\" }}", Frames);
        foreach ((string given, string expected) in asFile.Zip(asPictures))
        {
            using JsonDocument left = JsonDocument.Parse(given), right = JsonDocument.Parse(expected);
            Assert.Equal(Labels(right), Labels(left));

            // ffmpeg's own step to RGB rounds otherwise: a grey level moves no box by more than two pixels.
            foreach ((JsonElement a, JsonElement b) in Ordered(left).Zip(Ordered(right)))
                for (int side = 0; side < 4; side++) Assert.InRange(a.GetProperty("box")[side].GetDouble() - b.GetProperty("box")[side].GetDouble(), -2, 2);
        }
    }

    [Fact]
    public async Task A_camera_that_is_away_is_said_in_the_status_and_its_password_nowhere()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        string source = $"{{ stream: \"rtsp://127.0.0.1:{Mosquitto.FreePort()}/cam?pwd={Canary.Password}\", username: edge, password: {Canary.Password} }}";
        await using ChildProcess agent = AgentProcess.Start("run", "-c", _folder.Configuration(broker.Url, source));
        string status = await listener.Line("connection refused");
        Assert.Contains("\"no_signal\"", status, StringComparison.Ordinal);
        Assert.Contains("check that the camera is on, and the port", status, StringComparison.Ordinal);
        await agent.Line("connection refused");
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
    }

    private static List<JsonElement> Ordered(JsonDocument detections)
        => [.. detections.RootElement.EnumerateArray().OrderBy(d => d.GetProperty("box")[0].GetDouble()).ThenBy(d => d.GetProperty("box")[1].GetDouble())];

    private static string Labels(JsonDocument detections)
        => string.Join(' ', detections.RootElement.EnumerateArray().Select(d => d.GetProperty("label").GetString()).Order(StringComparer.Ordinal));

    /// <summary>The belt passing by: a window that moves over one of the model's own pictures.</summary>
    private async Task<string> MakeFilm()
    {
        string film = _folder["belt.h264"];
        (int code, string output) = await ChildProcess.Run(
            Peer.Program("ffmpeg"), "-v", "error", "-nostdin", "-loop", "1", "-i", TestPictures.FirstGolden(), "-vf", "crop=480:360:n*15:n*12,format=yuv420p",
            "-frames:v", Frames.ToString(CultureInfo.InvariantCulture), "-c:v", "libx264", "-crf", "15", "-bf", "0", "-g", "5", film);
        Assert.True(code == 0, output);
        return film;
    }

    /// <summary>The detections of the first predictions, as they stand in the messages.</summary>
    private async Task<string[]> Predict(Mosquitto broker, string source, int count, string? last = null)
    {
        await using ChildProcess listener = broker.Subscribe("edgeinfer/press-3/belt/prediction");
        await using ChildProcess agent = AgentProcess.Start(
            "run", "-c", _folder.Configuration(broker.Url, source, "    fps: max\n    publish: { predictions: every }"));
        if (last is not null) await listener.Line(last);

        // By their numbers: what was made before the broker was there comes behind what is new.
        return [.. (await listener.Lines("\"seq\":", count)).Select(AgentProcess.Payload).OrderBy(p => p.GetProperty("seq").GetInt64()).Take(count)
            .Select(p => p.GetProperty("detections").GetRawText())];
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using EdgeInfer.SystemTests.Camera;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.SystemTests.Streams;

namespace EdgeInfer.SystemTests.Commands;

/// <summary><c>doctor</c> on cameras, brokers and servers of the tests' own: what it finds, what it never does, and that it always ends.</summary>
public sealed class DoctorTests
{
    private const string Python = "/usr/bin/python3";

    // Reads the schema and the report, prints the first error.
    private const string Validator = """
        import json, sys
        try:
            import jsonschema
        except ImportError:
            sys.exit(3)
        schema, report = (json.load(open(path)) for path in sys.argv[1:])
        jsonschema.Draft202012Validator.check_schema(schema)
        error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(report))
        print("valid" if error is None else "%s: %s" % (error.json_path, error.message))
        """;

    [Fact]
    public async Task A_device_without_a_configuration_is_examined_for_itself()
    {
        using TestFolder folder = new();
        (int code, JsonElement report) = await Examine(folder, new Dictionary<string, string>());
        Assert.Equal(report.GetProperty("exit_code").GetInt32(), code);
        Assert.Contains("edgeinfer init", Findings(report, "configuration").Single().Cure, StringComparison.Ordinal);
        Assert.False(report.GetProperty("sections").TryGetProperty("broker", out _));
        Assert.Equal(int.Parse((await ChildProcess.Run(Peer.Program("nproc"), "--all")).Output, System.Globalization.CultureInfo.InvariantCulture),
            report.GetProperty("sections").GetProperty("processor").GetProperty("cores").GetInt32());
    }

    [Fact]
    public async Task A_camera_is_shown_with_formats_and_controls_and_its_metadata_node_left_out()
    {
        using CameraRig rig = await CameraRig.Build();
        using TestFolder folder = new();
        rig.Plug(0, "card HD Webcam", "bus usb-1", "formats MJPG YUYV", "sizes 1280x720 640x480");
        rig.Plug(1, "card HD Webcam", "bus usb-1", "kind metadata");
        (_, JsonElement report) = await Examine(folder, rig.Environment);
        JsonElement camera = Assert.Single(report.GetProperty("cameras").EnumerateArray());
        Assert.Equal(("/dev/video0", "HD Webcam", "camera"), (Text(camera, "path"), Text(camera, "name"), Text(camera, "role")));
        Assert.Equal(["MJPG", "YUYV"], camera.GetProperty("formats").EnumerateArray().Select(f => Text(f, "format")));
        JsonElement size = camera.GetProperty("formats")[0].GetProperty("sizes")[0];
        Assert.Equal((1280, 720, 15), (size.GetProperty("width").GetInt32(), size.GetProperty("height").GetInt32(), size.GetProperty("fps")[0].GetInt32()));
        JsonElement exposure = camera.GetProperty("controls").EnumerateArray().Single(c => Text(c, "name") == "exposure_time_absolute");
        Assert.Equal((3, 2047, 1, 250), (Number(exposure, "min"), Number(exposure, "max"), Number(exposure, "step"), Number(exposure, "default")));
        Assert.True(exposure.GetProperty("inactive").GetBoolean());
        JsonElement mode = camera.GetProperty("controls").EnumerateArray().Single(c => Text(c, "name") == "auto_exposure");
        Assert.Equal(["1 Manual Mode", "3 Aperture Priority Mode"], mode.GetProperty("items").EnumerateArray().Select(i => $"{Number(i, "value")} {Text(i, "name")}"));
        Assert.Empty(rig.Applied(0));
        rig.AssertRules();
    }

    [Theory]
    [InlineData("{ camera: /dev/video0 }", "ok", "HD Webcam, MJPG", "", 0)]
    [InlineData("{ camera: /dev/video0, size: 640x480, fps: 5, controls: { gain: 10 } }", "ok", "HD Webcam, MJPG 640x480 at 5/s, with gain = 10", "", 0)]
    [InlineData("{ camera: /dev/video0, size: 800x600 }", "warning", "does not offer 800x600 in MJPG", "set size to one of: MJPG, YUYV 640x480 15 5/s", 0)]
    [InlineData("{ camera: /dev/video0, size: 640x480, fps: 60 }", "warning", "15 frames a second at most at 640x480 in MJPG, not 60", "set fps or size to what it offers", 0)]
    [InlineData("{ camera: /dev/video0, format: nv12 }", "problem", "does not offer format nv12", "set format to one of: MJPG, YUYV", 78)]
    [InlineData("{ camera: /dev/video0, controls: { gian: 10 } }", "problem", "has no control 'gian'", "did you mean 'gain'?", 78)]
    [InlineData("{ camera: /dev/video1 }", "problem", "is the metadata node of HD Webcam", "give /dev/video0", 78)]
    [InlineData("{ camera: /dev/video9 }", "problem", "there is no camera at this path", "plug the camera in", 69)]
    [InlineData("{ files: /nowhere/*.jpg }", "problem", "no file there", "correct source.files", 69)]
    [InlineData("{ exec: [no-such-program, --password, canary-7f3a9c-x], format: mjpeg }", "problem", "there is no such program in PATH", "install it", 69)]
    public async Task A_source_that_cannot_run_as_configured_is_named_with_its_cure(string source, string level, string what, string cure, int exitCode)
    {
        using CameraRig rig = await CameraRig.Build();
        using TestFolder folder = new();
        rig.Plug(0, "card HD Webcam", "bus usb-1");
        rig.Plug(1, "card HD Webcam", "bus usb-1", "kind metadata");
        string configuration = folder.Configuration("embedded://127.0.0.1:" + Mosquitto.FreePort(), source);
        (int code, JsonElement report) = await Examine(folder, rig.Environment, "-c", configuration);
        Found found = Findings(report, "pipelines").Single();
        Assert.Equal(level, found.Level);
        Assert.Contains(what, found.What, StringComparison.Ordinal);
        Assert.Contains(cure, found.Cure, StringComparison.Ordinal);
        Assert.Equal(exitCode, code);
        Assert.Contains(Findings(report, "models"), f => f.Level == "ok" && f.What.Contains(" ms an inference on cpu", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_camera_that_may_not_be_opened_names_the_group_and_the_command()
    {
        using CameraRig rig = await CameraRig.Build();
        using TestFolder folder = new();
        rig.Plug(0);
        rig.Control(0, "denied");
        (int code, JsonElement report) = await Examine(folder, rig.Environment, "-c", folder.Configuration("embedded://127.0.0.1:" + Mosquitto.FreePort(), "{ camera: /dev/video0 }"));
        Found found = Findings(report, "pipelines").Single();
        Assert.Contains("may not open /dev/video0 (rw-rw---- root:video)", found.What, StringComparison.Ordinal);
        Assert.StartsWith("sudo usermod -aG video ", found.Cure, StringComparison.Ordinal);
        Assert.Equal(69, code);
        Assert.False(report.GetProperty("cameras")[0].GetProperty("access").GetProperty("may_open").GetBoolean());
    }

    [Fact]
    public async Task The_broker_is_asked_as_the_configured_user_under_another_client_id_and_nothing_is_published()
    {
        await using Mosquitto broker = await Mosquitto.Start(password: Canary.Password);
        await using ChildProcess subscriber = broker.Subscribe("#", Canary.Password);
        using TestFolder folder = new();
        string good = folder.Configuration(broker.Url, "{ synthetic: conveyor }", mqtt: $"  username: edge\n  password: {Canary.Password}");
        (int code, JsonElement report) = await Examine(folder, new Dictionary<string, string>(), "-c", good);
        Found found = Findings(report, "broker").Single();
        Assert.Equal(("ok", $"mqtt://127.0.0.1:{broker.Port}"), (found.Level, found.Where));
        Assert.StartsWith("lets user 'edge' in; answered in ", found.What, StringComparison.Ordinal);
        Assert.Equal(0, code);

        string bad = folder.Configuration(broker.Url, "{ synthetic: conveyor }", mqtt: "  username: edge\n  password: canary-7f3a9c-wrong");
        (code, report) = await Examine(folder, new Dictionary<string, string>(), "-c", bad);
        found = Findings(report, "broker").Single();
        Assert.Contains("wrong user name or password", found.What, StringComparison.Ordinal);
        Assert.Contains("-doctor'", found.What, StringComparison.Ordinal);
        Assert.Equal(78, code);
        Assert.Equal("", subscriber.Output);
    }

    [Theory]
    [InlineData("--json")]
    [InlineData("")]
    public async Task No_password_of_url_query_or_key_is_ever_shown(string format)
    {
        using TestFolder folder = new();
        int port = Mosquitto.FreePort();
        string configuration = folder.Configuration($"mqtt://127.0.0.1:{port}",
            $"{{ stream: 'http://127.0.0.1:{port}/cgi?user=canary-7f3a9c-user&pwd={Canary.Password}', username: cam, password: {Canary.Password} }}",
            mqtt: $"  username: edge\n  password: {Canary.Password}");
        await using ChildProcess doctor = ChildProcess.Start(PublishedBinary.Path, [.. new[] { "doctor", "-c", configuration, format }.Where(a => a.Length > 0)]);
        Assert.Equal(69, await doctor.Exit(ChildProcess.Patience));
        Assert.Contains("connection refused", doctor.Output, StringComparison.Ordinal);
        Canary.AbsentFrom(doctor.Output);
    }

    [Fact]
    public async Task An_RTSP_camera_gives_its_first_frame_and_a_wrong_password_is_named_and_never_shown()
    {
        using TestFolder folder = new();
        AnnexBFilm film = await AnnexBFilm.Encode(folder, "testsrc=size=320x240:rate=10", 2, 10);
        await using RtspServer camera = RtspServer.Start(film, new() { User = "edge", Password = Canary.Password });
        string Pipeline(string password) => folder.Configuration($"embedded://127.0.0.1:{Mosquitto.FreePort()}",
            $"{{ stream: '{camera.Url}?token=canary-7f3a9c-query', username: edge, password: {password} }}");
        (int code, JsonElement report) = await Examine(folder, new Dictionary<string, string>(), "-c", Pipeline(Canary.Password));
        Found found = Findings(report, "pipelines").Single();
        Assert.StartsWith("pipeline belt: first frame after ", found.What, StringComparison.Ordinal);
        Assert.Contains("(320x240 h264 by ffmpeg)", found.What, StringComparison.Ordinal);
        Assert.Equal(("ok", $"{camera.Url}?token=***", 0), (found.Level, found.Where, code));

        (code, report) = await Examine(folder, new Dictionary<string, string>(), "-c", Pipeline("canary-7f3a9c-wrong"));
        found = Findings(report, "pipelines").Single();
        Assert.Contains("(401)", found.What, StringComparison.Ordinal);
        Assert.Equal(("problem", 69), (found.Level, code));
    }

    [Fact]
    public async Task Whatever_hangs_it_ends_in_time_and_says_what_hung()
    {
        using TestFolder folder = new();
        await using Mosquitto broker = await Mosquitto.Start();
        broker.Freeze();

        // Accepts and never answers.
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        foreach (string name in (string[])["ffmpeg", "rpicam-hello"])
        {
            string script = folder[name];
            await File.WriteAllTextAsync(script, "#!/bin/sh\nexec sleep 60\n", TestContext.Current.CancellationToken);
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        string configuration = folder.Configuration(broker.Url, $"{{ stream: 'http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/' }}");
        Dictionary<string, string> environment = new() { ["PATH"] = folder.Path + ":/usr/bin:/bin" };
        Stopwatch watch = Stopwatch.StartNew();
        (int code, JsonElement report) = await Examine(folder, environment, "-c", configuration);
        broker.Thaw();
        Assert.InRange(watch.Elapsed.TotalSeconds, 2, 12);
        Assert.Equal(69, code);
        Assert.Contains("no answer within 3 s", Findings(report, "broker").Single().What, StringComparison.Ordinal);
        Assert.Contains("no answer and no bytes for 3 s", Findings(report, "pipelines").Single().What, StringComparison.Ordinal);
        Assert.Contains(Findings(report, "programs"), f => f.What.StartsWith("ffmpeg does not run", StringComparison.Ordinal));
        Assert.Contains(Findings(report, "cameras"), f => f.What.StartsWith("rpicam-hello --list-cameras failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_text_fits_its_columns_and_ends_with_what_is_to_mend()
    {
        using TestFolder folder = new();
        await using ChildProcess doctor = ChildProcess.Start(PublishedBinary.Path, ["doctor", "-c", folder.Configuration("mqtt://127.0.0.1:" + Mosquitto.FreePort(), "{ camera: /dev/video63 }")]);
        Assert.Equal(69, await doctor.Exit(ChildProcess.Patience));
        string[] lines = doctor.Output.Split('\n');
        Assert.All(lines, line => Assert.True(line.Length <= 100 || !line.TrimStart().Contains(' ', StringComparison.Ordinal), line));
        int mend = Array.IndexOf(lines, "To mend");
        Assert.Contains(lines[mend..], line => line.StartsWith("  PROBLEM  Broker: ", StringComparison.Ordinal));
        Assert.Contains(lines[mend..], line => line.StartsWith("  PROBLEM  Pipelines: ", StringComparison.Ordinal));
    }

    private readonly record struct Found(string Level, string What, string Where, string Cure);

    /// <summary>Runs doctor --json and holds the report against the schema, which wants a cure of every warning and problem.</summary>
    private static async Task<(int Code, JsonElement Report)> Examine(TestFolder folder, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        await using ChildProcess doctor = ChildProcess.Start(PublishedBinary.Path, ["doctor", "--json", .. arguments], environment);
        int code = await doctor.Exit(ChildProcess.Patience);
        string report = folder.Write("report.json", doctor.Output);
        (int schemaCode, string schema) = await AgentProcess.Run("schema", "doctor");
        Assert.Equal(0, schemaCode);
        (int pythonCode, string verdict) = await ChildProcess.Run(Python, "-c", Validator, folder.Write("schema.json", schema), report);
        if (pythonCode == 3) Peer.Missing("Python has no jsonschema: apt-get install python3-jsonschema");
        Assert.Equal("valid", verdict);
        using JsonDocument document = JsonDocument.Parse(doctor.Output);
        return (code, document.RootElement.Clone());
    }

    private static IEnumerable<Found> Findings(JsonElement report, string section) => report.GetProperty("findings").EnumerateArray()
        .Where(f => Text(f, "section") == section).Select(f => new Found(Text(f, "level"), Text(f, "what"), Text(f, "where"), Text(f, "cure")));

    private static string Text(JsonElement from, string name) => from.TryGetProperty(name, out JsonElement value) ? value.GetString()! : "";

    private static int Number(JsonElement from, string name) => from.GetProperty(name).GetInt32();
}

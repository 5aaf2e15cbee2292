using System.Text.RegularExpressions;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnosis;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Sources.Camera;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Configuration;

namespace EdgeInfer.Tests.Diagnosis;

/// <summary>What <c>init</c> writes from what was found, each time held against what <c>check</c> says of it.</summary>
public sealed partial class ConfigurationDraftTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-init-").FullName;
    private readonly string _store = Path.Combine(RepositoryFolder.Root, "models");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_machine_with_nothing_gets_a_synthetic_source_and_a_broker_inside()
    {
        AgentConfiguration read = Checked(Draft(Found()));
        PipelineOptions belt = Assert.Single(read.Pipelines);
        Assert.IsType<SyntheticOptions>(belt.Source);
        Assert.Equal(new Uri("embedded://127.0.0.1:1883"), read.Mqtt.Url);
    }

    [Fact]
    public void One_camera_is_named_by_its_link_in_its_best_mode()
    {
        SurveyedCamera camera = Camera(0, new OfferedFormat(FourCc.Yuyv, [Size(1280, 720, 10)]), new OfferedFormat(FourCc.Mjpg, [Size(1920, 1080, 30), Size(1280, 720, 30, 15)])) with
        {
            ByPath = "/dev/v4l/by-path/platform-xhci-usb-0:1:1.0-video-index0",
        };
        PipelineOptions pipeline = Assert.Single(Checked(Draft(Found(camera))).Pipelines);
        Assert.Equal("camera", pipeline.Name);
        Assert.Equal(new CameraOptions("/dev/v4l/by-path/platform-xhci-usb-0:1:1.0-video-index0", (1280, 720), 15, "mjpg"), pipeline.Source);
    }

    [Fact]
    public void Controls_are_named_with_the_values_they_have()
    {
        ControlInfo brightness = new(0x980900, "brightness", "Brightness", ControlKind.Integer, -64, 64, 1, 0, 0, false, []) { Current = -3 };
        SurveyedCamera camera = Camera(0, new OfferedFormat(FourCc.Mjpg, [Size(640, 480, 30)])) with
        {
            Controls = [brightness, brightness with { Name = "focus_absolute", Flags = 0x10 }, brightness with { Name = "read_back", Flags = 0x4 }],
        };
        Assert.Contains("\n      # controls: { brightness: -3 } ", Draft(Found(camera)), StringComparison.Ordinal);
    }

    [Fact]
    public void Three_cameras_get_a_pipeline_each()
    {
        AgentConfiguration read = Checked(Draft(Found([.. Enumerable.Range(0, 3).Select(n => Camera(n * 2, new OfferedFormat(FourCc.Mjpg, [Size(640, 480, 30)])))])));
        Assert.Equal(["camera-1", "camera-2", "camera-3"], read.Pipelines.Select(p => p.Name));
        Assert.Equal(["/dev/video0", "/dev/video2", "/dev/video4"], read.Pipelines.Select(p => ((CameraOptions)p.Source).Device));
    }

    [Fact]
    public void A_ribbon_s_receiver_is_a_pipeline_where_a_program_reads_it_and_a_hint_where_none_does()
    {
        Surroundings found = Found(new SurveyedCamera("/dev/video0", "unicam", "unicam", "platform:fe801000.csi", CameraRole.CsiReceiver));
        string without = Draft(found);
        Assert.IsType<SyntheticOptions>(Assert.Single(Checked(without).Pipelines).Source);
        Assert.Contains("# Not used: /dev/video0 (unicam): the receiver of a ribbon-cable camera: install rpicam-apps", without, StringComparison.Ordinal);
        string with = Draft(found with { Programs = new Dictionary<string, string> { ["rpicam-vid"] = "/usr/bin/rpicam-vid" } });
        Assert.Equal(0, Assert.IsType<CsiOptions>(Assert.Single(Checked(with).Pipelines).Source).Number);
        Assert.DoesNotContain("Not used", with, StringComparison.Ordinal);
    }

    [Fact]
    public void A_camera_that_cannot_be_used_is_named_with_the_cure()
    {
        SurveyedCamera locked = new("/dev/video0", "Webcam", "", "", CameraRole.Unknown)
        {
            Access = new("rw-rw----", "root", "video", false, "sudo usermod -aG video edgeinfer, and start the service again"),
        };
        string text = Draft(Found(locked));
        Assert.IsType<SyntheticOptions>(Assert.Single(Checked(text).Pipelines).Source);
        Assert.Contains("# Not used: /dev/video0 (Webcam): may not be opened: sudo usermod -aG video edgeinfer, and start the service again\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broker_that_lets_anyone_in_is_preferred_to_one_that_does_not()
    {
        string text = Draft(Found() with { Brokers = [Asked("mqtt://127.0.0.1:1883", BrokerAnswer.WantsPassword), Asked("mqtt://192.168.0.1:1883", BrokerAnswer.Open)] });
        Assert.Equal(new Uri("mqtt://192.168.0.1:1883"), Checked(text).Mqtt.Url);
        Assert.Contains("  # url: mqtt://127.0.0.1:1883", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broker_with_a_password_leaves_the_place_for_it()
    {
        string text = Draft(Found() with { Brokers = [Asked("mqtt://127.0.0.1:1883", BrokerAnswer.WantsPassword)] });
        Assert.Equal(new Uri("mqtt://127.0.0.1:1883"), Checked(text).Mqtt.Url);
        Assert.Contains("it wants a user name and a password: set both below\n", text, StringComparison.Ordinal);
        Assert.Contains("  # password: { file: /etc/edgeinfer/secrets/mqtt }", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_not_ready_is_a_comment_that_says_what_to_choose()
    {
        File.Copy(Path.Combine(RepositoryFolder.Root, "tests", "EdgeInfer.Tests", "Inference", "Graphs", "conv.onnx"), Path.Combine(_folder, "best.onnx"));
        string text = Draft(Found());
        Assert.Equal(["parts-detector"], Checked(text).Models.Keys);
        string line = Assert.Single(text.Split('\n'), l => l.StartsWith("  # best: { path: best.onnx }", StringComparison.Ordinal));
        Assert.Matches("# not ready: choose [a-z.]+(, [a-z.]+)*; edgeinfer model inspect .*/best.onnx --write best$", line);
    }

    [Fact]
    public void A_model_of_the_working_folder_is_preferred_and_named_relative_to_the_file()
    {
        File.Copy(Path.Combine(_store, "parts-detector", "model.onnx"), Path.Combine(_folder, "Mine 1.onnx"));
        ModelFinding mine = Assert.Single(Models(), m => m.Place == ModelPlace.Here);
        if (!mine.IsReady) mine = mine with { Faults = [], Inspection = Models()[^1].Inspection };
        string text = Draft(Found() with { Models = [mine, .. Models().Skip(1)] });
        Assert.Contains("\n  mine-1: { path: 'Mine 1.onnx' }", text, StringComparison.Ordinal);
        Assert.Contains("\n    model: mine-1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_background_is_none_of_the_labels_that_can_be_chosen()
    {
        ModelFinding bundled = Models()[^1];
        Model model = bundled.Inspection!.Model!;
        ModelFinding changed = bundled with { Inspection = bundled.Inspection with { Model = model with { BackgroundClass = 0 } } };
        string text = Draft(Found() with { Models = [changed] });
        Assert.Contains($"detects {model.Labels[1]}, {model.Labels[2]}", text, StringComparison.Ordinal);
        Assert.Contains($"# labels: [{model.Labels[1]}, {model.Labels[2]}]", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_inspect_has_written_is_found_before_the_bare_file_it_came_from()
    {
        File.Copy(Path.Combine(RepositoryFolder.Root, "tests", "EdgeInfer.Tests", "Inference", "Graphs", "conv.onnx"), Path.Combine(_folder, "best.onnx"));
        string folder = Directory.CreateSymbolicLink(Path.Combine(_folder, "best"), Path.Combine(_store, "parts-detector")).FullName;
        Assert.Equal(folder, Checked(Draft(Found())).Models["best"].Path);
    }

    [Fact]
    public void A_folder_of_the_model_s_name_beside_the_file_does_not_hide_the_bundled_one()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "parts-detector"));
        Assert.Equal(Path.Combine(_store, "parts-detector"), Checked(Draft(Found())).Models["parts-detector"].Path);
    }

    [Fact]
    public void A_name_that_a_device_gives_itself_cannot_leave_its_comment()
    {
        SurveyedCamera camera = Camera(0, new OfferedFormat(FourCc.Mjpg, [Size(640, 480, 30)])) with { Name = "cam\nevil: 1\r\u2028x: \u0085y" };
        Checked(Draft(Found(camera)));
    }

    /// <summary>Each commented key is valid where it stands, so that nobody who takes its "# " away is let down.</summary>
    [Fact]
    public void Every_commented_key_is_accepted_when_it_is_set()
    {
        string[] lines = Draft(Found(Camera(0, new OfferedFormat(FourCc.Mjpg, [Size(640, 480, 30)])))).Split('\n');
        int tried = 0;
        for (int i = 0; i < lines.Length; i++)
        {
            if (CommentedKey().Match(lines[i]) is not { Success: true } key) continue;
            tried++;
            FaultList faults = new();
            Reader().ReadText(Instead(lines, i, key), Path.Combine(_folder, "edgeinfer.yaml"), faults);
            // Files that a password or a certificate is read from are not on this machine.
            Assert.DoesNotContain(faults.Faults, f => !f.What.Contains("there is no file ", StringComparison.Ordinal) && !f.What.Contains("is not encrypted", StringComparison.Ordinal));
        }

        Assert.InRange(tried, 25, 60);
    }

    private static string Instead(string[] lines, int at, Match key)
    {
        string indent = key.Groups[1].Value;
        List<string> kept = [];
        bool isWithin = false;
        for (int i = 0; i < lines.Length; i++)
        {
            bool isDeeper = lines[i].StartsWith(indent + " ", StringComparison.Ordinal);
            isWithin = isWithin ? isDeeper : lines[i].StartsWith($"{indent}{key.Groups[2].Value}:", StringComparison.Ordinal) && i > Parent(lines, at, indent) && i < End(lines, at, indent);
            if (i == at) kept.Add(indent + lines[i][(indent.Length + 2)..]);
            else if (!isWithin || lines[i].StartsWith(indent + "#", StringComparison.Ordinal)) kept.Add(lines[i]);
        }

        return string.Join('\n', kept);
    }

    private static int Parent(string[] lines, int at, string indent)
    {
        while (lines[at].StartsWith(indent, StringComparison.Ordinal) || lines[at].Length == 0) at--;
        return at;
    }

    private static int End(string[] lines, int at, string indent)
    {
        while (at < lines.Length && lines[at].StartsWith(indent, StringComparison.Ordinal)) at++;
        return at;
    }

    private AgentConfiguration Checked(string text)
    {
        FaultList faults = new();
        AgentConfiguration? read = Reader().ReadText(text, Path.Combine(_folder, "edgeinfer.yaml"), faults);
        Assert.Equal([], faults.Faults.Concat(faults.Warnings).Select(f => f.ToString()));
        new ConfigurationCheck(ModelLoader.Load).Check(read!, faults);
        Assert.Equal([], faults.Faults.Concat(faults.Warnings).Select(f => f.ToString()));
        return read!;
    }

    private AgentConfigurationReader Reader()
        => new(new Dictionary<string, string>(), ConfigurationText.Machine, new ModelLocator([_store]).Installed);

    private string Draft(Surroundings found) => ConfigurationDraft.Write(found, Path.Combine(_folder, "edgeinfer.yaml"), "1.2.3");

    private IReadOnlyList<ModelFinding> Models()
    {
        if (!File.Exists(Path.Combine(_store, "parts-detector", "model.onnx"))) Assert.Skip($"{_store} holds no parts-detector");
        return ModelSurvey.Find(_folder, new ModelLocator([_store]), "/nowhere");
    }

    private Surroundings Found(params SurveyedCamera[] cameras)
        => new("press-3", cameras, [Asked("mqtt://127.0.0.1:1883", BrokerAnswer.Silent)], Models(), new Dictionary<string, string>());

    private static BrokerFinding Asked(string url, BrokerAnswer answer)
        => new(new(new(url), "a test"), answer, answer == BrokerAnswer.Open ? null : new(FaultKind.Unavailable, url, "what it says", ""));

    private static SurveyedCamera Camera(int number, params OfferedFormat[] formats)
        => new($"/dev/video{number}", "HD Webcam", "uvcvideo", "usb-1", CameraRole.Camera) { Offer = new(formats) };

    private static OfferedSize Size(int width, int height, params double[] rates) => new(width, height, width, height, rates);

    [GeneratedRegex("^( *)# ([a-z_]+):( |$)")]
    private static partial Regex CommentedKey();
}

using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Commands;

/// <summary>Bad input gets one clear line, the documented exit code, and never a stack trace.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task No_such_picture_is_66() => await Refused(66, "no such picture", "parts-detector", _folder["absent.jpg"]);

    [Fact]
    public async Task An_empty_picture_is_65() => await Refused(65, "empty", "parts-detector", _folder.Write("empty.jpg", ""));

    [Fact]
    public async Task A_named_pipe_is_refused_and_not_waited_for()
    {
        string pipe = _folder["pipe.jpg"];
        using (System.Diagnostics.Process made = System.Diagnostics.Process.Start("mkfifo", pipe)) await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Refused(65, "no plain file", "parts-detector", pipe);
    }

    [Fact]
    public async Task A_text_named_jpg_is_65() => await Refused(65, "no picture", "parts-detector", _folder.Write("text.jpg", "hello"));

    [Fact]
    public async Task A_JPEG_header_of_no_size_is_65() => await Refused(65, "", "parts-detector", _folder.Write("zero.jpg", TestPictures.JpegHeader(0, 0)));

    [Fact]
    public async Task A_JPEG_header_of_65500_squared_is_65_before_any_memory_is_taken()
        => await Refused(65, "65500x65500", "parts-detector", _folder.Write("huge.jpg", TestPictures.JpegHeader(65500, 65500)));

    [Fact]
    public async Task A_truncated_photo_is_65()
    {
        byte[] whole = File.ReadAllBytes(TestPictures.FirstGolden());
        await Refused(65, "", "parts-detector", _folder.Write("half.jpg", whole[..(whole.Length / 2)]));
    }

    [Fact]
    public async Task One_bad_picture_among_good_ones_is_named_and_the_others_are_predicted()
    {
        string good = TestPictures.FirstGolden();
        (int code, string output) = await AgentProcess.Run("predict", "parts-detector", _folder.Write("bad.jpg", "no"), good, "--json");
        Assert.Equal(65, code);
        Assert.Contains("bad.jpg", output, StringComparison.Ordinal);
        Assert.Contains("\"detections\"", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_such_model_is_66_and_names_those_there_are() => await Refused(66, "parts-detector", "parts-detectr", TestPictures.FirstGolden());

    [Fact]
    public async Task A_model_that_is_HTML_is_65() => await Refused(65, "HTML", _folder.Write("page.onnx", "<!DOCTYPE html><html></html>"), TestPictures.FirstGolden());

    [Fact]
    public async Task A_truncated_model_is_65()
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(TestFolder.BundledModel, "model.onnx"));
        await Refused(65, "", _folder.Write("half.onnx", whole[..(whole.Length / 2)]), TestPictures.FirstGolden());
    }

    [Fact]
    public async Task A_label_too_few_is_65_and_counts_them()
    {
        foreach (string file in new[] { "model.onnx", "model.yaml", "labels.txt" }) _folder.Copy(Path.Combine(TestFolder.BundledModel, file), "model/" + file);
        string labels = _folder["model/labels.txt"];
        File.WriteAllLines(labels, File.ReadAllLines(labels).Where(l => l.Length > 0).Skip(1));
        File.WriteAllText(_folder["model/model.yaml"], string.Join('\n', File.ReadAllLines(_folder["model/model.yaml"]).TakeWhile(l => !l.StartsWith("golden", StringComparison.Ordinal))));
        await Refused(65, "3 labels", _folder["model"], TestPictures.FirstGolden());
    }

    [Fact]
    public async Task An_unknown_verb_is_64() => await Usage(64, "Unrecognized", "predictt");

    [Fact]
    public async Task A_verb_that_misses_an_argument_is_64_and_points_to_its_own_help() => await Usage(64, "see: edgeinfer enroll --help", "enroll");

    [Fact]
    public async Task A_missing_configuration_is_66() => await Usage(66, "absent.yaml", "run", "-c", _folder["absent.yaml"]);

    [Fact]
    public async Task Every_odd_JPEG_is_read_or_refused_with_one_line_and_never_crashes()
    {
        string folder = PublishedBinary.Case("jpeg-odd");
        (int code, string output) = await AgentProcess.Run("predict", "parts-detector", folder, "--json");
        Assert.Contains(code, new[] { 0, 65 });
        string[] files = [.. Directory.GetFiles(folder).Select(f => Path.GetFileName(f))];
        foreach (string file in files) Assert.Single(output.Split('\n'), l => l.Contains("/" + file, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_on_the_command_line_is_refused_without_showing_it()
        => await Usage(64, "--password-file", "watch", "--broker", "mqtt://127.0.0.1:1", "--username", "edge", "--password", Canary.Password);

    [Fact]
    public async Task Port_0_is_no_broker_s()
        => await Usage(78, "port 0", "run", "-c", _folder.Configuration("mqtt://127.0.0.1:0", "{ synthetic: conveyor }"));

    [Theory]
    [InlineData("png")]
    [InlineData("gif")]
    [InlineData("webp")]
    [InlineData("bmp")]
    public async Task A_truncated_picture_of_another_kind_is_65(string extension)
    {
        string whole = _folder[$"whole.{extension}"];
        (int code, string output) = await ChildProcess.Run("/usr/bin/python3", "-c", "import sys, PIL.Image as i; i.open(sys.argv[1]).convert('RGB').save(sys.argv[2])", TestPictures.FirstGolden(), whole);
        if (code != 0) Peer.Missing($"Python's Pillow is missing: {output}");
        byte[] bytes = File.ReadAllBytes(whole);
        await Refused(65, "ends too early", "parts-detector", _folder.Write($"cut.{extension}", bytes[..(bytes.Length / 2)]));
    }

    [Theory]
    [InlineData("> /dev/full", "No space left on device")]
    [InlineData(">&-", "it is closed")]
    public async Task Output_that_cannot_be_written_is_74_with_its_name_and_never_a_stack_trace(string where, string why)
    {
        foreach (string verb in new[] { $"predict parts-detector '{TestPictures.FirstGolden()}' --json", "--help", "schema prediction" })
        {
            (int code, string output) = await ChildProcess.Run("/bin/sh", "-c", $"'{PublishedBinary.Path}' {verb} {where}");
            Assert.Equal((74, $"edgeinfer: standard output: {why}; see where the shell sends it, and whether there is room"), (code, output.TrimEnd()));
        }
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_does_not_end_the_service()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        string configuration = _folder.Configuration(broker.Url, "{ synthetic: conveyor, size: 320x240, fps: 5 }");
        await using ChildProcess agent = ChildProcess.Start("/bin/sh", ["-c", $"exec '{PublishedBinary.Path}' run -c '{configuration}' 2> /dev/full > /dev/full"]);
        await listener.Line("\"seq\":1,");
        Assert.False(agent.HasExited);
    }

    private static async Task Refused(int expectedCode, string part, string model, string picture)
        => await Usage(expectedCode, part, "predict", model, picture);

    private static async Task Usage(int expectedCode, string part, params string[] arguments)
    {
        (int code, string output) = await AgentProcess.Run(arguments);
        Assert.True(code == expectedCode, $"exit code {code}: {output}");
        Assert.Contains(part, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}

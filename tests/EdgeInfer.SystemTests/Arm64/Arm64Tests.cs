using System.Text.Json;
using EdgeInfer.SystemTests.Inference;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Arm64;

/// <summary>The arm64 executable gives what the x64 one gives: emulation proves correctness, not speed.</summary>
public sealed class Arm64Tests : IDisposable
{
    private const double Pixels = 1;
    private const double Score = 0.02;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_prints_its_version()
    {
        (int code, string output) = await EmulatedAgent.Run("--version");
        Assert.Equal(0, code);
        (_, string native) = await AgentProcess.Run("--version");
        Assert.Equal(native, output);
    }

    [Fact]
    public async Task The_bundled_int8_model_gives_the_same_boxes_as_on_x64()
        => await GivesTheSame(TestFolder.BundledModel, TestPictures.FirstGolden());

    [Fact]
    public async Task A_float_model_gives_the_same_boxes_on_a_photo_as_on_x64()
    {
        _folder.Copy(PublishedBinary.Case("fastestdet/FastestDet.onnx"), "float/model.onnx");
        _folder.Copy(PublishedBinary.Case("fastestdet/coco.txt"), "float/labels.txt");
        _folder.Write("float/model.yaml", """
            task: detect
            input: { color: bgr, resize: stretch, kernel: bilinear, scale: 1/255 }
            output: { decoder: fastestdet }
            labels: labels.txt
            threshold: 0.3
            """);
        await GivesTheSame(_folder["float"], PublishedBinary.Case("yolox-nano/dog.jpg"));
    }

    [Fact]
    public async Task A_quantised_classifier_gives_the_same_scores_on_a_photo_as_on_x64()
    {
        _folder.Copy(PublishedBinary.Case("mobilenet-v1-uint8/mobilenet_v1_0.25_128_quant.onnx"), "uint8/model.onnx");
        _folder.Copy(PublishedBinary.Case("mobilenet-v1-uint8/imagenet_labels.txt"), "uint8/labels.txt");
        _folder.Write("uint8/model.yaml", """
            task: classify
            input: { color: rgb, resize: stretch, kernel: bilinear-tf }
            labels: { file: labels.txt, background: 0 }
            """);
        string picture = PublishedBinary.Case("mobilenet-v1-uint8/cat.bmp");
        JsonElement native = Result(await AgentProcess.Run("predict", _folder["uint8"], picture, "--json")).GetProperty("classes")[0];
        JsonElement emulated = Result(await EmulatedAgent.Run("predict", _folder["uint8"], picture, "--json")).GetProperty("classes")[0];
        Assert.Equal(native.GetProperty("class").GetInt32(), emulated.GetProperty("class").GetInt32());
        Assert.Equal(native.GetProperty("score").GetDouble(), emulated.GetProperty("score").GetDouble(), Score);
    }

    [Theory]
    [InlineData("1.17.3", true)]
    [InlineData("1.20.1", false)]
    [InlineData("1.23.2", false)]
    public async Task An_older_native_library_gives_the_golden_boxes(string version, bool isAlways)
    {
        if (!isAlways && Environment.GetEnvironmentVariable("EDGEINFER_ROOTS") != "all") Assert.Skip("only with EDGEINFER_ROOTS=all: each takes minutes");
        string picture = TestPictures.FirstGolden();
        OlderRuntimeTests.AssertGolden(picture, Result(await EmulatedAgent.Run("predict", TestFolder.BundledModel, picture, "--json", "--onnxruntime", await ReleasedRuntime.Library(version, "arm64"))));
    }

    [Fact]
    public async Task It_publishes_predictions_to_mosquitto()
    {
        string picture = TestPictures.FirstGolden();
        JsonElement native = Result(await AgentProcess.Run("predict", TestFolder.BundledModel, picture, "--json"));
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = EmulatedAgent.Start("run", "-c", _folder.Configuration(broker.Url, $"{{ files: {picture} }}"));
        JsonElement published = AgentProcess.Payload(await listener.Line("edgeinfer/press-3/belt/prediction {", EmulatedAgent.Patience));
        AssertSame(native, published);
        Assert.Equal(0, await agent.Terminate(EmulatedAgent.Patience));
        await listener.Line("edgeinfer/press-3/belt/status offline", EmulatedAgent.Patience);
    }

    private static async Task GivesTheSame(string model, string picture)
    {
        JsonElement native = Result(await AgentProcess.Run("predict", model, picture, "--json"));
        JsonElement emulated = Result(await EmulatedAgent.Run("predict", model, picture, "--json"));
        AssertSame(native, emulated);
    }

    private static void AssertSame(JsonElement native, JsonElement emulated)
    {
        JsonElement[] expected = [.. native.GetProperty("detections").EnumerateArray()];
        JsonElement[] found = [.. emulated.GetProperty("detections").EnumerateArray()];
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Length, found.Length);
        foreach (JsonElement one in expected)
        {
            Assert.Contains(found, other => other.GetProperty("label").GetString() == one.GetProperty("label").GetString()
                && Math.Abs(other.GetProperty("score").GetDouble() - one.GetProperty("score").GetDouble()) <= Score
                && Box(other).Zip(Box(one)).All(edge => Math.Abs(edge.First - edge.Second) <= Pixels));
        }
    }

    private static JsonElement Result((int ExitCode, string Output) run)
    {
        Assert.True(run.ExitCode == 0, run.Output);
        return AgentProcess.Payload(Assert.Single(run.Output.Split('\n'), line => line.StartsWith('{')));
    }

    private static IEnumerable<double> Box(JsonElement detection) => detection.GetProperty("box").EnumerateArray().Select(v => v.GetDouble());
}

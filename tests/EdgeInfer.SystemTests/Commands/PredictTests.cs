using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Commands;

/// <summary><c>predict</c> on real models and photos, against what reference implementations get from them.</summary>
public sealed class PredictTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private sealed record Expected(string Label, double Score, double Left, double Top, double Right, double Bottom);

    [Fact]
    public async Task YOLOX_finds_dog_bicycle_and_car_where_OpenCV_s_bilinear_kernel_puts_them()
        => await Finds(Yolox("bilinear"), "yolox-nano/dog.jpg",
            new("dog", .855, 133, 207, 326, 543), new("bicycle", .803, 52, 137, 572, 424), new("car", .798, 466, 78, 692, 171));

    [Fact]
    public async Task YOLOX_finds_them_where_Pillow_s_antialiased_kernel_puts_them()
        => await Finds(Yolox("bilinear-antialias"), "yolox-nano/dog.jpg",
            new("dog", .829, 133, 207, 325, 542), new("bicycle", .808, 46, 132, 572, 431), new("car", .809, 467, 78, 692, 172));

    [Fact]
    public async Task FastestDet_finds_them_under_the_bilinear_kernel()
        => await Finds(FastestDet("bilinear"), "yolox-nano/dog.jpg",
            new("dog", .809, 126, 201, 334, 536), new("car", .763, 457, 72, 703, 170), new("bicycle", .743, 128, 150, 577, 438), new("car", .577, 57, 81, 111, 128));

    [Fact]
    public async Task FastestDet_finds_them_under_the_antialiased_kernel()
        => await Finds(FastestDet("bilinear-antialias"), "yolox-nano/dog.jpg",
            new("car", .784, 458, 77, 703, 170), new("dog", .771, 124, 203, 333, 537), new("bicycle", .735, 178, 152, 592, 421), new("car", .590, 57, 81, 111, 128));

    [Fact]
    public async Task UltraFace_finds_Grace_Hopper_s_face()
        => await Finds(PublishedBinary.Case("ultraface/version-RFB-320.onnx"), "ultraface/grace_hopper.bmp", new Expected("face", 1.000, 173, 121, 358, 333));

    [Fact]
    public async Task MobileNet_uint8_calls_the_cat_a_tiger_cat_with_its_published_score()
    {
        string model = Case("mobilenet-v1-uint8/mobilenet_v1_0.25_128_quant.onnx", "mobilenet-v1-uint8/imagenet_labels.txt", """
            task: classify
            input: { color: rgb, resize: stretch, kernel: bilinear-tf }
            labels: { file: labels.txt, background: 0 }
            """);
        JsonElement first = (await Predict(model, PublishedBinary.Case("mobilenet-v1-uint8/cat.bmp")))[0].GetProperty("classes")[0];
        Assert.Equal(283, first.GetProperty("class").GetInt32());
        Assert.InRange(first.GetProperty("score").GetDouble(), .343, .383);
    }

    [Fact]
    public async Task All_nine_EXIF_orientations_of_a_scene_are_turned_upright_first()
    {
        string[] inputs = [.. Enumerable.Range(0, 9).Select(i => PublishedBinary.Case($"exif/Landscape_{i}.jpg"))];
        List<JsonElement> results = await Predict(Yolox("bilinear"), inputs);
        Assert.Equal(9, results.Count);
        foreach (JsonElement result in results)
            Assert.Equal((1800, 1200), (result.GetProperty("frame").GetProperty("width").GetInt32(), result.GetProperty("frame").GetProperty("height").GetInt32()));
    }

    [Fact]
    public async Task An_annotated_picture_is_written_beside_the_boxes_printed()
    {
        string picture = TestPictures.FirstGolden();
        (int code, string output) = await AgentProcess.Run("predict", "parts-detector", picture, "--annotate", _folder["out"]);
        Assert.True(code == 0, output);
        string drawn = _folder[Path.Combine("out", Path.GetFileName(picture))];
        Assert.True(File.Exists(drawn), output);
        Assert.NotEqual(File.ReadAllBytes(picture), File.ReadAllBytes(drawn));
    }

    private async Task Finds(string model, string picture, params Expected[] expected)
    {
        JsonElement result = (await Predict(model, PublishedBinary.Case(picture)))[0];
        List<JsonElement> found = [.. result.GetProperty("detections").EnumerateArray()];
        foreach (Expected e in expected)
        {
            Assert.Contains(found, f => Label(f) == e.Label
                && Math.Abs(f.GetProperty("score").GetDouble() - e.Score) <= .02
                && Edges(f).Zip([e.Left, e.Top, e.Right, e.Bottom]).All(edge => Math.Abs(edge.First - edge.Second) <= 2));
        }
    }

    private static async Task<List<JsonElement>> Predict(string model, params string[] inputs)
    {
        (int code, string output) = await AgentProcess.Run(["predict", model, .. inputs, "--json"]);
        Assert.True(code == 0, output);
        return [.. output.Split('\n').Where(l => l.StartsWith('{')).Select(AgentProcess.Payload)];
    }

    private string Yolox(string kernel) => Case("yolox-nano/yolox_nano.onnx", "yolox-nano/coco.txt", $$"""
        task: detect
        input: { color: bgr, resize: letterbox-top-left, kernel: {{kernel}}, pad: 114 }
        output: { decoder: yolox }
        labels: labels.txt
        """);

    private string FastestDet(string kernel) => Case("fastestdet/FastestDet.onnx", "fastestdet/coco.txt", $$"""
        task: detect
        input: { color: bgr, resize: stretch, kernel: {{kernel}}, scale: 1/255 }
        output: { decoder: fastestdet }
        labels: labels.txt
        threshold: 0.3
        """);

    private string Case(string onnx, string labels, string yaml)
    {
        _folder.Copy(PublishedBinary.Case(onnx), "model/model.onnx");
        _folder.Copy(PublishedBinary.Case(labels), "model/labels.txt");
        _folder.Write("model/model.yaml", yaml);
        return _folder["model"];
    }

    private static string Label(JsonElement detection) => detection.GetProperty("label").GetString()!;

    private static double[] Edges(JsonElement detection)
    {
        double[] box = [.. detection.GetProperty("box").EnumerateArray().Select(v => v.GetDouble())];
        return [box[0], box[1], box[0] + box[2], box[1] + box[3]];
    }

    public void Dispose() => _folder.Dispose();
}

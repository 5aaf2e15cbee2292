using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Postprocessing;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Inference;
using EdgeInfer.Tests.Preprocessing;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Postprocessing;

/// <summary>
/// Published models on photographs, from file to boxes, beside what a reference implementation (OpenCV or Pillow, then the model's own decoding) gets.
/// The models lie beside the repository (../shared/cases, see its README) and are not part of it; without them these tests are skipped.
/// </summary>
public sealed class PublishedModelTests : IDisposable
{
    private const float ScoreTolerance = 0.02f;
    private const float PixelTolerance = 2;

    private const string Yolox = """
        task: detect
        input: { color: bgr, resize: letterbox-top-left, kernel: KERNEL, pad: 114 }
        output: { decoder: yolox, nms: { mode: per-class, iou: 0.45 } }
        labels: labels.txt
        threshold: 0.3
        """;

    private const string FastestDet = """
        task: detect
        input: { color: bgr, resize: stretch, kernel: KERNEL, scale: 1/255 }
        output: { decoder: fastestdet, nms: { mode: per-class, iou: 0.45 } }
        labels: labels.txt
        threshold: 0.5
        """;

    private const string UltraFace = """
        task: detect
        input: { color: rgb, resize: stretch, kernel: KERNEL, mean: 127, std: 128 }
        output: { decoder: ssd, nms: { mode: per-class, iou: 0.3 }, ssd: { boxes: [boxes], scores: [scores] } }
        labels: { names: [background, face], background: 0 }
        threshold: 0.7
        """;

    private const string MobileNet = """
        task: classify
        input: { color: rgb, resize: stretch, kernel: KERNEL }
        output: { decoder: classification, activation: none }
        labels: { file: labels.txt, background: 0 }
        threshold: 0.1
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-published-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("bilinear", "dog .855 133 207 326 543, bicycle .803 52 137 572 424, car .798 466 78 692 171, truck .306")]
    [InlineData("bilinear-antialias", "dog .829 133 207 325 542, car .809 467 78 692 172, bicycle .808 46 132 572 431, cat .380")]
    public void YOLOX_nano_sees_the_dog_as_its_reference_does(string kernel, string expected)
    {
        Prediction seen = Predict("yolox-nano/yolox_nano.onnx", "yolox-nano/coco.txt", Yolox, kernel, Photo("yolox-nano/dog.jpg"), out Model model);
        AssertSeen(expected, seen, model);
    }

    [Theory]
    [InlineData("bilinear", "dog .809 126 201 334 536, car .763 457 72 703 170, bicycle .743 128 150 577 438, car .577 57 81 111 128")]
    [InlineData("bilinear-antialias", "car .784 458 77 703 170, dog .771 124 203 333 537, bicycle .735 178 152 592 421, car .590")]
    public void FastestDet_sees_the_dog_as_its_reference_does(string kernel, string expected)
    {
        Prediction seen = Predict("fastestdet/FastestDet.onnx", "fastestdet/coco.txt", FastestDet, kernel, Photo("yolox-nano/dog.jpg"), out Model model);
        AssertSeen(expected, seen, model);
    }

    [Fact]
    public void UltraFace_sees_the_one_face()
    {
        Prediction seen = Predict("ultraface/version-RFB-320.onnx", null, UltraFace, "bilinear", Photo("ultraface/grace_hopper.bmp"), out Model model);
        AssertSeen("face 1.000 173 121 358 333", seen, model);
    }

    [Fact]
    public void MobileNet_in_bytes_keeps_its_published_score_with_its_own_kernel_only()
    {
        Prediction own = Predict("mobilenet-v1-uint8/mobilenet_v1_0.25_128_quant.onnx", "mobilenet-v1-uint8/imagenet_labels.txt", MobileNet, "bilinear-tf", Photo("mobilenet-v1-uint8/cat.bmp"), out Model model);
        Assert.Equal(283, own.Classes[0].Class);
        Assert.Equal("tiger cat", model.Labels[283]);
        // The published .363 in the output's own steps of 1/256: with TensorFlow Lite's pixels not even the last bit differs.
        Assert.Equal(93 / 256f, own.Classes[0].Score, 1e-6f);

        Prediction other = Predict("mobilenet-v1-uint8/mobilenet_v1_0.25_128_quant.onnx", "mobilenet-v1-uint8/imagenet_labels.txt", MobileNet, "bilinear-antialias", Photo("mobilenet-v1-uint8/cat.bmp"), out _);
        Assert.Equal(286, other.Classes[0].Class);
    }

    [Fact]
    public void All_nine_orientations_of_one_scene_give_one_tensor()
    {
        byte[]? first = null;
        for (int i = 0; i <= 8; i++)
        {
            byte[] tensor = Fill(TestGraph.Picture(3, 128, 128) with { Type = ElementType.UInt8, Resize = ResizeMode.Stretch, Kernel = ResizeKernel.Area }, Photo($"exif/Landscape_{i}.jpg"));
            first ??= tensor;
            double difference = tensor.Zip(first, static (a, b) => Math.Abs(a - b)).Average();
            // The number drawn on each and their compression differ; the scene turned any other way is 60 grey levels and more away.
            Assert.True(difference < 4, $"orientation {i}: {difference:0.0} grey levels from the first");
        }
    }

    private static byte[] Fill(PictureInput input, string photo)
    {
        using PicturePath path = new(input);
        using FramePool pool = new(1, 64 << 20);
        using FrameLease frame = Lease(pool, photo);
        byte[] tensor = new byte[input.Channels * input.Width * input.Height];
        StageTimes times = default;
        Assert.Equal(DecodeOutcome.Ok, path.Process(frame, tensor, out PictureGeometry geometry, ref times));
        Assert.Equal((1800, 1200), (geometry.SourceWidth, geometry.SourceHeight));
        return tensor;
    }

    private static FrameLease Lease(FramePool pool, string photo)
    {
        byte[] bytes = File.ReadAllBytes(photo);
        Frame frame = pool.Rent()!;
        bytes.CopyTo(pool.Memory(frame, bytes.Length));
        frame.Info = new() { Format = photo.EndsWith(".jpg", StringComparison.Ordinal) ? PixelFormat.Jpeg : PixelFormat.PictureFile };
        return pool.Publish(frame, bytes.Length);
    }

    private static string Photo(string name)
    {
        string path = Path.GetFullPath(Path.Combine(RepositoryFolder.Root, "..", "shared", "cases", name));
        Assert.SkipUnless(File.Exists(path), $"needs {name} of ../shared/cases, which is not part of the repository");
        return path;
    }

    private Prediction Predict(string onnx, string? labels, string yaml, string kernel, string photo, out Model model)
    {
        string folder = Path.Combine(_folder, Path.GetFileNameWithoutExtension(onnx).ToLowerInvariant().Replace('_', '-').Replace('.', '-') + "-" + kernel);
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            File.Copy(Photo(onnx), Path.Combine(folder, "model.onnx"));
            if (labels is not null) File.Copy(Photo(labels), Path.Combine(folder, "labels.txt"));
            File.WriteAllText(Path.Combine(folder, "model.yaml"), yaml.Replace("KERNEL", kernel, StringComparison.Ordinal));
        }

        model = ModelLoader.Load(folder);
        using ModelSession session = TestGraph.Runtime().Open(model);
        using FrameStages stages = new(session, DecoderOptions.Default, TimeProvider.System, NullLogger.Instance);
        using FramePool pool = new(1, 64 << 20);
        Assert.Equal(DecodeOutcome.Ok, stages.Process(Lease(pool, photo)));
        return stages.Prediction;
    }

    /// <summary>Each expected object is there (label, score and, where given, corners), and nothing else that is clearly above the lowest of them.</summary>
    private static void AssertSeen(string expected, Prediction seen, Model model)
    {
        List<Detection> left = [.. seen.Detections];
        string found = string.Join(", ", left.Select(d => FormattableString.Invariant($"{model.Labels[d.Class]} {d.Score:.000} [{d.X:0},{d.Y:0},{d.X + d.Width:0},{d.Y + d.Height:0}]")));
        foreach (string one in expected.Split(", "))
        {
            string[] words = one.Split(' ');
            float[] numbers = [.. words.Skip(words.Length - (words.Length > 4 ? 5 : 1)).Select(static w => float.Parse(w, System.Globalization.CultureInfo.InvariantCulture))];
            string label = string.Join(' ', words[..^numbers.Length]);
            int index = left.FindIndex(d => model.Labels[d.Class] == label && Math.Abs(d.Score - numbers[0]) <= ScoreTolerance && (numbers.Length == 1 || IsNear(d, numbers)));
            Assert.True(index >= 0, $"no {one} among: {found}");
            left.RemoveAt(index);
        }

        Assert.True(left.TrueForAll(d => d.Score <= model.Threshold + ScoreTolerance), $"more than {expected}: {found}");
    }

    private static bool IsNear(Detection d, float[] numbers) =>
        Math.Abs(d.X - numbers[1]) <= PixelTolerance && Math.Abs(d.Y - numbers[2]) <= PixelTolerance
        && Math.Abs(d.X + d.Width - numbers[3]) <= PixelTolerance && Math.Abs(d.Y + d.Height - numbers[4]) <= PixelTolerance;
}

using System.Text.Json;
using EdgeInfer.Models;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Synthetic;
using EdgeInfer.Tests.Architecture;

namespace EdgeInfer.Tests.Sources.Synthetic;

public sealed class PartsDetectorTests
{
    private static readonly string s_folder = Path.Combine(RepositoryFolder.Root, "models", "parts-detector");

    [Fact]
    public void The_model_is_smaller_than_a_megabyte_and_names_the_belts_parts()
    {
        Assert.InRange(new FileInfo(Path.Combine(s_folder, "model.onnx")).Length, 1, 999_999);
        Assert.Equal(BeltTruth.Labels, ModelLoader.Load(s_folder).Labels);
    }

    // Seeds from 9,000,000 are kept out of training, validation and calibration.
    [Fact]
    public void On_belts_it_has_not_seen_it_is_as_good_as_its_float_parent()
    {
        Model small = ModelLoader.Load(s_folder);
        Model parent = small with { OnnxPath = Path.Combine(s_folder, "reference", "float.onnx"), Digest = "float" };
        using BeltEvaluation evaluation = new([small, parent]);
        for (int seed = 9_000_000; seed < 9_000_040; seed++) evaluation.Add(seed, 97, (640, 480));
        double quantised = evaluation.Judges[0].Mean, full = evaluation.Judges[1].Mean;
        Assert.True(quantised >= 0.90 && quantised >= full - 0.02, $"mAP@0.5 {quantised:0.000}, float {full:0.000}");
        (double precision, double recall) = evaluation.Judges[0].At(small.Threshold);
        Assert.True(precision > 0.95 && recall > 0.95, $"precision {precision:0.000}, recall {recall:0.000}");
    }

    // The tolerances of a golden gate: one to one, same class, overlap at least 0.75, score within 0.10, nothing else well above the threshold.
    [Theory]
    [InlineData("belt-27")]
    [InlineData("belt-30")]
    [InlineData("belt-37")]
    public void On_the_golden_pictures_it_finds_what_its_float_parent_found(string name)
    {
        Model model = ModelLoader.Load(s_folder);
        using DetectorRun run = new(model, 0.2);
        byte[] picture = File.ReadAllBytes(Path.Combine(s_folder, "golden", name + ".jpg"));
        List<Detection> found = [.. run.Find(picture, new FrameInfo { Format = PixelFormat.Jpeg })];
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_folder, "golden", name + ".json")));
        JsonElement detections = expected.RootElement.GetProperty("detections");
        Assert.True(detections.GetArrayLength() >= 6);
        foreach (JsonElement detection in detections.EnumerateArray())
        {
            int label = detection.GetProperty("class").GetInt32();
            double[] box = [.. detection.GetProperty("box").EnumerateArray().Select(static value => value.GetDouble())];
            int match = found.FindIndex(one => one.Class == label && Overlap(one, box) >= 0.75);
            Assert.True(match >= 0, $"no {model.Labels[label]} at {string.Join(", ", box)}");
            Assert.Equal(detection.GetProperty("score").GetDouble(), found[match].Score, 0.10);
            found.RemoveAt(match);
        }

        Assert.DoesNotContain(found, one => one.Score > model.Threshold + 0.10);
    }

    private static double Overlap(Detection a, double[] b)
    {
        double width = Math.Min(a.X + a.Width, b[0] + b[2]) - Math.Max(a.X, b[0]);
        double height = Math.Min(a.Y + a.Height, b[1] + b[3]) - Math.Max(a.Y, b[1]);
        if (width <= 0 || height <= 0) return 0;
        return width * height / (a.Width * a.Height + b[2] * b[3] - width * height);
    }
}

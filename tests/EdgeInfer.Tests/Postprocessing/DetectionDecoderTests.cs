using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Postprocessing;

public sealed class DetectionDecoderTests
{
    [Fact]
    public void A_box_returns_through_the_letterbox_by_its_whole_pixels()
    {
        using Head head = Head.OfAnchors(1, [16, 15.5f, 8, 9.5f, 0.9f]);

        Detection found = Assert.Single(head.Decode(Head.Letterboxed).Detections);

        // (12 - 0) * 100 / 32 and (10.75 - 6) * 60 / 19
        Assert.Equal(37.5f, found.X, 1e-4f);
        Assert.Equal(15f, found.Y, 1e-4f);
        Assert.Equal(25f, found.Width, 1e-4f);
        Assert.Equal(30f, found.Height, 1e-4f);
    }

    [Fact]
    public void A_box_over_the_edge_is_clipped_and_one_outside_is_dropped()
    {
        using Head head = Head.OfAnchors(1, [0, 16, 8, 8, 0.9f], [16, 2, 4, 4, 0.8f]);

        // The second lies wholly in the padding.
        Detection found = Assert.Single(head.Decode(Head.Letterboxed).Detections);
        Assert.Equal(0, found.X);
        Assert.Equal(12.5f, found.Width, 1e-4f);
    }

    [Fact]
    public void A_crop_puts_boxes_back_beyond_what_was_cut_off()
    {
        // 64×32 cropped to the middle 32×32.
        PictureGeometry cropped = new(64, 32, 32, 32, 64, 32, -16, 0);
        using Head head = Head.OfAnchors(1, [16, 16, 8, 8, 0.9f]);

        Detection found = Assert.Single(head.Decode(cropped).Detections);

        Assert.Equal((28f, 12f, 8f, 8f), (found.X, found.Y, found.Width, found.Height));
    }

    [Fact]
    public void Only_wanted_labels_are_reported()
    {
        using Head head = Head.OfAnchors(2, [4, 4, 4, 4, 0.9f, 0.1f], [20, 20, 4, 4, 0.1f, 0.8f]);

        Detection found = Assert.Single(head.Decode(Head.Plain, new() { Labels = ["label1"] }).Detections);

        Assert.Equal(1, found.Class);
    }

    [Fact]
    public void An_unwanted_label_still_suppresses_where_classes_compete()
    {
        using Head head = Head.OfAnchors(2, [10, 10, 8, 8, 0.9f, 0.1f], [10, 10, 8, 8, 0.1f, 0.8f]);
        DecoderOptions wanted = new() { Labels = ["label1"] };

        Assert.Single(head.Decode(Head.Plain, wanted).Detections);
        head.Model = head.Model with { Output = head.Model.Output with { Nms = new(NmsMode.ClassAgnostic, 0.5f) } };
        Assert.Empty(head.Decode(Head.Plain, wanted).Detections);
    }

    [Fact]
    public void Thresholds_go_by_label_then_pipeline_then_model()
    {
        using Head head = Head.OfAnchors(2, [4, 4, 4, 4, 0.5f, 0], [20, 20, 4, 4, 0, 0.5f]);

        Assert.Equal(2, head.Decode(Head.Plain).Detections.Count);
        Assert.Empty(head.Decode(Head.Plain, new() { Threshold = 0.6 }).Detections);
        Assert.Equal(0, Assert.Single(head.Decode(Head.Plain, new() { LabelThresholds = new Dictionary<string, double> { ["label1"] = 0.6 } }).Detections).Class);
        Assert.Equal(1, Assert.Single(head.Decode(Head.Plain, new() { Threshold = 0.6, LabelThresholds = new Dictionary<string, double> { ["label1"] = 0.5 } }).Detections).Class);
    }

    [Fact]
    public void A_label_that_the_model_does_not_have_is_refused_with_the_nearest()
    {
        using Head head = Head.OfAnchors(2, [4, 4, 4, 4, 0.5f, 0]);

        FaultException refused = Assert.Throws<FaultException>(() => head.Decode(
            Head.Plain, new() { Labels = ["labl1"], LabelThresholds = new Dictionary<string, double> { ["zebra"] = 0.5 } }));

        Assert.Equal(2, refused.Faults.Count);
        Assert.Contains("did you mean 'label", refused.Message, StringComparison.Ordinal);
        Assert.Contains("zebra", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Boxes_smaller_than_the_least_area_are_dropped()
    {
        // 4×4 of 32×32 is 1/64.
        using Head head = Head.OfAnchors(1, [10, 10, 4, 4, 0.9f], [20, 20, 8, 8, 0.8f]);

        Assert.Equal(2, head.Decode(Head.Plain, new() { MinArea = 1.0 / 64 }).Detections.Count);
        Assert.Single(head.Decode(Head.Plain, new() { MinArea = 1.0 / 63 }).Detections);
    }

    [Fact]
    public void No_more_than_the_contract_allows_are_reported_and_they_are_the_best()
    {
        using Head head = Head.OfAnchors(1, [4, 4, 2, 2, 0.5f], [10, 4, 2, 2, 0.9f], [16, 4, 2, 2, 0.7f]);
        head.Model = head.Model with { Output = head.Model.Output with { MaxDetections = 2 } };

        Assert.Equal([0.9f, 0.7f], head.Decode(Head.Plain).Detections.Select(static d => d.Score));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_score_or_edge_that_is_no_number_is_no_result(float odd)
    {
        float[][] anchors =
        [
            [4, 4, 4, 4, odd, odd], [odd, 4, 4, 4, 0.9f, 0.1f], [4, odd, 4, 4, 0.9f, 0.1f], [4, 4, odd, 4, 0.9f, 0.1f], [4, 4, 4, odd, 0.9f, 0.1f],
            [20, 20, 4, 4, 0.8f, 0.1f],
        ];
        using Head columns = Head.OfAnchors(2, anchors);
        Assert.Equal(0.8f, Assert.Single(columns.Decode(Head.Plain).Detections).Score);

        using Head rows = Head.Of(DecoderKind.Yolov8, 2, ("out", [1, anchors.Length + 1, 6], [.. anchors.SelectMany(static a => a), .. new float[6]]));
        Assert.Equal(0.8f, Assert.Single(rows.Decode(Head.Plain).Detections).Score);
    }

    [Fact]
    public void A_class_that_is_no_number_does_not_hide_the_others()
    {
        using Head head = Head.OfAnchors(3, [20, 20, 4, 4, float.NaN, 0.8f, 0.1f]);
        Assert.Equal(1, Assert.Single(head.Decode(Head.Plain).Detections).Class);
    }

    [Theory]
    [InlineData(DecoderKind.Yolox)]
    [InlineData(DecoderKind.FastestDet)]
    [InlineData(DecoderKind.Ssd)]
    public void A_head_full_of_rubbish_gives_nothing_and_does_not_fail(int kind)
    {
        (string, long[])[] shapes = (DecoderKind)kind switch
        {
            DecoderKind.Yolox => [("out", [1, 21, 7])],
            DecoderKind.FastestDet => [("out", [1, 7, 4, 4])],
            _ => [("boxes", [1, 5, 4]), ("scores", [1, 5, 2])],
        };
        foreach (float odd in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            using Head head = Head.Of((DecoderKind)kind, 2, [.. shapes.Select(s => (s.Item1, s.Item2, Enumerable.Repeat(odd, (int)s.Item2.Aggregate(1L, static (a, b) => a * b)).ToArray()))]);
            head.Model = head.Model with { Output = head.Model.Output with { Ssd = new() { Boxes = ["boxes"], Scores = ["scores"], Levels = [] } } };
            foreach (ScoreActivation activation in Enum.GetValues<ScoreActivation>())
            {
                head.Model = head.Model with { Output = head.Model.Output with { Activation = activation } };
                Assert.Empty(head.Decode(Head.Plain).Detections);
            }
        }
    }

    [Fact]
    public void Quantised_and_half_outputs_are_read_as_real_numbers()
    {
        // Centre 16, 16, size 8, 8, score 0.75, with real = (stored - 10) * 0.25.
        byte[] stored = [74, 74, 42, 42, 13];
        Model quantised = Head.Contract(DecoderKind.Yolov8, 1, [new("out", ElementType.UInt8, [1, 5, 1], new Quantisation(0.25f, 10))]);
        using TensorBuffer bytes = new("out", ElementType.UInt8, [1, 5, 1]);
        stored.CopyTo(bytes.Bytes);
        AssertOne(quantised, bytes);

        Model signed = Head.Contract(DecoderKind.Yolov8, 1, [new("out", ElementType.Int8, [1, 5, 1], new Quantisation(0.25f, -100))]);
        using TensorBuffer signedBytes = new("out", ElementType.Int8, [1, 5, 1]);
        new sbyte[] { -36, -36, -68, -68, -97 }.CopyTo(signedBytes.Elements<sbyte>());
        AssertOne(signed, signedBytes);

        Model half = Head.Contract(DecoderKind.Yolov8, 1, [new("out", ElementType.Float16, [1, 5, 1], null)]);
        using TensorBuffer halves = new("out", ElementType.Float16, [1, 5, 1]);
        new[] { (Half)16f, (Half)16f, (Half)8f, (Half)8f, (Half)0.75f }.CopyTo(halves.Elements<Half>());
        AssertOne(half, halves);

        static void AssertOne(Model model, TensorBuffer tensor)
        {
            Prediction result = new();
            OutputDecoder.Create(model, DecoderOptions.Default).Decode([tensor], Head.Plain, result);
            Assert.Equal(new Detection(0, 0.75f, 12, 12, 8, 8), Assert.Single(result.Detections));
        }
    }

    [Fact]
    public void A_label_count_off_by_one_is_refused_with_the_shape()
    {
        using Head head = Head.OfAnchors(3, [4, 4, 4, 4, 0.5f, 0, 0]);
        head.Model = head.Model with { Labels = ["a", "b"] };

        FaultException refused = Assert.Throws<FaultException>(() => head.Decode(Head.Plain));

        Assert.Contains("is [1, 7, 1]; a yolov8 head with 2 labels is [1, 6, anchors]", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_left_of_the_last_frame_is_gone()
    {
        using Head head = Head.OfAnchors(1, [4, 4, 4, 4, 0.9f]);
        OutputDecoder decoder = OutputDecoder.Create(head.Model, DecoderOptions.Default);
        Prediction result = new();
        decoder.Decode(head.Outputs, Head.Plain, result);
        Assert.Single(result.Detections);

        head.Outputs[0].Bytes.Clear();
        decoder.Decode(head.Outputs, Head.Plain, result);

        Assert.Empty(result.Detections);
    }
}

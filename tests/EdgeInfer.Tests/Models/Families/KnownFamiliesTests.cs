using EdgeInfer.Models;

namespace EdgeInfer.Tests.Models.Families;

/// <summary>Heads by their outer shape; expected values are those that the authors' own scripts use.</summary>
public sealed class KnownFamiliesTests
{
    [Theory]
    [InlineData(320, 240, 4420)]
    [InlineData(640, 480, 17640)]
    public void Ultraface_is_known_by_its_outputs(int width, int height, int anchors)
    {
        using ModelBox box = new(UltraFace(width, height, anchors));
        Model model = box.Load();
        Assert.Equal((DecoderKind.Ssd, ChannelOrder.Rgb, ResizeMode.Stretch, 1f), (model.Output.Decoder, model.Input.Color, model.Input.Resize, model.Input.Scale));
        Assert.Equal([127, 127, 127], model.Input.Mean);
        Assert.Equal([128, 128, 128], model.Input.Std);
        Assert.Equal(["background", "face"], model.Labels);
        Assert.Equal((0, 0.7f, ScoreActivation.None), (model.BackgroundClass, model.Threshold, model.Output.Activation));
        Assert.Empty(model.Output.Ssd!.Levels);
    }

    [Fact]
    public void Scores_and_boxes_of_another_number_are_not_ultraface()
    {
        using ModelBox box = new(UltraFace(320, 240, 4421));
        Assert.Contains(box.Faults(), f => f.Contains("input.color is stated nowhere", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(256, 0.65f)]
    [InlineData(128, 0.5f)]
    public void Blazeface_is_known_by_its_two_levels_of_anchors(int side, float threshold)
    {
        // Exporters order the outputs as they like.
        OnnxBuilder graph = new OnnxBuilder().Input("input:0", OnnxBuilder.Float, 1, side, side, 3)
            .Output("r8", OnnxBuilder.Float, 1, 384, 16).Output("c16", OnnxBuilder.Float, 1, 512, 1)
            .Output("c8", OnnxBuilder.Float, 1, 384, 1).Output("r16", OnnxBuilder.Float, 1, 512, 16).Node("Conv", ["input:0", "w"], ["c16"]);
        using ModelBox box = new(graph);
        Model model = box.Load();
        Assert.Equal((DecoderKind.Ssd, ScoreActivation.Sigmoid, TensorLayout.Nhwc, (byte)0), (model.Output.Decoder, model.Output.Activation, model.Input.Layout, model.Input.Pad));
        Assert.Equal((float)(1 / 127.5), model.Input.Scale);
        Assert.Equal([1, 1, 1], model.Input.Mean);
        SsdOptions ssd = model.Output.Ssd!;
        Assert.Equal(["r16", "r8"], ssd.Boxes);
        Assert.Equal(["c16", "c8"], ssd.Scores);
        // Strides of 16 and 32 (or 8 and 16) pixels: 16 × 16 × 2 and 8 × 8 × 6 anchors.
        Assert.Equal([new AnchorLevel(16, 16, 2), new AnchorLevel(8, 8, 6)], ssd.Levels);
        Assert.Equal((side, threshold), (ssd.BoxScale, model.Threshold));
        Assert.Equal(["face"], model.Labels);
    }

    [Theory]
    [InlineData("Softmax", true)]
    [InlineData("Sigmoid", false)]
    public void Fastestdet_is_known_by_the_operators_of_its_head(string classes, bool isKnown)
    {
        OnnxBuilder graph = new OnnxBuilder().Input("input.1", OnnxBuilder.Float, 1, 3, 352, 352).Output("y", OnnxBuilder.Float, 1, 8, 22, 22)
            .Node("Conv", ["input.1", "w"], ["a"]).Node("Sigmoid", ["a"], ["o"]).Node("Conv", ["a", "v"], ["b"]).Node("Transpose", ["a"], ["t"], ("perm", [0, 3, 2, 1]))
            .Node(classes, ["t"], ["s"]).Node("Transpose", ["s"], ["k"], ("perm", [0, 3, 2, 1])).Node("Concat", ["o", "b", "k"], ["y"]);
        using ModelBox box = new(graph);
        if (!isKnown)
        {
            Assert.Contains(box.Faults(), f => f.Contains("input.color is stated nowhere", StringComparison.Ordinal));
            return;
        }

        Model model = box.Load();
        Assert.Equal((DecoderKind.FastestDet, ChannelOrder.Bgr, ResizeMode.Stretch, 1f / 255, 3), (model.Output.Decoder, model.Input.Color, model.Input.Resize, model.Input.Scale, model.Labels.Count));
    }

    [Fact]
    public void An_ultralytics_classifier_is_cropped_as_torchvision_does()
    {
        using ModelBox box = new(TestModels.Classifier(2, "Softmax").UltralyticsMetadata("classify"));
        Model model = box.Load();
        Assert.Equal((ModelTask.Classify, ResizeMode.Crop, ResizeKernel.BilinearAntialias, 1f / 255), (model.Task, model.Input.Resize, model.Input.Kernel, model.Input.Scale));
        Assert.Equal(ScoreActivation.None, model.Output.Activation);
    }

    private static OnnxBuilder UltraFace(int width, int height, int anchors)
        => new OnnxBuilder().Input("input", OnnxBuilder.Float, 1, 3, height, width)
            .Output("scores", OnnxBuilder.Float, 1, anchors, 2).Output("boxes", OnnxBuilder.Float, 1, anchors, 4).Node("Conv", ["input", "w"], ["scores"]);
}

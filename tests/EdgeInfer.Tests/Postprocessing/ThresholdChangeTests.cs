using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using EdgeInfer.Results;

namespace EdgeInfer.Tests.Postprocessing;

/// <summary>A threshold that is changed between two frames gives what a decoder made with it gives.</summary>
public sealed class ThresholdChangeTests
{
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.55)]
    [InlineData(0.9)]
    public void A_detector_goes_on_as_one_that_was_made_with_the_new_threshold(double threshold)
    {
        using Head head = Head.OfAnchors(2, [8, 8, 4, 4, 0.2f, 0], [16, 16, 4, 4, 0, 0.6f], [24, 24, 4, 4, 0.7f, 0], [8, 24, 4, 4, 0.95f, 0]);
        DecoderOptions options = new() { Threshold = 0.5, LabelThresholds = new Dictionary<string, double> { ["label1"] = 0.3 } };
        OutputDecoder changed = OutputDecoder.Create(head.Model, options);
        OutputDecoder made = OutputDecoder.Create(head.Model, options with { Threshold = threshold });
        Prediction before = new(), after = new(), expected = new();
        changed.Decode(head.Outputs, Head.Plain, before);
        changed.UseThreshold(threshold);
        changed.Decode(head.Outputs, Head.Plain, after);
        made.Decode(head.Outputs, Head.Plain, expected);
        Assert.Equal(3, before.Detections.Count);
        Assert.Equal(expected.Detections, after.Detections);

        // The label with a threshold of its own stays.
        Assert.Contains(after.Detections, static d => d.Class == 1);
    }

    [Fact]
    public void A_classifier_too()
    {
        using Head head = Head.Of(DecoderKind.Classification, 3, ("out", [1, 3], [0.1f, 0.4f, 0.5f]));
        OutputDecoder decoder = OutputDecoder.Create(head.Model, new() { Threshold = 0.45 });
        Prediction result = new();
        decoder.Decode(head.Outputs, Head.Plain, result);
        Assert.Single(result.Classes);
        decoder.UseThreshold(0.2);
        decoder.Decode(head.Outputs, Head.Plain, result);
        Assert.Equal(2, result.Classes.Count);
    }
}

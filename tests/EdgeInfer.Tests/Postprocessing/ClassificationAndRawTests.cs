using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Postprocessing;

public sealed class ClassificationAndRawTests
{
    [Fact]
    public void The_best_come_first_equal_ones_in_class_order_and_no_more_than_asked()
    {
        using Head head = Head.Of(DecoderKind.Classification, 5, ("out", [1, 5], [0.5f, 0.9f, 0.5f, 0.1f, 0.7f]));

        Assert.Equal([new(1, 0.9f), new(4, 0.7f), new(0, 0.5f), new(2, 0.5f)], head.Decode(Head.Plain).Classes);
        Assert.Equal([1, 4, 0], head.Decode(Head.Plain, new() { Top = 3 }).Classes.Select(static c => c.Class));
        Assert.Equal([1, 4, 0, 2, 3], head.Decode(Head.Plain, new() { Threshold = 0 }).Classes.Select(static c => c.Class));
    }

    [Fact]
    public void The_background_counts_in_the_softmax_and_is_no_result()
    {
        using Head head = Head.Of(DecoderKind.Classification, 2, ("out", [1, 2], [1, 1]));
        head.Model = head.Model with { BackgroundClass = 0, Output = head.Model.Output with { Activation = ScoreActivation.Softmax } };

        Assert.Equal([new ClassScore(1, 0.5f)], head.Decode(Head.Plain).Classes);
    }

    [Fact]
    public void Great_logits_do_not_overflow()
    {
        using Head head = Head.Of(DecoderKind.Classification, 3, ("out", [1, 3], [1000, 1000, -1000]));
        head.Model = head.Model with { Output = head.Model.Output with { Activation = ScoreActivation.Softmax } };

        Assert.Equal([new(0, 0.5f), new(1, 0.5f)], head.Decode(Head.Plain).Classes);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_score_that_is_no_number_is_no_result_and_spoils_no_other(float odd)
    {
        foreach (ScoreActivation activation in Enum.GetValues<ScoreActivation>())
        {
            using Head head = Head.Of(DecoderKind.Classification, 3, ("out", [1, 3], [odd, 0.8f, -9]));
            head.Model = head.Model with { Output = head.Model.Output with { Activation = activation } };
            Assert.Equal(1, Assert.Single(head.Decode(Head.Plain).Classes).Class);
        }
    }

    [Fact]
    public void A_quantised_output_is_read_as_real_numbers()
    {
        Model model = Head.Contract(DecoderKind.Classification, 3, [new("out", ElementType.UInt8, [1, 3], new Quantisation(1 / 256f, 0))]);
        using TensorBuffer tensor = new("out", ElementType.UInt8, [1, 3]);
        new byte[] { 10, 128, 200 }.CopyTo(tensor.Bytes);
        Prediction result = new();

        OutputDecoder.Create(model, DecoderOptions.Default).Decode([tensor], Head.Plain, result);

        Assert.Equal([new(2, 0.78125f), new(1, 0.5f)], result.Classes);
    }

    [Fact]
    public void A_label_count_off_by_one_is_refused()
    {
        using Head head = Head.Of(DecoderKind.Classification, 5, ("out", [1, 5], new float[5]));
        head.Model = head.Model with { Labels = ["a", "b", "c", "d"] };

        Assert.Contains("is [1, 5] for 4 labels", Assert.Throws<FaultException>(() => head.Decode(Head.Plain)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Raw_outputs_are_passed_on_one_after_the_other()
    {
        using Head head = Head.Of(DecoderKind.Raw, 0, ("a", [1, 2], [1, 2]), ("b", [3], [3, float.NaN, 5]));
        OutputDecoder decoder = OutputDecoder.Create(head.Model, DecoderOptions.Default);
        Prediction result = new();
        decoder.Decode(head.Outputs, Head.Plain, result);

        Assert.Equal([("a", 2), ("b", 3)], result.RawOutputs);
        Assert.Equal([1f, 2f, 3f, float.NaN, 5f], result.RawValues);

        for (int i = 0; i < 500; i++) decoder.Decode(head.Outputs, Head.Plain, result);
        long before = GC.GetAllocatedBytesForCurrentThread();
        decoder.Decode(head.Outputs, Head.Plain, result);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}

namespace EdgeInfer.Models.Families;

/// <summary>FastestDet.</summary>
internal static class FastestDetFamily
{
    private const int Stride = 16;

    /// <summary>By its head: sigmoid objectness, box and softmax classes of each cell of stride 16, joined along the channels.</summary>
    public static FamilyFacts? Recognise(RecognisedGraph graph)
    {
        if (graph.File.Outputs is not [{ Shape: [_, >= 6, _, _] shape } output]) return null;
        if (graph.Width > 0 && !RecognisedGraph.Agrees(shape, 1, -1, graph.Height / Stride, graph.Width / Stride)) return null;
        if (graph.Wiring.Maker(output.Name) is not { OpType: "Concat", Inputs: [var objectness, var box, var classes] }) return null;
        bool isHead = (By(objectness), By(box), By(classes)) is ("Sigmoid", "Conv", "Softmax");
        return isHead ? Facts($"its head [{string.Join(", ", shape)}]") : null;

        string? By(string tensor) => graph.Wiring.Maker(tensor)?.OpType;
    }

    /// <summary>Its test script: OpenCV's resize without keeping the aspect, BGR in 0 to 1.</summary>
    public static FamilyFacts Facts(string by) => new()
    {
        Name = "FastestDet",
        RecognisedBy = by,
        Task = ModelTask.Detect,
        Color = ChannelOrder.Bgr,
        Resize = ResizeMode.Stretch,
        Kernel = ResizeKernel.Bilinear,
        Scale = (float)(1.0 / 255),
        Mean = 0,
        Std = 1,
        Decoder = DecoderKind.FastestDet,
        Activation = ScoreActivation.None,
    };
}

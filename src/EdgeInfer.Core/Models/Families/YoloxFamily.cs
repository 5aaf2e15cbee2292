namespace EdgeInfer.Models.Families;

/// <summary>YOLOX, exported by its own tools/export_onnx.py without <c>--decode_in_inference</c>.</summary>
internal static class YoloxFamily
{
    /// <summary>By its head: box, sigmoid objectness and sigmoid classes of each cell joined, cells of strides 8, 16 and 32 in rows.</summary>
    public static FamilyFacts? Recognise(RecognisedGraph graph)
    {
        if (graph.File.Outputs is not [{ Shape: [_, _, >= 6] shape } output]) return null;
        if (graph.Width > 0 && !RecognisedGraph.Agrees(shape, 1, graph.Cells(8, 16, 32), -1)) return null;
        if (graph.Wiring.Maker(output.Name) is not { OpType: "Concat", Inputs: [var first, ..] }) return null;
        if (graph.Wiring.Maker(first) is not { OpType: "Concat", Inputs: [_, var objectness, var classes] }) return null;
        bool areSigmoid = graph.Wiring.Maker(objectness)?.OpType == "Sigmoid" && graph.Wiring.Maker(classes)?.OpType == "Sigmoid";
        return areSigmoid ? Facts($"its head [{string.Join(", ", shape)}]") : null;
    }

    /// <summary>Its demo's preproc: BGR bytes as floats, fitted top left on 114.</summary>
    public static FamilyFacts Facts(string by) => new()
    {
        Name = "YOLOX",
        RecognisedBy = by,
        Task = ModelTask.Detect,
        Color = ChannelOrder.Bgr,
        Resize = ResizeMode.LetterboxTopLeft,
        Kernel = ResizeKernel.Bilinear,
        Pad = 114,
        Scale = 1,
        Mean = 0,
        Std = 1,
        Decoder = DecoderKind.Yolox,
        Activation = ScoreActivation.None,
    };
}

namespace EdgeInfer.Models.Families;

/// <summary>UltraFace (Ultra-Light-Fast-Generic-Face-Detector-1MB), 320×240 and 640×480.</summary>
internal static class UltraFaceFamily
{
    // Anchors in each cell by stride, as its box_utils lay them.
    private static readonly (int Stride, int PerCell)[] s_levels = [(8, 3), (16, 2), (32, 2), (64, 3)];

    /// <summary>By its outputs: <c>scores</c> of two classes and <c>boxes</c>, as many as its anchors over this input.</summary>
    public static FamilyFacts? Recognise(RecognisedGraph graph)
    {
        if (graph.File.Outputs.Count != 2 || graph.Width == 0) return null;
        long anchors = 0;
        foreach ((int stride, int perCell) in s_levels) anchors += (long)Up(graph.Width, stride) * Up(graph.Height, stride) * perCell;
        bool hasScores = graph.File.Outputs.Any(o => o.Name == "scores" && RecognisedGraph.Agrees(o.Shape, 1, anchors, 2));
        bool hasBoxes = graph.File.Outputs.Any(o => o.Name == "boxes" && RecognisedGraph.Agrees(o.Shape, 1, anchors, 4));
        return hasScores && hasBoxes ? Facts($"its outputs scores and boxes of {anchors} anchors") : null;
    }

    private static int Up(int length, int stride) => (length + stride - 1) / stride;

    // Its detection script: RGB, (x − 127) / 128, stretched; the graph gives corners as fractions and probabilities.
    private static FamilyFacts Facts(string by) => new()
    {
        Name = "UltraFace",
        RecognisedBy = by,
        Task = ModelTask.Detect,
        Color = ChannelOrder.Rgb,
        Resize = ResizeMode.Stretch,
        Kernel = ResizeKernel.Bilinear,
        Scale = 1,
        Mean = 127,
        Std = 128,
        Decoder = DecoderKind.Ssd,
        Activation = ScoreActivation.None,
        NmsIou = 0.3f,
        Threshold = 0.7f,
        Labels = ["background", "face"],
        Background = 0,
        Ssd = new() { Boxes = ["boxes"], Scores = ["scores"], Levels = [] },
    };
}

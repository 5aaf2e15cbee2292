using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Models.Families;

/// <summary>MediaPipe's BlazeFace, front (128×128) and back (256×256) camera models.</summary>
internal static class BlazeFaceFamily
{
    private const int FineAnchors = 16 * 16 * 2;
    private const int CoarseAnchors = 8 * 8 * 6;

    // A box, then six keypoints.
    private const int Regressors = 16;

    /// <summary>By its outputs: scores and regressors of 512 and of 384 anchors over a square input of 128 or 256.</summary>
    public static FamilyFacts? Recognise(RecognisedGraph graph)
    {
        if (graph.File.Outputs.Count != 4 || graph.Width != graph.Height || graph.Width is not (128 or 256)) return null;
        if (Name(graph.File, FineAnchors, Regressors) is not { } fineBoxes || Name(graph.File, CoarseAnchors, Regressors) is not { } coarseBoxes) return null;
        if (Name(graph.File, FineAnchors, 1) is not { } fineScores || Name(graph.File, CoarseAnchors, 1) is not { } coarseScores) return null;
        SsdOptions ssd = new()
        {
            Boxes = [fineBoxes, coarseBoxes],
            Scores = [fineScores, coarseScores],
            Levels = [new(16, 16, 2), new(8, 8, 6)],
            BoxScale = graph.Width,
        };
        return Facts("its outputs of 512 and 384 anchors", ssd, isBack: graph.Width == 256);
    }

    private static string? Name(OnnxFile file, int anchors, int values)
        => file.Outputs.FirstOrDefault(o => RecognisedGraph.Agrees(o.Shape, 1, anchors, values) && o.Shape.Length == 3 && o.Shape[1] > 0)?.Name;

    // Its face_detection graphs: RGB in −1 to 1, the picture letterboxed on black, sigmoid scores, thresholds 0.65 (back) and 0.5 (front).
    // They leave the kernel to the back end; the antialiased one gives the published score of the reference photo (0.870; without, 0.895).
    private static FamilyFacts Facts(string by, SsdOptions ssd, bool isBack) => new()
    {
        Name = "BlazeFace",
        RecognisedBy = by,
        Task = ModelTask.Detect,
        Color = ChannelOrder.Rgb,
        Resize = ResizeMode.Letterbox,
        Kernel = ResizeKernel.BilinearAntialias,
        Pad = 0,
        Scale = (float)(1 / 127.5),
        Mean = 1,
        Std = 1,
        Decoder = DecoderKind.Ssd,
        Activation = ScoreActivation.Sigmoid,
        NmsIou = 0.3f,
        Threshold = isBack ? 0.65f : 0.5f,
        Labels = ["face"],
        Ssd = ssd,
    };
}

using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Models.Families;

/// <summary>A graph with what its input has shown.</summary>
/// <param name="File">The graph.</param>
/// <param name="Wiring">Its wiring.</param>
/// <param name="Width">Columns of the picture input; 0 where open.</param>
/// <param name="Height">Rows of the picture input; 0 where open.</param>
internal sealed record RecognisedGraph(OnnxFile File, OnnxWiring Wiring, int Width, int Height)
{
    /// <summary>Whether a shape agrees with what is expected, a dynamic dimension agreeing with anything.</summary>
    public static bool Agrees(IReadOnlyList<long> shape, params ReadOnlySpan<long> expected)
    {
        if (shape.Count != expected.Length) return false;
        for (int i = 0; i < expected.Length; i++)
            if (shape[i] >= 0 && expected[i] >= 0 && shape[i] != expected[i]) return false;
        return true;
    }

    /// <summary>Cells of square grids of the given strides over the picture.</summary>
    public long Cells(params ReadOnlySpan<int> strides)
    {
        long cells = 0;
        foreach (int stride in strides) cells += (long)(Width / stride) * (Height / stride);
        return cells;
    }
}

/// <summary>
/// The exporters and heads whose documented preprocessing is known. Each is recognised by more than a shape: by metadata, output names
/// or the operators at the end of the graph; a graph that only looks similar stays unknown.
/// </summary>
internal static class KnownFamilies
{
    /// <summary>The family of a graph, or null.</summary>
    public static FamilyFacts? Recognise(RecognisedGraph graph)
        => UltralyticsFamily.Recognise(graph) ?? YoloxFamily.Recognise(graph) ?? FastestDetFamily.Recognise(graph)
            ?? UltraFaceFamily.Recognise(graph) ?? BlazeFaceFamily.Recognise(graph);

    /// <summary>The family that <c>output.decoder</c> implies, or null where a head is used by several.</summary>
    public static FamilyFacts? Of(DecoderKind decoder)
    {
        string by = $"output.decoder: {ModelWords.Of(ModelWords.Decoders, decoder)}";
        return decoder switch
        {
            DecoderKind.Yolov8 => UltralyticsFamily.Detector(by),
            DecoderKind.Yolox => YoloxFamily.Facts(by),
            DecoderKind.FastestDet => FastestDetFamily.Facts(by),
            _ => null,
        };
    }
}

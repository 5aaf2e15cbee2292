using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Models.Contract;

/// <summary>What a head's output shapes say.</summary>
/// <param name="Classes">Length of the class dimension; −1 where it is dynamic or the head has none.</param>
/// <param name="Problem">Why these outputs are not of this head; empty where they are.</param>
internal readonly record struct HeadShape(long Classes, string Problem);

/// <summary>Compares a graph's outputs with what each decoder reads.</summary>
internal static class HeadShapes
{
    private static readonly int[] s_strides = [8, 16, 32];

    /// <summary>Reads the class count, or says what does not fit.</summary>
    public static HeadShape Of(DecoderKind decoder, IReadOnlyList<OnnxValue> outputs, SsdOptions? ssd, int width, int height)
    {
        if (decoder == DecoderKind.Raw) return new(-1, "");
        if (decoder == DecoderKind.Ssd) return ssd is null ? new(-1, "") : Ssd(outputs, ssd);
        string name = ModelWords.Of(ModelWords.Decoders, decoder);
        if (outputs.Count != 1)
        {
            string all = string.Join(", ", outputs.Select(o => $"'{o.Name}' {o}"));
            return Wrong($"the decoder {name} reads one output, and the graph has {outputs.Count}: {all}");
        }

        OnnxValue output = outputs[0];
        if (output.Dimensions is null) return new(-1, "");
        HeadShape head = decoder switch
        {
            DecoderKind.Classification => Classification(output.Shape),
            DecoderKind.Yolov8 => Yolov8(output.Shape),
            DecoderKind.Yolox => Yolox(output.Shape, width, height),
            _ => FastestDet(output.Shape),
        };
        return head.Problem.Length == 0 ? head : Wrong($"output '{output.Name}' is {output}, which the decoder {name} cannot read: {head.Problem}");
    }

    /// <summary>The length of the only dimension longer than 1 beside the batch, or −1 where it is open.</summary>
    public static HeadShape Classification(IReadOnlyList<long> shape)
    {
        IReadOnlyList<long> inner = shape.Count > 1 ? [.. shape.Skip(1)] : shape;
        if (shape.Count > 1 && shape[0] > 1) return Wrong($"it is for {shape[0]} pictures at once");
        long[] lengths = [.. inner.Where(d => d != 1)];
        return lengths.Length switch
        {
            0 => new(1, ""),
            1 => new(lengths[0], ""),
            _ => Wrong("it expects one vector of class scores, [1, classes]"),
        };
    }

    private static HeadShape Yolov8(long[] shape)
    {
        if (shape.Length != 3 || shape[0] > 1) return Wrong("it expects [1, 4 + classes, anchors]");
        if (shape[1] < 0) return new(-1, "");
        if (shape[2] == 6 && shape[1] > 6) return Wrong("the non-maximum suppression is in the graph; export with nms=False and end2end=False");
        if (shape[2] > 4 && shape[1] > shape[2]) return Wrong("it expects [1, 4 + classes, anchors], and this looks transposed");
        return shape[1] < 5 ? Wrong("it expects [1, 4 + classes, anchors]") : new(shape[1] - 4, "");
    }

    private static HeadShape Yolox(long[] shape, int width, int height)
    {
        if (shape.Length != 3 || shape[0] > 1 || shape[2] is >= 0 and < 6) return Wrong("it expects [1, cells, 5 + classes]");
        long cells = s_strides.Sum(stride => (long)(width / stride) * (height / stride));
        if (width > 0 && height > 0 && shape[1] >= 0 && shape[1] != cells)
            return Wrong($"an input of {width}x{height} has {cells} cells at strides 8, 16 and 32, not {shape[1]}");
        return new(shape[2] < 0 ? -1 : shape[2] - 5, "");
    }

    private static HeadShape FastestDet(long[] shape)
        => shape.Length != 4 || shape[0] > 1 || shape[1] is >= 0 and < 6
            ? Wrong("it expects [1, 5 + classes, rows, columns]")
            : new(shape[1] < 0 ? -1 : shape[1] - 5, "");

    private static HeadShape Ssd(IReadOnlyList<OnnxValue> outputs, SsdOptions ssd)
    {
        long classes = -1, anchors = 0;
        bool areAllKnown = true;
        for (int i = 0; i < ssd.Boxes.Count && i < ssd.Scores.Count; i++)
        {
            if (Find(outputs, ssd.Boxes[i]) is not { } boxes)
                return Wrong($"output.ssd: the graph has no output '{ssd.Boxes[i]}'; it has {Names(outputs)}");
            if (Find(outputs, ssd.Scores[i]) is not { } scores)
                return Wrong($"output.ssd: the graph has no output '{ssd.Scores[i]}'; it has {Names(outputs)}");
            if (boxes.Shape is not [_, _, < 0 or >= 4]) return Wrong($"output.ssd: '{boxes.Name}' is {boxes}, and boxes are [1, anchors, 4 or more]");
            if (scores.Shape is not [_, _, < 0 or >= 1]) return Wrong($"output.ssd: '{scores.Name}' is {scores}, and scores are [1, anchors, classes]");
            (long rows, long scoreRows) = (boxes.Shape[1], scores.Shape[1]);
            if (rows >= 0 && scoreRows >= 0 && rows != scoreRows)
                return Wrong($"output.ssd: '{boxes.Name}' has {rows} boxes but '{scores.Name}' has {scoreRows} scores");
            if (classes >= 0 && scores.Shape[2] >= 0 && classes != scores.Shape[2])
                return Wrong($"output.ssd: '{scores.Name}' has {scores.Shape[2]} classes, the outputs before it {classes}");
            classes = Math.Max(classes, scores.Shape[2]);
            areAllKnown &= rows >= 0;
            anchors += rows;
        }

        long described = ssd.Levels.Sum(l => (long)l.GridWidth * l.GridHeight * l.PerCell);
        if (ssd.Levels.Count > 0 && areAllKnown && described != anchors)
            return Wrong($"output.ssd: the levels describe {described} anchors, and the outputs have {anchors}");
        return new(classes, "");
    }

    private static OnnxValue? Find(IReadOnlyList<OnnxValue> outputs, string name) => outputs.FirstOrDefault(o => o.Name == name);

    private static string Names(IReadOnlyList<OnnxValue> outputs) => string.Join(", ", outputs.Select(o => $"'{o.Name}'"));

    private static HeadShape Wrong(string problem) => new(-1, problem);
}

namespace EdgeInfer.Models;

/// <summary>The head of the model: how its outputs are read.</summary>
public enum DecoderKind
{
    /// <summary>Outputs passed on.</summary>
    Raw,

    /// <summary>One vector of class scores.</summary>
    Classification,

    /// <summary>Ultralytics v8, v11: <c>[1, 4+classes, anchors]</c>, centre boxes in tensor pixels, scores in 0 to 1.</summary>
    Yolov8,

    /// <summary>YOLOX: <c>[1, anchors, 5+classes]</c>, raw grid with strides 8, 16, 32.</summary>
    Yolox,

    /// <summary>FastestDet: <c>[1, 5+classes, h, w]</c>, score obj^0.6·cls^0.4, tanh centre, sigmoid size.</summary>
    FastestDet,

    /// <summary>Boxes and scores as separate outputs, with or without anchors (BlazeFace, UltraFace).</summary>
    Ssd,
}

/// <summary>How class scores are made into 0 to 1.</summary>
public enum ScoreActivation
{
    /// <summary>They are probabilities already.</summary>
    None,

    /// <summary>Each by itself.</summary>
    Sigmoid,

    /// <summary>Across the classes.</summary>
    Softmax,
}

/// <summary>Which boxes suppress each other.</summary>
public enum NmsMode
{
    /// <summary>Only boxes of the same class.</summary>
    PerClass,

    /// <summary>All boxes.</summary>
    ClassAgnostic,

    /// <summary>None: the graph did it, or the head needs none.</summary>
    Off,
}

/// <summary>Non-maximum suppression: a box whose intersection over union with a better one is above <paramref name="Iou"/> goes.</summary>
public readonly record struct NmsOptions(NmsMode Mode, float Iou);

/// <summary>One level of SSD anchors: a grid of cells with <paramref name="PerCell"/> equal anchors in each cell's centre.</summary>
/// <param name="GridWidth">Cells in a row.</param>
/// <param name="GridHeight">Rows of cells.</param>
/// <param name="PerCell">Anchors in a cell.</param>
public readonly record struct AnchorLevel(int GridWidth, int GridHeight, int PerCell);

/// <summary>How an SSD head's boxes and scores are read.</summary>
public sealed record SsdOptions
{
    /// <summary>Names of the box outputs, <c>[1, n, ≥ 4]</c>, in the order of <see cref="Levels"/>.</summary>
    public required IReadOnlyList<string> Boxes { get; init; }

    /// <summary>Names of the score outputs, <c>[1, n, classes]</c>, in the same order.</summary>
    public required IReadOnlyList<string> Scores { get; init; }

    /// <summary>
    /// Empty: boxes are corners x1, y1, x2, y2 as fractions of the tensor (UltraFace).
    /// Otherwise: centre offsets and sizes in units of <see cref="BoxScale"/> tensor pixels from the anchors' centres (BlazeFace).
    /// </summary>
    public required IReadOnlyList<AnchorLevel> Levels { get; init; }

    /// <summary>What a box value is divided by to be a fraction of the tensor.</summary>
    public float BoxScale { get; init; } = 1;
}

/// <summary>How the outputs become results.</summary>
public sealed record OutputContract
{
    /// <summary>The head.</summary>
    public required DecoderKind Decoder { get; init; }

    /// <summary>Every graph output, in graph order.</summary>
    public required IReadOnlyList<TensorInfo> Outputs { get; init; }

    /// <summary>What turns class scores into 0 to 1.</summary>
    public ScoreActivation Activation { get; init; }

    /// <summary>Non-maximum suppression; per class at 0.45 unless said.</summary>
    public NmsOptions Nms { get; init; } = new(NmsMode.PerClass, 0.45f);

    /// <summary>The most objects of one frame.</summary>
    public int MaxDetections { get; init; } = 300;

    /// <summary>For <see cref="DecoderKind.Ssd"/>.</summary>
    public SsdOptions? Ssd { get; init; }
}

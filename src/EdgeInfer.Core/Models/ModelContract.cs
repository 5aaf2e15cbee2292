using EdgeInfer.Signals;

namespace EdgeInfer.Models;

/// <summary>What a model does.</summary>
public enum ModelTask
{
    /// <summary>One picture, scores per class.</summary>
    Classify,

    /// <summary>Boxes with class and score.</summary>
    Detect,

    /// <summary>Outputs passed on as numbers.</summary>
    Raw,
}

/// <summary>The channels of the tensor, in order.</summary>
public enum ChannelOrder
{
    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Blue, green, red.</summary>
    Bgr,

    /// <summary>Luma alone.</summary>
    Gray,
}

/// <summary>The order of the tensor's dimensions.</summary>
public enum TensorLayout
{
    /// <summary>Batch, channel, row, column.</summary>
    Nchw,

    /// <summary>Batch, row, column, channel.</summary>
    Nhwc,
}

/// <summary>How the picture is fitted into the tensor.</summary>
public enum ResizeMode
{
    /// <summary>Whole picture, aspect kept, centred; scaled size rounded, an odd pad split as Ultralytics does.</summary>
    Letterbox,

    /// <summary>Whole picture, aspect kept, top left; scaled size truncated, as YOLOX does.</summary>
    LetterboxTopLeft,

    /// <summary>Whole picture, aspect not kept.</summary>
    Stretch,

    /// <summary>Shorter side fitted, the centre cut out.</summary>
    Crop,

    /// <summary>The picture has the tensor's size.</summary>
    None,
}

/// <summary>How a scaled pixel is computed.</summary>
public enum ResizeKernel
{
    /// <summary>OpenCV INTER_LINEAR: half-pixel centres, no antialiasing.</summary>
    Bilinear,

    /// <summary>Pillow and torchvision: antialiased triangle filter.</summary>
    BilinearAntialias,

    /// <summary>TFLite: corner origin, no antialiasing.</summary>
    BilinearTf,

    /// <summary>OpenCV INTER_AREA.</summary>
    Area,

    /// <summary>OpenCV INTER_NEAREST.</summary>
    Nearest,

    /// <summary>Whatever is cheapest: scaled DCT, fused YUV. Never chosen silently.</summary>
    Fast,
}

/// <summary><c>real = (stored − ZeroPoint) × Scale</c>.</summary>
public readonly record struct Quantisation(float Scale, int ZeroPoint);

/// <summary>A graph input or output as the graph declares it; −1 stands for a dynamic dimension.</summary>
public sealed record TensorInfo(string Name, ElementType Type, IReadOnlyList<long> Shape, Quantisation? Quantisation);

/// <summary>
/// How a picture becomes the model's input: <c>tensor = (pixel × Scale − Mean) / Std</c> per channel in <see cref="Color"/>'s order;
/// with <see cref="Quantisation"/> then <c>q = round(x / s) + z</c>; for an integer type without it the pixels as they are.
/// </summary>
public sealed record PictureInput
{
    /// <summary>The graph's name of the input.</summary>
    public required string Name { get; init; }

    /// <summary>Element type: Float32, Float16, UInt8 or Int8.</summary>
    public required ElementType Type { get; init; }

    /// <summary>Order of the dimensions.</summary>
    public required TensorLayout Layout { get; init; }

    /// <summary>Columns of the tensor.</summary>
    public required int Width { get; init; }

    /// <summary>Rows of the tensor.</summary>
    public required int Height { get; init; }

    /// <summary>Order of the channels; one channel for <see cref="ChannelOrder.Gray"/>, else three.</summary>
    public required ChannelOrder Color { get; init; }

    /// <summary>How the picture is fitted in.</summary>
    public required ResizeMode Resize { get; init; }

    /// <summary>How a scaled pixel is computed.</summary>
    public required ResizeKernel Kernel { get; init; }

    /// <summary>The grey level around a letterboxed picture, 0 to 255.</summary>
    public byte Pad { get; init; } = 114;

    /// <summary>Factor on the pixel.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>Subtracted per channel, after <see cref="Scale"/>.</summary>
    public IReadOnlyList<float> Mean { get; init; } = [0, 0, 0];

    /// <summary>Divides per channel.</summary>
    public IReadOnlyList<float> Std { get; init; } = [1, 1, 1];

    /// <summary>For integer types, how a real value is stored; null passes the pixels as they are (Int8: minus 128).</summary>
    public Quantisation? Quantisation { get; init; }

    /// <summary>1 or 3.</summary>
    public int Channels => Color == ChannelOrder.Gray ? 1 : 3;

    /// <summary>The tensor's shape.</summary>
    public long[] Shape => Layout == TensorLayout.Nchw ? [1, Channels, Height, Width] : [1, Height, Width, Channels];
}

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

/// <summary>Where a contract value comes from, strongest first.</summary>
public enum ContractOrigin
{
    /// <summary><c>model.yaml</c>.</summary>
    ModelYaml,

    /// <summary>Another file of the model's folder: its name, <c>labels.txt</c>.</summary>
    Folder,

    /// <summary>The graph's shapes, types and Q/DQ nodes.</summary>
    Graph,

    /// <summary>The graph's metadata.</summary>
    Metadata,

    /// <summary>The documented preprocessing of the recognised exporter or head.</summary>
    DecoderFamily,

    /// <summary>The documented default of the key.</summary>
    Default,
}

/// <summary>One contract value with its origin, as <c>model inspect</c> prints it.</summary>
public sealed record ContractValue(string Key, string Value, ContractOrigin Origin, string Detail);

/// <summary>A model that is fully described: nothing about it is guessed.</summary>
public sealed record Model
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its version, as its author writes it; <c>0</c> where none is given.</summary>
    public required string Version { get; init; }

    /// <summary>What it does.</summary>
    public required ModelTask Task { get; init; }

    /// <summary>The graph file.</summary>
    public required string OnnxPath { get; init; }

    /// <summary>The folder, or the graph file itself for a bare .onnx.</summary>
    public required string Path { get; init; }

    /// <summary>sha256 of the canonical manifest of the folder, 64 hexadecimal digits.</summary>
    public required string Digest { get; init; }

    /// <summary>The picture input.</summary>
    public required PictureInput Input { get; init; }

    /// <summary>The outputs.</summary>
    public required OutputContract Output { get; init; }

    /// <summary>One label per class of the class dimension (the background class included); empty for <see cref="ModelTask.Raw"/>.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>The class that stands for nothing, or −1.</summary>
    public int BackgroundClass { get; init; } = -1;

    /// <summary>Scores below it are not results.</summary>
    public float Threshold { get; init; } = 0.25f;

    /// <summary>Every value with its origin.</summary>
    public required IReadOnlyList<ContractValue> Origins { get; init; }
}

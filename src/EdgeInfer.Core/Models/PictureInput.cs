using EdgeInfer.Signals;

namespace EdgeInfer.Models;

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

    /// <summary>TFLite: corner origin, no antialiasing; for unsigned bytes the fraction is cut off, as there.</summary>
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

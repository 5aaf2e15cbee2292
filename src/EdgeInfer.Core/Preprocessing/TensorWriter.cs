using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// Writes rows of RGBX pixels into the tensor's own memory: channel order, layout, normalisation, element type and
/// quantisation in one pass, and the pad around them.
/// </summary>
internal abstract unsafe class TensorWriter : IDisposable
{
    /// <summary>Bytes of the whole tensor.</summary>
    public abstract long LengthBytes { get; }

    /// <summary>Chooses the writer of an element type.</summary>
    public static TensorWriter Create(PictureInput input) => input.Type switch
    {
        ElementType.Float32 => new FloatTensorWriter(input),
        ElementType.Float16 => new TableTensorWriter<ushort>(input, Float16),
        _ => new TableTensorWriter<byte>(input, Integer),
    };

    /// <summary>Writes pixels next to each other in one row of the tensor.</summary>
    /// <param name="tensor">First element.</param>
    /// <param name="y">Row of the tensor.</param>
    /// <param name="x">Column of the first pixel.</param>
    /// <param name="pixels">RGBX, or BGRX.</param>
    /// <param name="count">Pixels, at least one.</param>
    /// <param name="isBlueFirst">Whether the pixels are BGRX.</param>
    public abstract void WriteRun(byte* tensor, int y, int x, byte* pixels, int count, bool isBlueFirst);

    /// <summary>Writes pad next to each other in one row of the tensor.</summary>
    public abstract void PadRun(byte* tensor, int y, int x, int count);

    /// <summary>Writes rows of nothing but pad.</summary>
    public abstract void PadRows(byte* tensor, int first, int count);

    /// <summary>Frees what it works in.</summary>
    public abstract void Dispose();

    /// <summary>A grey level as the model wants it, in float32 arithmetic throughout, as NumPy does it.</summary>
    protected static float Normalised(PictureInput input, int channel, int level)
        => (level * input.Scale - input.Mean[channel]) / input.Std[channel];

    private static ushort Float16(PictureInput input, int channel, int level)
        => BitConverter.HalfToUInt16Bits((Half)Normalised(input, channel, level));

    private static byte Integer(PictureInput input, int channel, int level)
    {
        bool isSigned = input.Type == ElementType.Int8;
        if (input.Quantisation is not { } q) return (byte)(isSigned ? level - 128 : level);
        float stored = MathF.Round(Normalised(input, channel, level) / q.Scale) + q.ZeroPoint;
        return isSigned ? (byte)(sbyte)Math.Clamp(stored, sbyte.MinValue, sbyte.MaxValue) : (byte)Math.Clamp(stored, byte.MinValue, byte.MaxValue);
    }
}

/// <summary>The part that is the same for every element type: where rows, planes and pad lie.</summary>
/// <typeparam name="T">The stored element.</typeparam>
internal abstract unsafe class TensorWriter<T> : TensorWriter
    where T : unmanaged
{
    private readonly int _width;
    private readonly int _height;
    private readonly bool _isPlanar;
    private readonly bool _isBlueFirst;
    private readonly T[] _pad;
    private readonly bool _isPadUniform;
    private readonly NativeBuffer _gray = new();

    /// <summary>Lays the tensor out.</summary>
    /// <param name="input">The model's input.</param>
    /// <param name="pad">The pad's element in each channel.</param>
    protected TensorWriter(PictureInput input, T[] pad)
    {
        _width = input.Width;
        _height = input.Height;
        Channels = input.Channels;
        _isPlanar = input.Layout == TensorLayout.Nchw || Channels == 1;
        _isBlueFirst = input.Color == ChannelOrder.Bgr;
        _pad = pad;
        _isPadUniform = Array.TrueForAll(pad, p => p.Equals(pad[0]));
        _gray.Take(_width * 4L);
    }

    /// <inheritdoc/>
    public override long LengthBytes => (long)_width * _height * Channels * sizeof(T);

    /// <summary>1 or 3.</summary>
    protected int Channels { get; }

    /// <inheritdoc/>
    public override void WriteRun(byte* tensor, int y, int x, byte* pixels, int count, bool isBlueFirst)
    {
        if (Channels == 1) pixels = ToGray(pixels, count, isBlueFirst);
        bool isSwapped = Channels == 3 && isBlueFirst != _isBlueFirst;
        if (!_isPlanar)
        {
            WritePixels((T*)tensor + ((long)y * _width + x) * Channels, pixels, count, isSwapped);
            return;
        }

        for (int c = 0; c < Channels; c++)
            WritePlane((T*)tensor + ((long)c * _height + y) * _width + x, pixels, isSwapped ? 2 - c : c, count, c);
    }

    /// <inheritdoc/>
    public override void PadRun(byte* tensor, int y, int x, int count)
    {
        if (count <= 0) return;
        if (!_isPlanar)
        {
            PadPixels((T*)tensor + ((long)y * _width + x) * Channels, count);
            return;
        }

        for (int c = 0; c < Channels; c++) new Span<T>((T*)tensor + ((long)c * _height + y) * _width + x, count).Fill(_pad[c]);
    }

    /// <inheritdoc/>
    public override void PadRows(byte* tensor, int first, int count)
    {
        if (count <= 0) return;
        if (!_isPlanar)
        {
            PadPixels((T*)tensor + (long)first * _width * Channels, count * _width);
            return;
        }

        for (int c = 0; c < Channels; c++) new Span<T>((T*)tensor + ((long)c * _height + first) * _width, count * _width).Fill(_pad[c]);
    }

    /// <inheritdoc/>
    public override void Dispose() => _gray.Dispose();

    /// <summary>Writes one channel of a run of pixels to neighbouring elements.</summary>
    /// <param name="target">First element.</param>
    /// <param name="pixels">Four bytes a pixel.</param>
    /// <param name="from">Which byte of a pixel.</param>
    /// <param name="count">Pixels.</param>
    /// <param name="channel">Whose normalisation.</param>
    protected abstract void WritePlane(T* target, byte* pixels, int from, int count, int channel);

    /// <summary>Writes the three channels of a run of pixels interleaved.</summary>
    /// <param name="target">First element.</param>
    /// <param name="pixels">Four bytes a pixel.</param>
    /// <param name="count">Pixels.</param>
    /// <param name="isSwapped">Whether the third byte goes first.</param>
    protected abstract void WritePixels(T* target, byte* pixels, int count, bool isSwapped);

    private void PadPixels(T* target, int count)
    {
        if (_isPadUniform)
        {
            new Span<T>(target, count * Channels).Fill(_pad[0]);
            return;
        }

        for (int i = 0; i < count; i++, target += Channels)
            for (int c = 0; c < Channels; c++) target[c] = _pad[c];
    }

    /// <summary>BT.601 luma in 14-bit fixed point, as OpenCV's RGB2GRAY.</summary>
    private byte* ToGray(byte* pixels, int count, bool isBlueFirst)
    {
        byte* gray = _gray.Take(0);
        int red = isBlueFirst ? 2 : 0;
        for (int i = 0; i < count; i++)
        {
            byte* pixel = pixels + i * 4;
            gray[i * 4] = (byte)((pixel[red] * 4899 + pixel[1] * 9617 + pixel[2 - red] * 1868 + 8192) >> 14);
        }

        return gray;
    }
}

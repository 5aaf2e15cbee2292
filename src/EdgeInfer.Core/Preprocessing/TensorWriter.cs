using System.Runtime.Intrinsics;
using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>
/// Writes rows of RGBX pixels into the tensor's own memory: channel order, layout, normalisation, element type and
/// quantisation in one pass, and the pad around them.
/// </summary>
internal sealed unsafe class TensorWriter : IDisposable
{
    private const int Levels = 256;

    private readonly PictureInput _input;
    private readonly int _elementBytes;
    private readonly int _channels;
    private readonly float[] _factor;
    private readonly float[] _offset;
    private readonly ushort[] _stored;
    private readonly NativeBuffer _gray = new();

    /// <summary>Works out what each grey level becomes in each channel.</summary>
    public TensorWriter(PictureInput input)
    {
        _input = input;
        _channels = input.Channels;
        _elementBytes = TensorBuffer.SizeOf(input.Type);
        _factor = new float[_channels];
        _offset = new float[_channels];
        _stored = new ushort[_channels * Levels];
        for (int c = 0; c < _channels; c++)
        {
            double std = input.Std[c];
            _factor[c] = (float)(input.Scale / std);
            _offset[c] = (float)(-input.Mean[c] / std);
            for (int level = 0; level < Levels; level++) _stored[c * Levels + level] = Stored(input, c, level);
        }

        _gray.Take(input.Width * 4L);
    }

    /// <summary>Bytes of the whole tensor.</summary>
    public long LengthBytes => (long)_input.Width * _input.Height * _channels * _elementBytes;

    /// <summary>Writes one row of the tensor: pad, pixels, pad.</summary>
    /// <param name="tensor">First element.</param>
    /// <param name="y">Row of the tensor.</param>
    /// <param name="pixels">RGBX, or BGRX.</param>
    /// <param name="left">Columns of pad before the pixels.</param>
    /// <param name="count">Pixels.</param>
    /// <param name="isBlueFirst">Whether the pixels are BGRX.</param>
    public void WriteRow(byte* tensor, int y, byte* pixels, int left, int count, bool isBlueFirst)
    {
        if (_channels == 1) pixels = ToGray(pixels, count, isBlueFirst);
        bool isSwapped = _channels == 3 && isBlueFirst != (_input.Color == ChannelOrder.Bgr);
        for (int c = 0; c < _channels; c++)
        {
            int from = isSwapped ? 2 - c : c;
            if (_input.Type == ElementType.Float32) WriteFloats(tensor, y, pixels + from, left, count, c);
            else WriteStored(tensor, y, pixels + from, left, count, c);
        }

        Pad(tensor, y, 0, left);
        Pad(tensor, y, left + count, _input.Width - left - count);
    }

    /// <summary>Writes rows of nothing but pad.</summary>
    public void PadRows(byte* tensor, int first, int count)
    {
        for (int y = first; y < first + count; y++) Pad(tensor, y, 0, _input.Width);
    }

    /// <summary>Frees the row.</summary>
    public void Dispose() => _gray.Dispose();

    private static ushort Stored(PictureInput input, int channel, int level)
    {
        float value = (level * input.Scale - input.Mean[channel]) / input.Std[channel];
        switch (input.Type)
        {
            case ElementType.Float16:
                return BitConverter.HalfToUInt16Bits((Half)value);
            case ElementType.UInt8 when input.Quantisation is { } q:
                return (byte)Math.Clamp(MathF.Round(value / q.Scale) + q.ZeroPoint, 0, 255);
            case ElementType.Int8 when input.Quantisation is { } q:
                return (byte)(sbyte)Math.Clamp(MathF.Round(value / q.Scale) + q.ZeroPoint, -128, 127);
            case ElementType.Int8:
                return (byte)(sbyte)(level - 128);
            default:
                return (byte)level;
        }
    }

    /// <summary>The first element of a run in one channel, and elements between neighbours.</summary>
    private byte* Element(byte* tensor, int y, int x, int channel, out int step)
    {
        bool isPlanar = _input.Layout == TensorLayout.Nchw;
        step = isPlanar ? 1 : _channels;
        long index = isPlanar
            ? ((long)channel * _input.Height + y) * _input.Width + x
            : ((long)y * _input.Width + x) * _channels + channel;
        return tensor + index * _elementBytes;
    }

    private void WriteFloats(byte* tensor, int y, byte* pixels, int left, int count, int channel)
    {
        float* target = (float*)Element(tensor, y, left, channel, out int step);
        float factor = _factor[channel];
        float offset = _offset[channel];
        for (int i = 0; i < count; i++) target[i * step] = pixels[i * 4] * factor + offset;
    }

    private void WriteStored(byte* tensor, int y, byte* pixels, int left, int count, int channel)
    {
        byte* target = Element(tensor, y, left, channel, out int step);
        fixed (ushort* stored = &_stored[channel * Levels])
        {
            if (_elementBytes == 2)
                for (int i = 0; i < count; i++) ((ushort*)target)[i * step] = stored[pixels[i * 4]];
            else
                for (int i = 0; i < count; i++) target[i * step] = (byte)stored[pixels[i * 4]];
        }
    }

    private void Pad(byte* tensor, int y, int x, int count)
    {
        if (count <= 0) return;
        for (int c = 0; c < _channels; c++)
        {
            byte* target = Element(tensor, y, x, c, out int step);
            ushort stored = _stored[c * Levels + _input.Pad];
            float value = _input.Pad * _factor[c] + _offset[c];
            for (int i = 0; i < count; i++)
            {
                if (_elementBytes == 4) ((float*)target)[i * step] = value;
                else if (_elementBytes == 2) ((ushort*)target)[i * step] = stored;
                else target[i * step] = (byte)stored;
            }
        }
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

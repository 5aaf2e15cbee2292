using System.Runtime.Intrinsics;
using EdgeInfer.Models;

namespace EdgeInfer.Preprocessing;

/// <summary>Float32: one multiplication and one addition an element.</summary>
internal sealed unsafe class FloatTensorWriter : TensorWriter<float>
{
    private readonly float[] _factor;
    private readonly float[] _offset;

    /// <summary>Works out factor and offset of each channel.</summary>
    public FloatTensorWriter(PictureInput input)
        : base(input, Pad(input))
    {
        // Four entries, so that they can be loaded as a vector.
        _factor = new float[4];
        _offset = new float[4];
        for (int c = 0; c < input.Channels; c++) (_factor[c], _offset[c]) = Affine(input, c);
    }

    /// <inheritdoc/>
    protected override void WritePlane(float* target, byte* pixels, int from, int count, int channel)
    {
        float factor = _factor[channel];
        float offset = _offset[channel];
        Vector128<float> factors = Vector128.Create(factor);
        Vector128<float> offsets = Vector128.Create(offset);
        Vector128<uint> mask = Vector128.Create(0xFFu);
        int shift = from * 8;
        int i = 0;
        for (; i <= count - 4; i += 4)
        {
            Vector128<uint> level = (Vector128.Load((uint*)pixels + i) >> shift) & mask;
            (Vector128.ConvertToSingle(level.AsInt32()) * factors + offsets).Store(target + i);
        }

        for (; i < count; i++) target[i] = pixels[i * 4 + from] * factor + offset;
    }

    /// <inheritdoc/>
    protected override void WritePixels(float* target, byte* pixels, int count, bool isSwapped)
    {
        Vector128<float> factors = Vector128.Create(_factor);
        Vector128<float> offsets = Vector128.Create(_offset);
        Vector128<byte> order = isSwapped
            ? Vector128.Create((byte)2, 255, 255, 255, 1, 255, 255, 255, 0, 255, 255, 255, 255, 255, 255, 255)
            : Vector128.Create((byte)0, 255, 255, 255, 1, 255, 255, 255, 2, 255, 255, 255, 255, 255, 255, 255);

        // Each store is one element too long; the next pixel's overwrites it, and the last pixel is written by itself.
        for (int i = 0; i < count - 1; i++)
        {
            Vector128<int> level = Simd.Lookup(Vector128.CreateScalar(((uint*)pixels)[i]).AsByte(), order).AsInt32();
            (Vector128.ConvertToSingle(level) * factors + offsets).Store(target + i * 3);
        }

        byte* last = pixels + (count - 1) * 4;
        for (int c = 0; c < 3; c++) target[(count - 1) * 3 + c] = last[isSwapped ? 2 - c : c] * _factor[c] + _offset[c];
    }

    private static (float Factor, float Offset) Affine(PictureInput input, int channel)
        => ((float)((double)input.Scale / input.Std[channel]), (float)(-(double)input.Mean[channel] / input.Std[channel]));

    private static float[] Pad(PictureInput input)
    {
        float[] pad = new float[input.Channels];
        for (int c = 0; c < pad.Length; c++)
        {
            (float factor, float offset) = Affine(input, c);
            pad[c] = input.Pad * factor + offset;
        }

        return pad;
    }
}

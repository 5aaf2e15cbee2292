using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace EdgeInfer.Sources.Synthetic;

/// <summary>
/// What the camera does to the scene, row by row in place: motion blur along the belt, uneven light with exposure and white
/// balance, sensor noise. Integer arithmetic on bytes, so that every machine gives the same.
/// </summary>
internal sealed class SensorPass
{
    private const int NoiseCount = 1 << 16;
    private const int GainRows = 4;

    private readonly BeltScene _scene;
    private readonly sbyte[] _noise;
    private readonly byte[] _row;
    private readonly ushort[] _gain;
    private readonly int _taps;
    private readonly int _endWeight;
    private readonly int _perWeight;

    /// <summary>Prepares noise and blur of a scene.</summary>
    public SensorPass(BeltScene scene)
    {
        _scene = scene;
        int rowBytes = scene.Width * 3;
        _noise = new sbyte[NoiseCount + rowBytes + Vector128<byte>.Count];
        BeltRandom random = BeltRandom.For(scene.Seed, 5, 0);
        for (int i = 0; i < _noise.Length; i++)
        {
            // Four uniform numbers of variance 1/12 each: close to a normal distribution of deviation 0.577.
            float sum = random.Next() + random.Next() + random.Next() + random.Next() - 2;
            _noise[i] = (sbyte)MathF.Floor(Math.Clamp(sum * 1.732f * scene.Look.NoiseLevel, -100, 100) + 0.5f);
        }

        // The shutter's box: full pixels in the middle, a part of one at both ends, 256 to a pixel.
        float blur = Math.Clamp(scene.Look.BlurPixels, 1, 63);
        _taps = (int)((blur - 1) / 2);
        _endWeight = (int)((blur - 1 - 2 * _taps) * 128);
        _perWeight = (1 << 24) / ((2 * _taps + 1) * 256 + 2 * _endWeight);
        _row = new byte[rowBytes + 2 * Border];
        _gain = new ushort[rowBytes];
    }

    private int Border => 3 * (_taps + 1);

    /// <summary>Turns a drawn scene into what the camera gives.</summary>
    public void Apply(long frame, Span<byte> rgb)
    {
        int rowBytes = _scene.Width * 3;
        BeltRandom random = BeltRandom.For(_scene.Seed, 6, frame);
        for (int y = 0; y < _scene.Height; y++)
        {
            Span<byte> row = rgb.Slice(y * rowBytes, rowBytes);
            bool isBelt = y >= _scene.RailPixels && y < _scene.Height - _scene.RailPixels;
            if (isBelt && (_taps > 0 || _endWeight > 0)) Blur(row);
            if (y % GainRows == 0) SetGain(y);
            Expose(row, _noise.AsSpan((int)(random.NextBits() & (NoiseCount - 1)), rowBytes));
        }
    }

    private void Blur(Span<byte> row)
    {
        int border = Border;
        row.CopyTo(_row.AsSpan(border));
        for (int i = 0; i < border; i += 3)
        {
            row[..3].CopyTo(_row.AsSpan(i));
            row[^3..].CopyTo(_row.AsSpan(border + row.Length + i));
        }

        int span = 3 * (2 * _taps + 1);
        ReadOnlySpan<byte> from = _row;
        for (int channel = 0; channel < 3; channel++)
        {
            int sum = 0;
            for (int i = channel + 3; i < channel + 3 + span; i += 3) sum += from[i];
            for (int i = channel; i < row.Length; i += 3)
            {
                // from[i] is the tap before the full ones, from[i + 3 + span] the one after them.
                int weighted = sum * 256 + (from[i] + from[i + 3 + span]) * _endWeight;
                row[i] = (byte)((weighted * (long)_perWeight + (1 << 23)) >> 24);
                sum += from[i + 3 + span] - from[i + 3];
            }
        }
    }

    // A paraboloid around the lamp's spot; 256 is 1.
    private void SetGain(int y)
    {
        BeltLook look = _scene.Look;
        float dy = (float)y / _scene.Height - look.SpotY;
        for (int x = 0; x < _scene.Width; x++)
        {
            float dx = (float)x / _scene.Width - look.SpotX;
            float light = Math.Max(0.3f, 1 - look.Falloff * (dx * dx + dy * dy) * 1.4f) * look.Brightness * 256;
            _gain[x * 3] = (ushort)(light * look.Balance.Red);
            _gain[x * 3 + 1] = (ushort)(light * look.Balance.Green);
            _gain[x * 3 + 2] = (ushort)(light * look.Balance.Blue);
        }
    }

    private void Expose(Span<byte> row, ReadOnlySpan<sbyte> noise)
    {
        ref byte pixels = ref MemoryMarshal.GetReference(row);
        ref ushort gains = ref MemoryMarshal.GetArrayDataReference(_gain);
        ref sbyte noises = ref MemoryMarshal.GetReference(noise);
        int i = 0;
        for (; i <= row.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            Vector128<byte> value = Vector128.LoadUnsafe(ref pixels, (nuint)i);
            Vector128<sbyte> grain = Vector128.LoadUnsafe(ref noises, (nuint)i);
            Vector128<short> low = Lit(Vector128.WidenLower(value), ref gains, i) + Vector128.WidenLower(grain);
            Vector128<short> high = Lit(Vector128.WidenUpper(value), ref gains, i + 8) + Vector128.WidenUpper(grain);
            low = Vector128.Min(Vector128.Max(low, Vector128<short>.Zero), Vector128.Create((short)255));
            high = Vector128.Min(Vector128.Max(high, Vector128<short>.Zero), Vector128.Create((short)255));
            Vector128.Narrow(low, high).AsByte().StoreUnsafe(ref pixels, (nuint)i);
        }

        for (; i < row.Length; i++) row[i] = (byte)Math.Clamp((row[i] * (_gain[i] >> 1) >> 7) + noise[i], 0, 255);
    }

    // Half of the gain, so that 255 × gain stays within 16 bits up to an exposure of 2.
    private static Vector128<short> Lit(Vector128<ushort> value, ref ushort gains, int at) =>
        ((value * (Vector128.LoadUnsafe(ref gains, (nuint)at) >>> 1)) >>> 7).AsInt16();
}

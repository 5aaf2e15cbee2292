using System.Runtime.Intrinsics;
using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>Float16 and 8-bit integers: what each of the 256 grey levels becomes is worked out beforehand.</summary>
/// <typeparam name="T">The stored element.</typeparam>
internal sealed unsafe class TableTensorWriter<T> : TensorWriter<T>
    where T : unmanaged
{
    private const int Levels = 256;

    private readonly T[] _table;
    private readonly bool _isPlain;
    private readonly byte _flip;

    /// <summary>Fills the table.</summary>
    /// <param name="input">The model's input.</param>
    /// <param name="stored">What a grey level becomes, by channel and level.</param>
    public TableTensorWriter(PictureInput input, Func<PictureInput, int, int, T> stored)
        : base(input, Pad(input, stored))
    {
        _table = new T[input.Channels * Levels];
        for (int i = 0; i < _table.Length; i++) _table[i] = stored(input, i / Levels, i % Levels);

        // Bytes as they are, or less 128, are the common case of quantised models and need no table.
        _flip = input.Type == ElementType.Int8 ? (byte)0x80 : (byte)0;
        _isPlain = sizeof(T) == 1;
        for (int i = 0; i < _table.Length && _isPlain; i++) _isPlain = _table[i].Equals((T)(object)(byte)((i % Levels) ^ _flip));
    }

    /// <inheritdoc/>
    protected override void WritePlane(T* target, byte* pixels, int from, int count, int channel)
    {
        int i = 0;
        if (_isPlain)
        {
            Vector128<byte> gather = Vector128.Create(0x0C080400u + (uint)from * 0x01010101u, ~0u, ~0u, ~0u).AsByte();
            uint flip = _flip * 0x01010101u;
            for (; i <= count - 4; i += 4)
                *(uint*)(target + i) = Simd.Lookup(Vector128.Load(pixels + i * 4), gather).AsUInt32().ToScalar() ^ flip;
        }

        fixed (T* table = &_table[channel * Levels])
        {
            for (pixels += from; i < count; i++) target[i] = table[pixels[i * 4]];
        }
    }

    /// <inheritdoc/>
    protected override void WritePixels(T* target, byte* pixels, int count, bool isSwapped)
    {
        int first = isSwapped ? 2 : 0;
        int i = 0;
        if (_isPlain)
        {
            Vector128<byte> pack = isSwapped
                ? Vector128.Create((byte)2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 255, 255, 255, 255)
                : Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255);
            Vector128<byte> flip = Vector128.Create(_flip);

            // Each store is four bytes too long: the next one, or the loop below, overwrites them.
            for (; i <= count - 6; i += 4) (Simd.Lookup(Vector128.Load(pixels + i * 4), pack) ^ flip).Store((byte*)(target + i * 3));
        }

        fixed (T* table = _table)
        {
            for (; i < count; i++)
            {
                target[i * 3] = table[pixels[i * 4 + first]];
                target[i * 3 + 1] = table[Levels + pixels[i * 4 + 1]];
                target[i * 3 + 2] = table[2 * Levels + pixels[i * 4 + 2 - first]];
            }
        }
    }

    private static T[] Pad(PictureInput input, Func<PictureInput, int, int, T> stored)
    {
        T[] pad = new T[input.Channels];
        for (int c = 0; c < pad.Length; c++) pad[c] = stored(input, c, input.Pad);
        return pad;
    }
}

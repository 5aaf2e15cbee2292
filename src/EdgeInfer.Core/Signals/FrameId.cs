using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace EdgeInfer.Signals;

/// <summary>The source's own id of a frame, as UTF-8 kept in place so that passing it on allocates nothing; longer ids are cut.</summary>
public struct FrameId
{
    /// <summary>The most bytes an id keeps.</summary>
    public const int Capacity = 96;

    private Bytes _bytes;
    private byte _length;

    /// <summary>Whether the source gave no id.</summary>
    public readonly bool IsEmpty => _length == 0;

    /// <summary>The id as UTF-8.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Utf8 => MemoryMarshal.CreateReadOnlySpan(in _bytes[0], _length);

    /// <summary>Copies an id, cutting it at <see cref="Capacity"/> on a whole character.</summary>
    public static FrameId FromUtf8(ReadOnlySpan<byte> id)
    {
        int length = Math.Min(id.Length, Capacity);
        while (length > 0 && length < id.Length && (id[length] & 0xC0) == 0x80) length--;
        FrameId result = default;
        id[..length].CopyTo(MemoryMarshal.CreateSpan(ref result._bytes[0], Capacity));
        result._length = (byte)length;
        return result;
    }

    /// <inheritdoc/>
    public override readonly string ToString() => Encoding.UTF8.GetString(Utf8);

    [InlineArray(Capacity)]
    private struct Bytes
    {
        private byte _first;
    }
}

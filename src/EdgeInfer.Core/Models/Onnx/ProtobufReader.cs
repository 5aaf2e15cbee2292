using System.Buffers.Binary;
using System.Text;
using EdgeInfer.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Models.Onnx;

/// <summary>How a field's bytes are laid out.</summary>
internal enum WireType
{
    /// <summary>A variable-length integer.</summary>
    Varint = 0,

    /// <summary>Eight bytes.</summary>
    Fixed64 = 1,

    /// <summary>A length, then that many bytes.</summary>
    Bytes = 2,

    /// <summary>Four bytes.</summary>
    Fixed32 = 5,
}

/// <summary>
/// Reads protobuf from a file through one small buffer. What is skipped is never read, so weights cost nothing. No length is trusted:
/// each must end within the message it stands in, and the innermost message within the file. A mapped file would be simpler, but a
/// file that shrinks while it is read would then end the process.
/// </summary>
internal sealed class ProtobufReader(SafeFileHandle file, long length, string path)
{
    private readonly byte[] _buffer = new byte[16 << 10];
    private long _bufferStart;
    private int _bufferLength;
    private long _fields;
    private long _textBytes;

    /// <summary>The next byte's offset.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes of the file.</summary>
    public long Length => length;

    /// <summary>Reads the head of the next field of a message that ends at <paramref name="end"/>.</summary>
    /// <returns>False at the end of the message.</returns>
    public bool TryReadTag(long end, out int field, out WireType wire)
    {
        field = 0;
        wire = 0;
        if (Position >= end) return false;
        if (++_fields > OnnxLimits.Fields) throw Damaged($"more than {OnnxLimits.Fields} fields");
        ulong tag = Varint(end);
        wire = (WireType)(tag & 7);
        if (tag >> 3 is 0 or > 0x1FFF_FFFF || wire is not (WireType.Varint or WireType.Fixed64 or WireType.Bytes or WireType.Fixed32))
            throw Damaged($"{tag:X} is no field of a protobuf message");
        field = (int)(tag >> 3);
        return true;
    }

    /// <summary>An integer of at most ten bytes.</summary>
    public ulong Varint(long end)
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte next = Byte(end);
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }

        throw Damaged("an integer of more than ten bytes");
    }

    /// <summary>A length; the message or bytes it counts end at the returned offset.</summary>
    public long ReadLength(long end)
    {
        ulong count = Varint(end);
        if (count > (ulong)(end - Position))
            throw Short($"a field of {count} bytes begins here, but {end - Position} are left", end);
        return Position + (long)count;
    }

    /// <summary>Passes over a field without reading it.</summary>
    public void Skip(WireType wire, long end)
    {
        switch (wire)
        {
            case WireType.Varint: Varint(end); break;
            case WireType.Fixed64: MoveTo(Position + 8, end); break;
            case WireType.Fixed32: MoveTo(Position + 4, end); break;
            default: Position = ReadLength(end); break;
        }
    }

    /// <summary>Goes to the end of a message or field.</summary>
    public void MoveTo(long position) => Position = position;

    /// <summary>A text of at most <paramref name="limit"/> bytes; bytes that are not UTF-8 become replacement characters.</summary>
    public string Text(long end, int limit)
    {
        long textEnd = ReadLength(end);
        long count = textEnd - Position;
        _textBytes += count;
        if (count > limit || _textBytes > OnnxLimits.TextBytes) throw Damaged($"a text of {count} bytes, more than is allowed");
        return count == 0 ? "" : Encoding.UTF8.GetString(Block((int)count));
    }

    /// <summary>The next bytes; at most a few kilobytes are asked for.</summary>
    public byte[] Block(int count)
    {
        byte[] block = new byte[count];
        Read(block);
        return block;
    }

    /// <summary>Fills <paramref name="block"/> with the next bytes.</summary>
    public void Read(Span<byte> block)
    {
        while (block.Length > 0)
        {
            ReadOnlySpan<byte> buffered = Buffered(block.Length);
            buffered.CopyTo(block);
            block = block[buffered.Length..];
        }
    }

    /// <summary>How many integers lie between here and <paramref name="end"/>, where it stands afterwards; none is kept.</summary>
    public long CountVarints(long end)
    {
        long count = 0;
        int open = 0;
        while (Position < end)
        {
            foreach (byte next in Buffered((int)Math.Min(end - Position, int.MaxValue)))
            {
                if (next < 0x80) (count, open) = (count + 1, 0);
                else if (++open == 10) throw Damaged("an integer of more than ten bytes");
            }
        }

        return open == 0 ? count : throw Damaged("a number is cut off");
    }

    /// <summary>Four bytes as a float.</summary>
    public float Fixed32(long end)
    {
        if (end - Position < 4) throw Short("a number is cut off", end);
        return BinaryPrimitives.ReadSingleLittleEndian(Block(4));
    }

    /// <summary>Eight bytes as a double.</summary>
    public double Fixed64(long end)
    {
        if (end - Position < 8) throw Short("a number is cut off", end);
        return BinaryPrimitives.ReadDoubleLittleEndian(Block(8));
    }

    /// <summary>The fault of a file that is complete but wrong inside.</summary>
    public FaultException Damaged(string what)
        => FaultException.Of(FaultKind.Data, path, $"this ONNX file is damaged at byte {Position}: {what}", "export or copy the model again");

    /// <summary>The fault of a file that ends too early.</summary>
    public FaultException Truncated(string what)
        => FaultException.Of(
            FaultKind.Data, path, $"this ONNX file is truncated after {length} bytes: {what}",
            "copy it again and compare its size or sha256 with the original's");

    // A field that leaves the file was cut off; one that leaves its message while the file goes on is wrong.
    private FaultException Short(string what, long end) => end >= length ? Truncated($"at byte {Position}, {what}") : Damaged(what);

    private void MoveTo(long position, long end)
    {
        if (position > end) throw Short("a number is cut off", end);
        Position = position;
    }

    // The next bytes as far as the buffer holds them, at least one; they are then behind.
    private ReadOnlySpan<byte> Buffered(int atMost)
    {
        if (!Fill()) throw Short("the file became shorter while it was read", length);
        int at = (int)(Position - _bufferStart);
        int count = Math.Min(atMost, _bufferLength - at);
        Position += count;
        return _buffer.AsSpan(at, count);
    }

    private byte Byte(long end)
    {
        if (Position >= end || !Fill()) throw Short("a number is cut off", end);
        return _buffer[(int)(Position++ - _bufferStart)];
    }

    // Makes the buffer hold the byte at Position; false at the end of the file.
    private bool Fill()
    {
        if (Position >= _bufferStart && Position < _bufferStart + _bufferLength) return true;
        _bufferStart = Position;
        _bufferLength = RandomAccess.Read(file, _buffer, Position);
        return _bufferLength > 0;
    }
}

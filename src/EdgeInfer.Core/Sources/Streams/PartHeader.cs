using System.Buffers.Text;
using System.Text;
using EdgeInfer.Signals;

namespace EdgeInfer.Sources.Streams;

/// <summary>What the header of one multipart part says, read from its bytes without making strings.</summary>
internal struct PartHeader
{
    /// <summary>Bytes of the body, or -1 where the header does not say.</summary>
    public long ContentLength;

    /// <summary>Whether the part may be a picture: its type is an image or is not given.</summary>
    public bool IsPicture;

    /// <summary>Whether the part is a JPEG by its type, or its type is not given.</summary>
    public bool IsJpeg;

    /// <summary><c>X-Frame-Id</c>.</summary>
    public FrameId Id;

    /// <summary>Reads the lines between the boundary and the empty line; lines that make no sense are passed over.</summary>
    public static PartHeader Read(ReadOnlySpan<byte> lines)
    {
        PartHeader header = new() { ContentLength = -1, IsPicture = true, IsJpeg = true };
        while (!lines.IsEmpty)
        {
            int end = lines.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? lines : lines[..end];
            lines = end < 0 ? default : lines[(end + 1)..];
            int colon = line.IndexOf((byte)':');
            if (colon > 0) header.Take(line[..colon].Trim(" \t"u8), line[(colon + 1)..].Trim(" \t\r"u8));
        }

        return header;
    }

    private void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (Ascii.EqualsIgnoreCase(name, "content-length"u8))
        {
            // A length that is no number is as good as none: the boundary ends the part.
            if (Utf8Parser.TryParse(value, out long length, out int used) && used == value.Length && length >= 0) ContentLength = length;
        }
        else if (Ascii.EqualsIgnoreCase(name, "content-type"u8))
        {
            IsPicture = StartsWith(value, "image/"u8) || StartsWith(value, "application/octet-stream"u8);
            IsJpeg = StartsWith(value, "image/jp"u8);
        }
        else if (Ascii.EqualsIgnoreCase(name, "x-frame-id"u8))
        {
            Id = FrameId.FromUtf8(value);
        }
    }

    private static bool StartsWith(ReadOnlySpan<byte> value, ReadOnlySpan<byte> start)
        => value.Length >= start.Length && Ascii.EqualsIgnoreCase(value[..start.Length], start);
}

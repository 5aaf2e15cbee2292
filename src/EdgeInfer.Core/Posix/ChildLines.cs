using System.Buffers;

namespace EdgeInfer.Posix;

/// <summary>Takes a line of a child's output, without its line feed; valid during the call alone.</summary>
internal delegate void ChildLine(ReadOnlySpan<byte> line);

/// <summary>Puts the bytes of a child's output together to lines.</summary>
/// <param name="longestBytes">The longest line that is taken.</param>
internal sealed class ChildLines(int longestBytes)
{
    private readonly ArrayBufferWriter<byte> _begun = new();

    /// <summary>Takes what was read, and hands on each line that it ends.</summary>
    /// <returns>False where a line is longer than allowed: what follows is no line any more.</returns>
    public bool Take(ReadOnlySpan<byte> bytes, ChildLine heard)
    {
        while (bytes.IndexOf((byte)'\n') is var end and >= 0)
        {
            if (_begun.WrittenCount + end > longestBytes) return false;
            if (_begun.WrittenCount == 0)
            {
                heard(bytes[..end]);
            }
            else
            {
                _begun.Write(bytes[..end]);
                heard(_begun.WrittenSpan);
                _begun.ResetWrittenCount();
            }

            bytes = bytes[(end + 1)..];
        }

        if (_begun.WrittenCount + bytes.Length > longestBytes) return false;
        _begun.Write(bytes);
        return true;
    }
}

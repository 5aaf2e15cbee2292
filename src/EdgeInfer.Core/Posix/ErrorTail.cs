using System.Text;

namespace EdgeInfer.Posix;

/// <summary>The last of what a child wrote to its standard error, in a fixed number of bytes; the rest is only counted.</summary>
internal sealed class ErrorTail
{
    /// <summary>The bytes that are kept: the last lines of any program.</summary>
    private const int Capacity = 8 << 10;

    private const int LongestLine = 300;

    private readonly byte[] _ring = new byte[Capacity];

    /// <summary>Bytes written so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Lines ended so far.</summary>
    public long LineCount { get; private set; }

    /// <summary>The last line that says something; null where there is none.</summary>
    public string? LastLine => Lines() is [.., { } last] ? last : null;

    /// <summary>Takes what was read. Allocates nothing.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        LineCount += bytes.Count((byte)'\n');
        foreach (byte value in bytes) _ring[(int)(Bytes++ % Capacity)] = value;
    }

    /// <summary>
    /// The lines that are kept and say something, oldest first; a carriage return ends a line too. Control characters and colours
    /// are taken out, and long lines are cut.
    /// </summary>
    public IReadOnlyList<string> Lines()
    {
        int kept = (int)Math.Min(Bytes, Capacity);
        byte[] bytes = new byte[kept];
        for (int i = 0; i < kept; i++) bytes[i] = _ring[(int)((Bytes - kept + i) % Capacity)];
        string[] parts = Encoding.UTF8.GetString(bytes).Split(['\n', '\r']);

        // The oldest has lost its beginning where more was written than is kept.
        return [.. parts.Skip(Bytes > Capacity && parts.Length > 1 ? 1 : 0).Select(Plain).Where(line => line.Length > 0)];
    }

    private static string Plain(string line)
    {
        StringBuilder plain = new(line.Length);
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == '\u001B' && i + 1 < line.Length && line[i + 1] == '[')
            {
                // A colour or a cursor's move ends with a letter.
                i += 2;
                while (i < line.Length && !char.IsAsciiLetter(line[i])) i++;
            }
            else if (!char.IsControl(line[i]))
            {
                plain.Append(line[i]);
            }
            else if (line[i] == '\t')
            {
                plain.Append(' ');
            }
        }

        string text = plain.ToString().Trim();
        return text.Length <= LongestLine ? text : text[..LongestLine] + "…";
    }
}

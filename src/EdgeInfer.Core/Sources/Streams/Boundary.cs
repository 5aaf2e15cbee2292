using System.Text;

namespace EdgeInfer.Sources.Streams;

/// <summary>
/// The line between two parts. Cameras are careless with it: the type names it with or without the leading dashes and quotes, and the
/// stream has it with two dashes, with more, or with none. So the name without its dashes is looked for, at the start of a line or
/// behind dashes.
/// </summary>
internal sealed class Boundary
{
    private readonly byte[] _name;

    private Boundary(byte[] name) => _name = name;

    /// <summary>Makes a boundary of the <c>boundary</c> parameter of a content type, or of a stream's first line.</summary>
    /// <returns>Null where nothing is left to look for.</returns>
    public static Boundary? Named(ReadOnlySpan<char> given)
    {
        ReadOnlySpan<char> bare = given.Trim().Trim('"').Trim();
        ReadOnlySpan<char> name = bare.TrimStart('-');
        if (name.IsEmpty) name = bare;
        return name.IsEmpty ? null : new(Encoding.Latin1.GetBytes(name.ToArray()));
    }

    /// <summary>Finds the <c>boundary</c> parameter of a content type.</summary>
    public static Boundary? OfContentType(string contentType)
    {
        ReadOnlySpan<char> rest = contentType;
        int at = rest.IndexOf("boundary", StringComparison.OrdinalIgnoreCase);
        if (at < 0) return null;
        rest = rest[(at + "boundary".Length)..].TrimStart();
        if (!rest.StartsWith("=")) return null;
        rest = rest[1..].TrimStart();
        if (rest.StartsWith("\""))
        {
            int close = rest[1..].IndexOf('"');
            return Named(close < 0 ? rest : rest.Slice(1, close));
        }

        int end = rest.IndexOf(';');
        return Named(end < 0 ? rest : rest[..end]);
    }

    /// <summary>
    /// Looks for the line from <paramref name="from"/> on; what stands before <paramref name="start"/> belongs to something else.
    /// </summary>
    /// <param name="bytes">What has arrived.</param>
    /// <param name="start">Where the bytes that the boundary ends begin.</param>
    /// <param name="from">Where to look; not before <paramref name="start"/>.</param>
    /// <param name="end">Where those bytes end: before the line break that belongs to the boundary.</param>
    /// <param name="after">The byte behind the boundary's name.</param>
    /// <param name="resume">Where to look again once more has arrived, where this returns false.</param>
    public bool TryFind(ReadOnlySpan<byte> bytes, int start, int from, out int end, out int after, out int resume)
    {
        end = after = 0;
        int at = from;
        while (true)
        {
            int found = bytes[at..].IndexOf(_name);
            if (found < 0)
            {
                resume = Math.Max(at, bytes.Length - _name.Length + 1);
                return false;
            }

            at += found;
            after = at + _name.Length;
            ReadOnlySpan<byte> rest = bytes[after..];
            if (rest.IsEmpty || (rest.Length == 1 && rest[0] == '-'))
            {
                resume = at;
                return false;
            }

            if (IsEndOfName(rest) && TryStepBack(bytes, start, at, out end))
            {
                resume = at;
                return true;
            }

            at++;
        }
    }

    /// <summary>Whether the name ends here; two dashes close the stream, but not where the name itself is dashes.</summary>
    private bool IsEndOfName(ReadOnlySpan<byte> rest)
        => rest[0] is (byte)'\r' or (byte)'\n' or (byte)' ' or (byte)'\t' || (_name[0] != '-' && rest.StartsWith("--"u8));

    private static bool TryStepBack(ReadOnlySpan<byte> bytes, int start, int name, out int end)
    {
        int line = name;
        while (line > start && bytes[line - 1] == '-') line--;
        end = line;
        bool isLine = line == start || bytes[line - 1] == '\n';
        if (isLine && line > start)
        {
            end--;
            if (end > start && bytes[end - 1] == '\r') end--;
        }

        return isLine || name - line >= 2;
    }
}

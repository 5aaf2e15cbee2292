using System.Globalization;
using System.Text;
using EdgeInfer.Signals;

namespace EdgeInfer.Sources.Children;

/// <summary>What the raw frames are that ffmpeg writes.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Format">I420 or NV12.</param>
/// <param name="Colour">How they become colours.</param>
internal readonly record struct RawPictures(int Width, int Height, PixelFormat Format, YuvColour Colour)
{
    /// <summary>Bytes of a frame.</summary>
    public long Bytes => (long)Width * Height + 2L * ((Width + 1) / 2) * ((Height + 1) / 2);
}

/// <summary>
/// Reads ffmpeg's log as it comes: what it writes, and whether the picture has changed its size since. ffmpeg says both before the first
/// byte that they hold for; a changed picture it would otherwise squeeze into the first size. Nothing is allocated for other lines.
/// </summary>
internal sealed class FfmpegLog
{
    private const int LongestLine = 1024;

    private readonly byte[] _line = new byte[LongestLine];
    private int _length;
    private bool _isOutput;
    private YuvColour? _inputColour;
    private (int, int)? _decoded;

    /// <summary>What it writes; null until it has said so.</summary>
    public RawPictures? Output { get; private set; }

    /// <summary>The codec of the video that came, such as <c>h264</c>; empty until known.</summary>
    public string Codec { get; private set; } = "";

    /// <summary>Whether the decoded picture has another size than at first.</summary>
    public bool HasResized { get; private set; }

    /// <summary>Takes bytes of the log.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            ReadOnlySpan<byte> part = end < 0 ? bytes : bytes[..end];
            int kept = Math.Min(part.Length, LongestLine - _length);
            part[..kept].CopyTo(_line.AsSpan(_length));
            _length += kept;
            if (end < 0) return;
            ReadLine(_line.AsSpan(0, _length));
            _length = 0;
            bytes = bytes[(end + 1)..];
        }
    }

    private void ReadLine(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("Input #"u8)) _isOutput = false;
        else if (line.StartsWith("Output #"u8)) _isOutput = true;
        else if (line.IndexOf(" pixfmt:"u8) >= 0) ReadGraph(Encoding.UTF8.GetString(line));
        else if (line.IndexOf("Stream #"u8) >= 0 && line.IndexOf(": Video: "u8) >= 0) ReadStream(Encoding.UTF8.GetString(line));
    }

    // [graph 0 input from stream 0:0 @ 0x5…] w:1280 h:720 pixfmt:yuv420p tb:1/90000 fr:15/1 sar:1/1
    private void ReadGraph(string line)
    {
        int width = line.LastIndexOf("w:", line.IndexOf(" pixfmt:", StringComparison.Ordinal), StringComparison.Ordinal);
        if (width < 0 || line[width..].Split(' ') is not [['w', ':', .. var w], ['h', ':', .. var h], ..]) return;
        if (!int.TryParse(w, CultureInfo.InvariantCulture, out int x) || !int.TryParse(h, CultureInfo.InvariantCulture, out int y)) return;
        if (_decoded is { } first && first != (x, y)) HasResized = true;
        _decoded ??= (x, y);
    }

    // Stream #0:0: Video: rawvideo, 1 reference frame (I420 / 0x30323449), yuv420p(tv, bt709, progressive), 1280x720 [SAR 1:1 DAR 16:9], q=2-31, …
    private void ReadStream(string line)
    {
        string description = line[(line.IndexOf(": Video: ", StringComparison.Ordinal) + 9)..];
        List<string> parts = Parts(description);
        string? pixels = parts.Find(p => p.StartsWith("yuv", StringComparison.Ordinal) || p.StartsWith("nv12", StringComparison.Ordinal));
        YuvColour? colour = pixels is null ? null : Colour(pixels);
        if (!_isOutput)
        {
            if (Codec.Length > 0) return;
            Codec = parts[0].Split(' ')[0];
            _inputColour = colour;
            return;
        }

        foreach (string part in parts)
        {
            string[] size = part.Split(' ')[0].Split('x');
            if (pixels is null || size.Length != 2 || !int.TryParse(size[0], CultureInfo.InvariantCulture, out int width) || !int.TryParse(size[1], CultureInfo.InvariantCulture, out int height)) continue;
            PixelFormat format = pixels[0] == 'n' ? PixelFormat.Nv12 : PixelFormat.I420;

            // Of an odd width its planes have rows of different lengths, which no decoder gives.
            if (format == PixelFormat.Nv12 && width % 2 != 0) return;
            Output = new(width, height, format, colour ?? _inputColour ?? YuvColour.Bt601Limited);
            return;
        }
    }

    /// <summary>What stands between commas, those within parentheses excepted.</summary>
    private static List<string> Parts(string description)
    {
        List<string> parts = [];
        int depth = 0, start = 0;
        for (int i = 0; i <= description.Length; i++)
        {
            if (i == description.Length || (description[i] == ',' && depth == 0))
            {
                parts.Add(description[start..i].Trim());
                start = i + 1;
            }
            else if (description[i] is '(' or '[')
            {
                depth++;
            }
            else if (description[i] is ')' or ']')
            {
                depth--;
            }
        }

        return parts;
    }

    /// <summary>The rule of <c>yuv420p(tv, bt709/unknown/unknown, progressive)</c>; null where nothing is said.</summary>
    private static YuvColour? Colour(string pixels)
    {
        bool isFull = pixels.StartsWith("yuvj", StringComparison.Ordinal);
        bool isSaid = isFull;
        bool isHighDefinition = false;
        int open = pixels.IndexOf('(', StringComparison.Ordinal);
        if (open > 0)
        {
            foreach (string word in pixels[(open + 1)..].TrimEnd(')').Split(", "))
            {
                // Space, primaries and transfer, or one word where they are the same.
                string space = word.Split('/')[0];
                if (word is "pc" or "tv") (isFull, isSaid) = (word == "pc", true);
                else if (space is "bt709" or "bt2020nc" or "bt2020c" or "smpte240m") (isHighDefinition, isSaid) = (true, true);
                else if (space is "bt470bg" or "smpte170m" or "fcc") isSaid = true;
            }
        }

        if (!isSaid) return null;
        return (isHighDefinition, isFull) switch
        {
            (false, false) => YuvColour.Bt601Limited,
            (false, true) => YuvColour.Bt601Full,
            (true, false) => YuvColour.Bt709Limited,
            (true, true) => YuvColour.Bt709Full,
        };
    }
}

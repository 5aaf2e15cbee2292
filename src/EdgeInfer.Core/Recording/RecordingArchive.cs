using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EdgeInfer.Signals;

namespace EdgeInfer.Recording;

/// <summary>
/// A recording on its way out: a tar archive of <c>manifest.json</c>, <c>frames/</c>, <c>results.jsonl</c> and <c>SHA256SUMS</c>
/// (which <c>sha256sum -c</c> reads), whose length is known before its first byte. The ring stands still until this is disposed of.
/// </summary>
internal sealed class RecordingArchive : IDisposable
{
    /// <summary>The list of the digests of all other files.</summary>
    public const string Sums = "SHA256SUMS";

    /// <summary>The facts of the recording.</summary>
    public const string Manifest = "manifest.json";

    /// <summary>The messages, one a line.</summary>
    public const string Results = "results.jsonl";

    private const int PieceBytes = 64 << 10;
    private const int DigestDigits = 64;

    private readonly FrozenFrames _frames;
    private readonly DateTimeOffset _madeAt;
    private readonly List<Part> _parts = [];

    /// <summary>Prepares the archive.</summary>
    /// <param name="manifest">The facts; the count of frames is filled in here.</param>
    /// <param name="frames">The frames; disposed of with this.</param>
    /// <param name="outcomeWord">Puts a frame's outcome in a word.</param>
    public RecordingArchive(RecordingManifest manifest, FrozenFrames frames, Func<int, string> outcomeWord)
    {
        _frames = frames;
        _madeAt = manifest.MadeAt;
        _parts.Add(new(Manifest, Encode(manifest with { Frames = frames.Frames.Count }, RecordingJson.Default.RecordingManifest)));
        List<FrozenResult> results = [];
        for (int i = 0; i < frames.Frames.Count; i++)
        {
            FrozenFrame frame = frames.Frames[i];
            string ending = RecordedFormat.EndingOf(frame.Info.Format);
            _parts.Add(new(TarHeader.FrameName(i + 1, "json"), Encode(Describe(frame, ending, outcomeWord(frame.Outcome)), RecordingJson.Default.RecordedFrame)));
            _parts.Add(new(TarHeader.FrameName(i + 1, ending), frame));
            results.AddRange(frame.Results);
        }

        _parts.Add(new(Results, results));
        long sums = _parts.Sum(static part => DigestDigits + 2 + part.Name.Length + 1);
        LengthBytes = _parts.Sum(static part => TarHeader.BlockBytes + TarHeader.Padded(part.LengthBytes))
            + TarHeader.BlockBytes + TarHeader.Padded(sums) + 2 * TarHeader.BlockBytes;
    }

    /// <summary>Frames in it.</summary>
    public int Frames => _frames.Frames.Count;

    /// <summary>Its bytes.</summary>
    public long LengthBytes { get; }

    /// <summary>Writes it.</summary>
    public async ValueTask WriteAsync(Stream to, CancellationToken stop)
    {
        byte[] piece = new byte[PieceBytes];
        StringBuilder sums = new();
        foreach (Part part in _parts)
        {
            byte[] digest = await WriteAsync(to, part, piece, stop).ConfigureAwait(false);
            sums.Append(Convert.ToHexStringLower(digest)).Append("  ").Append(part.Name).Append('\n');
        }

        await WriteAsync(to, new Part(Sums, Encoding.ASCII.GetBytes(sums.ToString())), piece, stop).ConfigureAwait(false);

        // Two empty blocks end an archive.
        piece.AsSpan(0, 2 * TarHeader.BlockBytes).Clear();
        await to.WriteAsync(piece.AsMemory(0, 2 * TarHeader.BlockBytes), stop).ConfigureAwait(false);
    }

    /// <summary>Lets the ring go on.</summary>
    public void Dispose() => _frames.Dispose();

    private async ValueTask<byte[]> WriteAsync(Stream to, Part part, byte[] piece, CancellationToken stop)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        TarHeader.Write(piece.AsSpan(0, TarHeader.BlockBytes), part.Name, part.LengthBytes, _madeAt);
        await to.WriteAsync(piece.AsMemory(0, TarHeader.BlockBytes), stop).ConfigureAwait(false);
        for (long at = 0; at < part.LengthBytes;)
        {
            int count = part.Read(at, piece);
            hash.AppendData(piece, 0, count);
            await to.WriteAsync(piece.AsMemory(0, count), stop).ConfigureAwait(false);
            at += count;
        }

        int padding = (int)(TarHeader.Padded(part.LengthBytes) - part.LengthBytes);
        if (padding > 0)
        {
            piece.AsSpan(0, padding).Clear();
            await to.WriteAsync(piece.AsMemory(0, padding), stop).ConfigureAwait(false);
        }

        return hash.GetHashAndReset();
    }

    private static RecordedFrame Describe(FrozenFrame frame, string ending, string outcome)
    {
        FrameInfo info = frame.Info;
        return new()
        {
            Format = ending,
            Width = info.WidthPixels,
            Height = info.HeightPixels,
            Stride = info.StrideBytes,
            Colour = info.Colour,
            Sequence = info.Sequence,
            CapturedAt = info.CapturedAt,
            Id = info.Id.IsEmpty ? null : info.Id.ToString(),
            Bytes = frame.LengthBytes,
            Outcome = outcome,
            Results = [.. frame.Results.Select(static r => new RecordedResult(r.Model, r.Sequence, r.Bits.ToString("x16", CultureInfo.InvariantCulture)))],
        };
    }

    private static byte[] Encode<T>(T message, JsonTypeInfo<T> type) => [.. JsonSerializer.SerializeToUtf8Bytes(message, type), (byte)'\n'];

    /// <summary>One file of the archive: bytes at hand, or still in the ring.</summary>
    private sealed class Part
    {
        private readonly byte[]? _bytes;
        private readonly FrozenFrame? _frame;
        private readonly List<FrozenResult>? _lines;
        private int _line;
        private int _lineAt;

        public Part(string name, byte[] bytes) => (Name, _bytes, LengthBytes) = (name, bytes, bytes.Length);

        public Part(string name, FrozenFrame frame) => (Name, _frame, LengthBytes) = (name, frame, frame.LengthBytes);

        public Part(string name, List<FrozenResult> lines) => (Name, _lines, LengthBytes) = (name, lines, lines.Sum(static l => l.Envelope.Length + 1L));

        public string Name { get; }

        public long LengthBytes { get; }

        /// <summary>Copies what stands at a place, as much as fits; lines only one after the other.</summary>
        public int Read(long at, Span<byte> to)
        {
            if (_lines is not null) return ReadLines(to);
            ReadOnlySpan<byte> from = (_bytes is not null ? _bytes : _frame!.Data)[(int)at..];
            from = from[..Math.Min(from.Length, to.Length)];
            from.CopyTo(to);
            return from.Length;
        }

        private int ReadLines(Span<byte> to)
        {
            int written = 0;
            while (written < to.Length && _line < _lines!.Count)
            {
                ReadOnlySpan<byte> rest = _lines[_line].Envelope[_lineAt..];
                rest = rest[..Math.Min(rest.Length, to.Length - written)];
                rest.CopyTo(to[written..]);
                written += rest.Length;
                _lineAt += rest.Length;
                if (written == to.Length || _lineAt < _lines[_line].Envelope.Length) break;
                to[written++] = (byte)'\n';
                (_line, _lineAt) = (_line + 1, 0);
            }

            return written;
        }
    }
}

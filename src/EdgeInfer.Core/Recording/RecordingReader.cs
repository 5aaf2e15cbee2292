using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Recording;

/// <summary>
/// A recording file, checked whole when it is opened: what is cut off, changed or not there is one fault with its place. Also reads
/// one that was unpacked and packed again by another tar.
/// </summary>
internal sealed class RecordingReader : IDisposable
{
    /// <summary>The largest frame that is read.</summary>
    public const int LargestFrameBytes = 1 << 30;

    private const int LargestTextBytes = 1 << 20;
    private const int MostFiles = 1_000_000;
    private const string Cure = "copy it again from where it was made, or take it again: edgeinfer capture";

    private readonly FileStream _file;
    private readonly Dictionary<string, Part> _parts;
    private readonly Dictionary<long, (long At, int Bytes)> _results = [];
    private readonly RecordedFrame[] _frames;

    private RecordingReader(string path, FileStream file, Dictionary<string, Part> parts)
    {
        Path = path;
        _file = file;
        _parts = parts;
        VerifySums();
        Manifest = Text(RecordingArchive.Manifest, RecordingJson.Default.RecordingManifest);
        if (Manifest.Schema != RecordingManifest.CurrentSchema)
            throw Damaged($"it is a '{Manifest.Schema}', this version reads {RecordingManifest.CurrentSchema}", "use the version of EdgeInfer that made it");
        if (Manifest.Models.Count == 0) throw Damaged($"{RecordingArchive.Manifest} names no model");
        if (Manifest.Frames is < 0 or > MostFiles) throw Damaged($"{RecordingArchive.Manifest} says {Manifest.Frames} frames");
        _frames = new RecordedFrame[Manifest.Frames];
        for (int i = 0; i < _frames.Length; i++) _frames[i] = ReadFacts(i);
        IndexResults();
    }

    /// <summary>The file, as named.</summary>
    public string Path { get; }

    /// <summary>The facts of the recording.</summary>
    public RecordingManifest Manifest { get; }

    /// <summary>What is known of each frame, oldest first.</summary>
    public IReadOnlyList<RecordedFrame> Frames => _frames;

    /// <summary>Whether a file is a recording, or at least a tar archive.</summary>
    public static bool IsArchive(string path)
    {
        // Asked before opening: opening a named pipe would wait for a writer.
        if (new FileInfo(path) is { Exists: true, Length: 0 }) return false;
        using FileStream file = File.OpenRead(path);
        Span<byte> block = stackalloc byte[TarHeader.BlockBytes];
        return file.ReadAtLeast(block, block.Length, throwOnEndOfStream: false) == block.Length && block[257..].StartsWith("ustar"u8);
    }

    /// <summary>Opens a recording and checks all of it.</summary>
    /// <exception cref="FaultException">It is not there, is none, or is damaged.</exception>
    public static RecordingReader Open(string path)
    {
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 64 << 10);
            return new(path, file, Index(path, file));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw FaultException.Of(FaultKind.NoInput, path, e is UnauthorizedAccessException ? "it may not be read" : "there is no such file", "check the path", e);
        }
        catch (IOException e)
        {
            file?.Dispose();
            throw FaultException.Of(FaultKind.InputOutput, path, e.Message, "check the disk", e);
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>The bytes of a frame.</summary>
    /// <param name="index">From 0.</param>
    /// <param name="to">As many as <see cref="RecordedFrame.Bytes"/> says.</param>
    public void ReadFrame(int index, Span<byte> to) => Read(_parts[TarHeader.FrameName(index + 1, _frames[index].Format)].At, to);

    /// <summary>The message of a result, as JSON.</summary>
    /// <exception cref="FaultException">The recording has none of this count.</exception>
    public ReadOnlyMemory<byte> Result(long sequence)
    {
        if (!_results.TryGetValue(sequence, out (long At, int Bytes) line)) throw Damaged($"{RecordingArchive.Results} has no line with seq {sequence}");
        byte[] bytes = new byte[line.Bytes];
        Read(line.At, bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static Dictionary<string, Part> Index(string path, FileStream file)
    {
        Dictionary<string, Part> parts = new(StringComparer.Ordinal);
        byte[] block = new byte[TarHeader.BlockBytes];
        byte[] piece = new byte[64 << 10];
        string last = "its beginning";
        while (true)
        {
            int read = file.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
            if (read == 0 && parts.Count == 0) throw Fault(path, "the file is empty");
            if (read < block.Length) throw Fault(path, $"it ends after {last}: it was cut off");
            if (!block.AsSpan().ContainsAnyExcept((byte)0)) return parts;
            if (!TarHeader.TryRead(block, out string name, out long bytes, out bool isFolder))
                throw Fault(path, parts.Count == 0 ? "it is no recording" : $"what follows {last} is damaged", parts.Count == 0 ? "give a file that edgeinfer capture has written" : Cure);
            if (isFolder) continue;
            if (name.StartsWith("./", StringComparison.Ordinal)) name = name[2..];
            if (parts.Count >= MostFiles || bytes > LargestFrameBytes) throw Fault(path, $"{name} is larger than a recording has");
            byte[] digest = Digest(file, bytes, piece) ?? throw Fault(path, $"it ends inside {name}: it was cut off");
            if (!parts.TryAdd(name, new(file.Position - TarHeader.Padded(bytes), bytes, digest))) throw Fault(path, $"{name} is in it twice");
            last = name;
        }
    }

    /// <summary>The digest of the next bytes, and the place after their block; null where the file ends before.</summary>
    private static byte[]? Digest(FileStream file, long bytes, byte[] piece)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long padded = TarHeader.Padded(bytes);
        for (long left = bytes, all = padded; all > 0;)
        {
            int read = file.Read(piece, 0, (int)Math.Min(piece.Length, all));
            if (read == 0) return null;
            int own = (int)Math.Min(left, read);
            hash.AppendData(piece, 0, own);
            left -= own;
            all -= read;
        }

        return hash.GetHashAndReset();
    }

    private void VerifySums()
    {
        int named = 0;
        foreach (string line in Encoding.ASCII.GetString(Bytes(RecordingArchive.Sums, 256 << 20)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int space = line.IndexOf("  ", StringComparison.Ordinal);
            if (space < 0) throw Damaged($"{RecordingArchive.Sums} is damaged");
            string name = line[(space + 2)..];
            if (!_parts.TryGetValue(name, out Part? part)) throw Damaged($"{name} is missing");
            if (Convert.ToHexStringLower(part.Digest) != line[..space]) throw Damaged($"{name} is damaged: it has not the digest that {RecordingArchive.Sums} says");
            named++;
        }

        if (named != _parts.Count - 1) throw Damaged($"{_parts.Keys.Last()}: {RecordingArchive.Sums} does not name it");
    }

    private RecordedFrame ReadFacts(int index)
    {
        string name = TarHeader.FrameName(index + 1, "json");
        RecordedFrame frame = Text(name, RecordingJson.Default.RecordedFrame);
        if (RecordedFormat.Of(frame.Format) == Signals.PixelFormat.None) throw Damaged($"{name}: '{frame.Format}' is no format of a frame");
        string data = TarHeader.FrameName(index + 1, frame.Format);
        if (!_parts.TryGetValue(data, out Part? part)) throw Damaged($"{data} is missing");
        if (part.Bytes != frame.Bytes) throw Damaged($"{data} has {part.Bytes} bytes, {name} says {frame.Bytes}");
        foreach (RecordedResult result in frame.Results)
            if (result.Model < 0 || result.Model >= Manifest.Models.Count) throw Damaged($"{name}: {RecordingArchive.Manifest} has no model {result.Model}");
        return frame;
    }

    private void IndexResults()
    {
        byte[] lines = Bytes(RecordingArchive.Results, LargestFrameBytes);
        long at = _parts[RecordingArchive.Results].At;
        int start = 0;
        for (int number = 1; start < lines.Length; number++)
        {
            int length = lines.AsSpan(start).IndexOf((byte)'\n');
            if (length < 0) length = lines.Length - start;
            if (SequenceOf(lines.AsMemory(start, length)) is not { } sequence) throw Damaged($"{RecordingArchive.Results}: line {number} is no prediction");
            _results[sequence] = (at + start, length);
            start += length + 1;
        }
    }

    private static long? SequenceOf(ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument message = JsonDocument.Parse(line);
            return message.RootElement.ValueKind == JsonValueKind.Object && message.RootElement.TryGetProperty("seq", out JsonElement seq) && seq.TryGetInt64(out long sequence)
                ? sequence
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private T Text<T>(string name, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(Bytes(name, LargestTextBytes), type) ?? throw Damaged($"{name} says nothing");
        }
        catch (JsonException e)
        {
            throw Damaged(string.Create(CultureInfo.InvariantCulture, $"{name} is not what a recording has at {e.Path ?? "$"}"));
        }
    }

    private byte[] Bytes(string name, long limit)
    {
        if (!_parts.TryGetValue(name, out Part? part)) throw Damaged($"it has no {name}", "give a file that edgeinfer capture has written");
        if (part.Bytes > limit) throw Damaged($"{name} is larger than a recording has");
        byte[] bytes = new byte[part.Bytes];
        Read(part.At, bytes);
        return bytes;
    }

    private void Read(long at, Span<byte> to)
    {
        _file.Position = at;
        _file.ReadExactly(to);
    }

    private FaultException Damaged(string what, string cure = Cure) => Fault(Path, what, cure);

    private static FaultException Fault(string path, string what, string cure = Cure) => FaultException.Of(FaultKind.Data, path, what, cure);

    private sealed record Part(long At, long Bytes, byte[] Digest);
}

using System.Text;
using EdgeInfer.Durability;

namespace EdgeInfer.Fetching;

/// <summary>What has come of a file so far, as a file, and its note as a journal beside it.</summary>
/// <param name="path">Where the bytes are gathered.</param>
internal sealed class PartFile(string path) : IDownloadPart, IDisposable
{
    private const int LongestNoteBytes = 4096;

    private readonly string _journal = path + ".journal";
    private FileStream? _to;

    /// <summary>Where the bytes are gathered.</summary>
    public string Path { get; } = path;

    /// <inheritdoc/>
    public string Note { get; private set; } = "";

    /// <inheritdoc/>
    public long Length => _to?.Length ?? (File.Exists(Path) ? new FileInfo(Path).Length : 0);

    /// <summary>Takes up what an earlier attempt left.</summary>
    public void TakeUp() => Note = File.Exists(_journal) && new FileInfo(_journal).Length <= LongestNoteBytes ? File.ReadAllText(_journal).TrimEnd('\n') : "";

    /// <inheritdoc/>
    public void Restart(string note)
    {
        Drop();
        Note = note;
        if (note.Length > 0) AtomicFile.Write(_journal, Encoding.UTF8.GetBytes(note + "\n"));
        Open();
    }

    /// <inheritdoc/>
    public void Append(ReadOnlySpan<byte> bytes) => (_to ?? Open()).Write(bytes);

    /// <summary>Removes the bytes and the journal.</summary>
    public void Drop()
    {
        Dispose();
        Note = "";
        File.Delete(_journal);
        File.Delete(Path);
    }

    /// <summary>The bytes are the file: they take its name.</summary>
    public void Finish(string target)
    {
        Dispose();
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
#pragma warning disable RS0030 // Nothing has the model's name yet: names and bytes are synced when the folder takes it.
        File.Move(Path, target, overwrite: true);
#pragma warning restore RS0030
        File.Delete(_journal);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _to?.Dispose();
        _to = null;
    }

    private FileStream Open()
    {
        _to = new FileStream(Path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _to.Seek(0, SeekOrigin.End);
        return _to;
    }
}

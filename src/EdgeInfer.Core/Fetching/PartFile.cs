using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Durability;

namespace EdgeInfer.Fetching;

/// <summary>
/// What has come of a file so far, and a journal beside it: whose bytes they are (a hash of the address, which may hold a signature),
/// and the validator under which the server promises that the rest belongs to them.
/// </summary>
/// <param name="path">Where the bytes are gathered.</param>
/// <param name="file">What is gathered.</param>
internal sealed class PartFile(string path, RemoteFile file) : IPart, IDisposable
{
    private FileStream? _writing;
    private readonly string _journal = path + ".journal";
    private readonly string _source = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.Url.AbsoluteUri)));

    /// <inheritdoc/>
    public string Path { get; } = path;

    /// <inheritdoc/>
    public string Validator { get; private set; } = "";

    /// <inheritdoc/>
    public long Length => _writing is { } writing ? writing.Length : File.Exists(Path) ? new FileInfo(Path).Length : 0;

    /// <inheritdoc/>
    public void TakeUp()
    {
        string[] lines = File.Exists(_journal) ? File.ReadAllLines(_journal) : [];
        if (lines.Length == 2 && lines[0] == _source && lines[1].Length > 0) Validator = lines[1];
        else Drop();
    }

    /// <inheritdoc/>
    public void Begin(string validator)
    {
        Drop();
        Validator = validator;
        if (validator.Length > 0) AtomicFile.Write(_journal, Encoding.UTF8.GetBytes($"{_source}\n{validator}\n"));
    }

    /// <inheritdoc/>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _writing ??= new(Path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _writing.Write(bytes);
    }

    /// <inheritdoc/>
    public void Pause()
    {
        _writing?.Dispose();
        _writing = null;
    }

    /// <inheritdoc/>
    public Stream Read() => new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.SequentialScan);

    /// <inheritdoc/>
    public void Drop()
    {
        Pause();
        Validator = "";
        File.Delete(_journal);
        File.Delete(Path);
    }

    /// <inheritdoc/>
    public void Settle() => File.Delete(_journal);

    /// <summary>The bytes are the file: they take its name.</summary>
    public void Finish(string target)
    {
        Pause();
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
#pragma warning disable RS0030 // Nothing has the model's name yet: names and bytes are synced when the folder takes it.
        File.Move(Path, target, overwrite: true);
#pragma warning restore RS0030
        File.Delete(_journal);
    }

    /// <inheritdoc/>
    public void Dispose() => Pause();
}

using EdgeInfer.Durability.Interop;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Durability;

/// <summary>A file that grows by records, each of which is on the disk when <see cref="Append"/> returns. One thread at a time.</summary>
/// <remarks>A power cut within <see cref="Append"/> may leave a part of the last record: whoever reads has to be able to tell.</remarks>
public sealed class DurableAppend : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private long _length;

    /// <summary>Opens or makes the file; its name is on the disk afterwards.</summary>
    /// <exception cref="IOException">It cannot be opened, or its name may not be durable; the message says which call failed.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public DurableAppend(string path)
    {
        _path = path;
        bool isNew = !File.Exists(path);
        _file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            _length = RandomAccess.GetLength(_file);
            if (isNew) PosixSync.Folder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Adds a record and syncs it.</summary>
    /// <exception cref="IOException">It is not there: the file was cut back where that could be done; the message says which call failed.</exception>
    public void Append(ReadOnlySpan<byte> record)
    {
        try
        {
            PosixSync.Write(_file, record, _length, _path);
            PosixSync.File(_file, _path);
        }
        catch
        {
            CutBack();
            throw;
        }

        _length += record.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void CutBack()
    {
        try
        {
            RandomAccess.SetLength(_file, _length);
        }
        catch (IOException)
        {
            // The next record is written over what is there.
        }
    }
}

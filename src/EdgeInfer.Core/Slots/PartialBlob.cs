using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Durability.Interop;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Slots;

/// <summary>
/// A file that is being gathered. What is beside it says how much of it has been synced, and a line of the caller's (the server's validator):
/// only so much is gone on with, whatever a power cut has made of the rest.
/// </summary>
internal sealed class PartialBlob : IDisposable
{
    /// <summary>Longest line of the caller's.</summary>
    public const int NoteLimit = 2048;

    /// <summary>What a killed process loses at most: a sync of so much costs less than a second on slow flash.</summary>
    public const int CheckpointBytes = 8 << 20;

    private const int NoteBytes = 16 << 10;

    private readonly StoreFolders _folders;
    private readonly StoreDisk _disk;
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private long _synced;
    private bool _isOver;

    private PartialBlob(StoreFolders folders, StoreDisk disk, SafeFileHandle file, string sha256, long bytes)
    {
        _folders = folders;
        _disk = disk;
        _file = file;
        _path = folders.Part(sha256);
        Sha256 = sha256;
        Bytes = bytes;
    }

    /// <summary>What the whole must hash to.</summary>
    public string Sha256 { get; }

    /// <summary>Size of the whole.</summary>
    public long Bytes { get; }

    /// <summary>Bytes that are here.</summary>
    public long Length { get; private set; }

    /// <summary>The caller's line; empty where there is none.</summary>
    public string Note { get; private set; } = "";

    /// <summary>Begins with no bytes.</summary>
    /// <param name="note">What the next attempt has to know to go on, at most <see cref="NoteLimit"/> characters.</param>
    /// <exception cref="UpdateException">Space: no room.</exception>
    /// <exception cref="FaultException">The disk refused.</exception>
    public void Restart(string note)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(note.Length, NoteLimit);
        StoreFaults.Guard(_path, () =>
        {
            Note = note;
            Length = _synced = 0;
            WriteNote();
            Cut(0);
        });
    }

    /// <summary>Adds bytes.</summary>
    /// <exception cref="UpdateException">Size: more than the whole. Space: no room.</exception>
    /// <exception cref="FaultException">The disk refused.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Bytes - Length) throw WrongSize($"more than {Bytes} bytes");
        try
        {
            _disk.Step($"append {_path}");
            PosixSync.Write(_file, bytes, Length, _path);
        }
        catch (IOException e)
        {
            StoreFaults.Guard(_path, () => throw e);
        }

        Length += bytes.Length;
        if (Length - _synced >= CheckpointBytes) Checkpoint();
    }

    /// <summary>Syncs what is here, so that the next attempt goes on behind it.</summary>
    /// <exception cref="UpdateException">Space: no room.</exception>
    /// <exception cref="FaultException">The disk refused.</exception>
    public void Checkpoint()
    {
        if (Length == _synced) return;
        StoreFaults.Guard(_path, () =>
        {
            Sync();
            _synced = Length;
            WriteNote();
        });
    }

    /// <summary>The bytes are all here: they are read back, and take their digest's name.</summary>
    /// <exception cref="UpdateException">Size: some are missing. Digest: they are others, and are gone.</exception>
    /// <exception cref="FaultException">The disk refused.</exception>
    public void Complete()
    {
        if (Length != Bytes) throw WrongSize(string.Create(CultureInfo.InvariantCulture, $"{Length} bytes instead of {Bytes}"));
        StoreFaults.Guard(_path, () =>
        {
            Sync();
            string found = BlobStore.Hash(_file);
            if (found != Sha256)
            {
                Discard();
                throw UpdateException.Of(UpdateCode.Digest, Sha256, $"the bytes that came have the sha256 {found}", "they were changed on their way or where they lie; publish the release again if it stays so");
            }

            // Before the move, which syncs the folder: where there is no journal, a name that is back after a power cut may be another file's by then.
            _disk.RemoveFile(NotePath);
            _disk.Move(_path, _folders.Blob(Sha256));
            _isOver = true;
            // Not before: what this user may not write could not be gone on with after a power cut between the two.
            _disk.Step($"protect {_folders.Blob(Sha256)}");
            File.SetUnixFileMode(_file, StoreDisk.FileRights);
            // Its lock would keep others from reading what is finished.
            _file.Dispose();
        });
    }

    /// <summary>Removes all of it.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public void Discard() => StoreFaults.Guard(_path, () =>
    {
        _isOver = true;
        _disk.RemoveFile(NotePath);
        _disk.RemoveFile(_path);
    });

    /// <summary>Keeps what has come, as far as the disk lets it.</summary>
    public void Dispose()
    {
        try
        {
            if (!_isOver) Checkpoint();
        }
        catch (FaultException)
        {
            // Nothing was promised; the next attempt goes on behind the last bytes that were synced.
        }
        finally
        {
            _file.Dispose();
        }
    }

    internal static PartialBlob Open(StoreFolders folders, StoreDisk disk, string sha256, long bytes)
    {
        disk.Step($"open {folders.Part(sha256)}");
        SafeFileHandle file = PosixFile.OpenWrite(folders.Part(sha256));
        PartialBlob part = new(folders, disk, file, sha256, bytes);
        try
        {
            int error = PosixFile.TryLock(file);
            if (error == PosixFile.WouldBlock) throw FaultException.Of(FaultKind.Unavailable, part._path, "this file is being fetched already", "wait for it");
            if (error != 0) throw PosixFile.Failed("flock", part._path, error);
            part.TakeUp();
            part.Reserve();
            return part;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private string NotePath => _path + ".json";

    private void TakeUp()
    {
        long length = RandomAccess.GetLength(_file);
        if (CheckedFile.Read(NotePath, NoteBytes, out _) is { } content && JsonSerializer.Deserialize(content, PartialJson.Default.PartialNote) is { } noted
            && noted.Bytes == Bytes && noted.Have >= 0 && noted.Have <= length && noted.Have <= Bytes)
        {
            Length = _synced = noted.Have;
            Note = noted.Note;
        }

        if (length != Length) Cut(Length);
    }

    // Asked first, so that a device that is nearly full is not filled for a moment; reserved then, because others write as well.
    private void Reserve()
    {
        long needed = Math.Max(0, Bytes - StoreDisk.Allocated(_path));
        if (StoreFaults.Free(_path) is { } free && free < needed) Refuse(needed, free, null);
        if (Bytes == 0) return;
        _disk.Step($"reserve {_path}");
        int error = PosixFile.TryReserve(_file, Bytes);
        if (error is 0 or PosixFile.NotSupported or PosixFile.NotImplemented) return;
        IOException failure = PosixFile.Failed("fallocate", _path, error);
        if (!PosixFile.IsFull(failure)) throw failure;
        // The kernel keeps what it could get, beyond the file's end: not for long.
        Cut(Length);
        Refuse(needed, StoreFaults.Free(_path), failure);
    }

    private void Refuse(long needed, long? free, Exception? cause)
    {
        if (Length == 0) Discard();
        throw StoreFaults.Full(_folders.Staging, needed, free, cause);
    }

    private void Cut(long length)
    {
        _disk.Step($"cut {_path}");
        RandomAccess.SetLength(_file, length);
    }

    private void Sync()
    {
        _disk.Step($"sync {_path}");
        PosixSync.File(_file, _path);
    }

    private void WriteNote() => _disk.WriteChecked(NotePath, JsonSerializer.SerializeToUtf8Bytes(new PartialNote(Bytes, _synced, Note), PartialJson.Default.PartialNote));

    private UpdateException WrongSize(string what) => UpdateException.Of(UpdateCode.Size, Sha256, $"{what} came of this file", "publish the release again, or see who changes it on its way");
}

/// <summary>What is beside a file that is being gathered.</summary>
/// <param name="Bytes">Size of the whole.</param>
/// <param name="Have">Bytes that are synced.</param>
/// <param name="Note">The caller's line.</param>
internal sealed record PartialNote(long Bytes, long Have, string Note);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PartialNote))]
internal sealed partial class PartialJson : JsonSerializerContext;

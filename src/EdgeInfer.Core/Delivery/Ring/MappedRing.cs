using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Delivery.Ring.Interop;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Delivery.Ring;

/// <summary>What was found in a ring's place.</summary>
/// <param name="HasOutlived">Whether a ring of this start of the kernel was there.</param>
/// <param name="Torn">Messages in it that were damaged; all that it may have held where its header was.</param>
/// <param name="Warning">What an operator should know; null where there is nothing.</param>
internal sealed record RingOpening(bool HasOutlived, int Torn, Fault? Warning);

/// <summary>
/// A ring in a file that is mapped: on a file system in memory it outlives the process and costs no flash. One process at a time.
/// </summary>
internal sealed unsafe class MappedRing : IMessageRing
{
    /// <summary>The largest payload: half of the room, so that one message does not keep all others out.</summary>
    public const int Largest = RingLayout.ArenaBytes / 2;

    private const int WouldBlock = 11;

    private readonly FileStream _file;
    private readonly MemoryMappedFile _mapping;
    private readonly MemoryMappedViewAccessor _view;
    private readonly RingMemory _ring;

    private MappedRing(FileStream file, Guid kernel, long boot, out bool isSound, out Guid lastKernel)
    {
        _file = file;
        bool isWhole = file.Length == RingLayout.FileBytes;
        if (!isWhole) file.SetLength(RingLayout.FileBytes);

        // Room that is only promised would end the process with SIGBUS once the file system is full.
        FileAllocation.Reserve(file, RingLayout.FileBytes);
        _mapping = MemoryMappedFile.CreateFromFile(file, null, RingLayout.FileBytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        _view = _mapping.CreateViewAccessor(0, RingLayout.FileBytes, MemoryMappedFileAccess.ReadWrite);
        byte* memory = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref memory);
        isSound = RingLayout.TryReadHeader(new(memory, RingLayout.FileBytes), out lastKernel, out _) && isWhole;
        _ring = new(memory, kernel, boot, isSound);
    }

    /// <inheritdoc/>
    public int Capacity => RingLayout.Slots;

    /// <inheritdoc/>
    public int LargestPayloadBytes => Largest;

    /// <inheritdoc/>
    public IReadOnlyList<int> Recovered => _ring.Recovered;

    /// <summary>The file of a state folder: one agent, one ring.</summary>
    public static string PathIn(string runFolder, string stateFolder)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(Path.TrimEndingDirectorySeparator(Path.GetFullPath(stateFolder))));
        return Path.Combine(runFolder, $"outbox-{Convert.ToHexStringLower(hash.AsSpan(0, 4))}.ring");
    }

    /// <summary>Opens or makes the ring; whatever else lies in its place goes.</summary>
    /// <param name="runFolder">There, and writable.</param>
    /// <param name="stateFolder">Names the ring.</param>
    /// <param name="kernel">This start of the kernel.</param>
    /// <param name="boot">This start of the agent.</param>
    /// <param name="opening">What was found.</param>
    /// <exception cref="FaultException">There can be no ring here: in use by another agent, no room, no right.</exception>
    public static MappedRing Open(string runFolder, string stateFolder, Guid kernel, long boot, out RingOpening opening)
    {
        string path = PathIn(runFolder, stateFolder);
        try
        {
            bool isForeign = RemoveForeign(path);
            FileStream file = new(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            try
            {
                bool hasExisted = file.Length > 0;
                MappedRing ring = new(file, kernel, boot, out bool isSound, out Guid lastKernel);
                bool isBroken = isForeign || (hasExisted && !isSound);
                opening = new(hasExisted && (!isSound || lastKernel == kernel), isBroken ? RingLayout.Slots : ring._ring.Torn, Warning(path, isBroken, ring._ring.Torn));
                return ring;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (IOException e) when ((e.HResult & 0xFFFF) == WouldBlock)
        {
            throw FaultException.Of(FaultKind.Unavailable, path, "another agent with the same state folder is running", "stop it, or give each its own runtime.state_folder", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Of(FaultKind.InputOutput, path, $"no file for results on their way: {e.Message.TrimEnd('.')}", "make room there, or set runtime.run_folder to a writable folder in memory", e);
        }
    }

    /// <inheritdoc/>
    public int TryAdd(in RingMessage message) => _ring.TryAdd(message);

    /// <inheritdoc/>
    public RingMessage Read(int slot) => _ring.Read(slot);

    /// <inheritdoc/>
    public void Free(int slot) => _ring.Free(slot);

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _mapping.Dispose();
        _file.Dispose();
    }

    // A link is not followed, a pipe not waited for, a folder not written to.
    private static bool RemoveForeign(string path)
    {
        FileInfo info = new(path);
        bool isFolder = (info.Attributes != (FileAttributes)(-1)) && info.Attributes.HasFlag(FileAttributes.Directory);
        if (isFolder && info.LinkTarget is null) throw new IOException("it is a folder");
        bool isPlain = !info.Exists || (info.LinkTarget is null && !info.Attributes.HasFlag(FileAttributes.Device) && IsRegular(path));
        if (isPlain && info.LinkTarget is null) return false;
        File.Delete(path);
        return true;
    }

    private static bool IsRegular(string path)
    {
        // .NET tells no kinds: what is not a regular file, device or folder has the attribute Normal and no seek.
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        return file.CanSeek;
    }

    private static Fault? Warning(string path, bool isBroken, int torn)
    {
        if (isBroken) return new(FaultKind.InputOutput, path, "what lay there was no ring of this version; results on their way when the agent ended may be lost", "");
        if (torn > 0) return new(FaultKind.InputOutput, path, $"{torn} results on their way were damaged", "");
        string kind = new DriveInfo(Path.GetDirectoryName(path)!).DriveFormat;
        return kind is "tmpfs" or "ramfs" ? null
            : new(FaultKind.Configuration, path, $"this folder is on a disk ({kind}), so results on their way wear it", "set runtime.run_folder to a folder in memory, such as one below /run");
    }
}

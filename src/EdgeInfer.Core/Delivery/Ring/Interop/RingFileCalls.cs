using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Delivery.Ring.Interop;

/// <summary>What the ring's file needs of the C library: .NET follows links, hides errno, and maps what may not be there.</summary>
internal static unsafe partial class RingFileCalls
{
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int NoDeviceOrAddress = 6;
    public const int WouldBlock = 11;
    public const int AccessDenied = 13;
    public const int IsDirectory = 21;
    public const int TooManyLinks = 40;

    /// <summary>AT_SYMLINK_NOFOLLOW.</summary>
    public const int OfTheLinkItself = 0x100;

    private const int CurrentFolder = -100;
    private const int AtEmptyPath = 0x1000;
    private const uint BasicFields = 0x7ff;
    private const int ReadWriteCreate = 0x2 | 0x40;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int OwnerReadWrite = 0x180;
    private const int LockExclusiveNow = 2 | 4;
    private const int ReadAndWrite = 1 | 2;
    private const int Shared = 1;
    private const int PrivateAnonymous = 0x2 | 0x20;
    private const long Tmpfs = 0x01021994;
    private const long Ramfs = 0x858458f6;

    // Open flags are the processor's own: arm has this one where others have O_DIRECT.
    private static int NoFollow => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    /// <summary>Opens a file for reading and writing, made with mode 0600 where it is not there; follows no link and waits for nothing.</summary>
    /// <returns>Null, and errno, where it cannot.</returns>
    public static SafeFileHandle? TryOpen(string path, out int error)
    {
        int descriptor;
        do
        {
            descriptor = Open(path, ReadWriteCreate | NonBlocking | CloseOnExec | NoFollow, OwnerReadWrite);
            error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == Interrupted);
        return descriptor < 0 ? null : new(descriptor, ownsHandle: true);
    }

    /// <summary>What is at a path, links not followed; false where nothing is, or it may not be seen.</summary>
    public static bool TryLook(string path, out FileFacts facts)
    {
        fixed (FileFacts* to = &facts) return Statx(CurrentFolder, path, OfTheLinkItself, BasicFields, to) == 0;
    }

    /// <summary>What an open file is.</summary>
    public static bool TryLook(SafeFileHandle file, out FileFacts facts)
    {
        fixed (FileFacts* to = &facts) return Statx(Number(file), "", AtEmptyPath, BasicFields, to) == 0;
    }

    /// <summary>Takes the file's advisory lock, which goes with the process however it ends.</summary>
    /// <returns>0, or errno.</returns>
    public static int TryLock(SafeFileHandle file) => Flock(Number(file), LockExclusiveNow) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Gives a file all its memory now, so that a full file system is an error here and no SIGBUS later.</summary>
    /// <returns>0, or errno.</returns>
    public static int TryAllocate(SafeFileHandle file, long bytes)
    {
        int error;
        do error = PosixFallocate(Number(file), 0, bytes);
        while (error == Interrupted);
        return error;
    }

    /// <summary>Whether a file lies in memory and costs no flash.</summary>
    public static bool IsInMemory(SafeFileHandle file)
    {
        // struct statfs begins with f_type, a long, on every 64-bit processor; the rest is not looked at.
        long* facts = stackalloc long[64];
        return StatFs(Number(file), facts) == 0 && facts[0] is Tmpfs or Ramfs;
    }

    /// <summary>Maps a file, shared.</summary>
    /// <returns>Null, and errno, where it cannot.</returns>
    public static byte* TryMap(SafeFileHandle file, long bytes, out int error) => Mapped(Shared, Number(file), bytes, out error);

    /// <summary>Memory of this process alone, zeros, that costs nothing until it is touched.</summary>
    public static byte* TryMapPrivate(long bytes, out int error) => Mapped(PrivateAnonymous, -1, bytes, out error);

    /// <summary>Gives a mapping up.</summary>
    public static void Unmap(byte* memory, long bytes) => _ = Munmap((nint)memory, (nuint)bytes);

    /// <summary>The user this process acts as.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    private static int Number(SafeFileHandle file) => file.DangerousGetHandle().ToInt32();

    private static byte* Mapped(int flags, int descriptor, long bytes, out int error)
    {
        nint at = Mmap(0, (nuint)bytes, ReadAndWrite, flags, descriptor, 0);
        error = at == -1 ? Marshal.GetLastPInvokeError() : 0;
        return at == -1 ? null : (byte*)at;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, FileFacts* facts);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(int descriptor, int operation);

    [LibraryImport("libc", EntryPoint = "posix_fallocate")]
    private static partial int PosixFallocate(int descriptor, long offset, long bytes);

    [LibraryImport("libc", EntryPoint = "fstatfs", SetLastError = true)]
    private static partial int StatFs(int descriptor, long* facts);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Mmap(nint address, nuint bytes, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Munmap(nint address, nuint bytes);
}

/// <summary>struct statx, of which what tells a file's kind and owner is named.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileFacts
{
    [FieldOffset(16)]
    public uint Links;

    [FieldOffset(20)]
    public uint User;

    [FieldOffset(28)]
    public ushort Mode;

    [FieldOffset(32)]
    public ulong Inode;

    [FieldOffset(40)]
    public ulong Bytes;

    /// <summary>Its kind, in words.</summary>
    public readonly string Kind => (Mode & 0xF000) switch
    {
        0x1000 => "a pipe",
        0x2000 or 0x6000 => "a device",
        0x4000 => "a folder",
        0x8000 => "a file",
        0xA000 => "a symbolic link",
        0xC000 => "a socket",
        _ => "something unknown",
    };

    /// <summary>Whether it is a plain file.</summary>
    public readonly bool IsFile => (Mode & 0xF000) == 0x8000;
}

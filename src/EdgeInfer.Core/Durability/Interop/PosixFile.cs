using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Durability.Interop;

/// <summary>Files opened without following a link, locked, given their room beforehand, and given second names: none of which .NET does.</summary>
internal static partial class PosixFile
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int InputOutput = 5;
    public const int WouldBlock = 11;
    public const int CrossDevice = 18;
    public const int NoSpace = 28;
    public const int TooManyLinks = 31;
    public const int NotImplemented = 38;
    public const int NoData = 61;
    public const int BadMessage = 74;
    public const int NotSupported = 95;
    public const int NeedsCleaning = 117;
    public const int RemoteInputOutput = 121;
    public const int Quota = 122;

    private const int Interrupted = 4;
    private const int TooManyOpenInSystem = 23;
    private const int TooManyOpen = 24;
    private const int ReadOnly = 30;
    private const int ReadWriteCreate = 0x2 | 0x40;
    private const int Exclusive = 0x80;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int OwnerReadWrite = 0x180;
    private const int LockExclusiveNow = 2 | 4;
    private const int KeepSize = 1;

    // Open flags are the processor's own: arm has this one where others have O_DIRECT.
    private static int NoFollow => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    /// <summary>Opens a file for reading; follows no link and waits for nothing.</summary>
    /// <returns>Null where there is none.</returns>
    /// <exception cref="IOException">It is a link, or the kernel refused; the message names the errno.</exception>
    public static SafeFileHandle? OpenRead(string path)
    {
        int descriptor = Opened(path, NonBlocking | CloseOnExec | NoFollow);
        if (descriptor >= 0) return new(descriptor, ownsHandle: true);
        return Marshal.GetLastPInvokeError() == NoEntry ? null : throw Failed("open", path);
    }

    /// <summary>Opens a file for reading and writing, made with mode 0600 where it is not there; follows no link and waits for nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isNew">Whether one that is there already is an error.</param>
    /// <exception cref="IOException">It is a link, or the kernel refused; the message names the errno.</exception>
    public static SafeFileHandle OpenWrite(string path, bool isNew = false)
    {
        int descriptor = Opened(path, ReadWriteCreate | (isNew ? Exclusive : 0) | NonBlocking | CloseOnExec | NoFollow);
        return descriptor >= 0 ? new(descriptor, ownsHandle: true) : throw Failed("open", path);
    }

    /// <summary>Takes a file's advisory lock, which goes with the process however it ends.</summary>
    /// <returns>0, or errno.</returns>
    public static int TryLock(SafeFileHandle file)
    {
        int error = Flock(file.DangerousGetHandle().ToInt32(), LockExclusiveNow) == 0 ? 0 : Marshal.GetLastPInvokeError();
        GC.KeepAlive(file);
        return error;
    }

    /// <summary>Gives a file room for its first bytes without changing its length, so that a full disk is an error here and none while it is written.</summary>
    /// <returns>0, or errno.</returns>
    public static int TryReserve(SafeFileHandle file, long bytes)
    {
        int error;
        do error = Fallocate(file.DangerousGetHandle().ToInt32(), KeepSize, 0, bytes) == 0 ? 0 : Marshal.GetLastPInvokeError();
        while (error == Interrupted);
        GC.KeepAlive(file);
        return error;
    }

    /// <summary>Gives a file a second name.</summary>
    /// <returns>0, or errno.</returns>
    public static int TryLink(string from, string to) => Link(from, to) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Whether the disk, or the user's share of it, is full.</summary>
    public static bool IsFull(IOException e) => e.HResult is NoSpace or Quota;

    /// <summary>Whether a call failed for the state that a disk or this machine is in, and not for what was asked: the same may succeed later.</summary>
    public static bool IsOfTheDisk(IOException e) => e.HResult is Interrupted or TooManyOpenInSystem or TooManyOpen or NoSpace or ReadOnly or Quota || IsDamage(e);

    /// <summary>Whether the disk cannot give what it once took: its medium or the file system's own structures are damaged there.</summary>
    public static bool IsDamage(IOException e) => e.HResult is InputOutput or NoData or BadMessage or NeedsCleaning or RemoteInputOutput;

    /// <summary>The exception for an errno, which is its HResult as .NET's own have it.</summary>
    public static IOException Failed(string call, string path, int error) => new($"{call} of {path} failed: {Marshal.GetPInvokeErrorMessage(error)}", error);

    private static IOException Failed(string call, string path) => Failed(call, path, Marshal.GetLastPInvokeError());

    private static int Opened(string path, int flags)
    {
        int descriptor;
        do descriptor = Open(path, flags, OwnerReadWrite);
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        return descriptor;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(int descriptor, int operation);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Fallocate(int descriptor, int mode, long offset, long bytes);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);
}

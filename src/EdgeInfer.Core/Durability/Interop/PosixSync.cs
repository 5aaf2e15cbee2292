using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Durability.Interop;

/// <summary>fsync with its errno; .NET's own flush hides EIO, ENOSPC and EDQUOT.</summary>
internal static partial class PosixSync
{
    private const int OpenReadOnly = 0;
    private const int OpenCloseOnExec = 0x80000;

    /// <summary>Makes a file's bytes survive a power cut.</summary>
    /// <exception cref="IOException">The kernel refused; the message names the errno.</exception>
    public static void File(SafeFileHandle file, string path)
    {
        if (Fsync(file.DangerousGetHandle().ToInt32()) != 0) throw Failed("fsync", path);
        GC.KeepAlive(file);
    }

    /// <summary>Makes names in a folder (created, renamed, removed) survive a power cut.</summary>
    /// <exception cref="IOException">The kernel refused; the message names the errno.</exception>
    public static void Folder(string path)
    {
        // O_DIRECTORY differs between architectures; opening a folder for reading needs no flag.
        int descriptor = Open(path, OpenReadOnly | OpenCloseOnExec);
        if (descriptor < 0) throw Failed("open", path);
        bool isSynced = Fsync(descriptor) == 0;
        IOException? failure = isSynced ? null : Failed("fsync", path);
        _ = Close(descriptor);
        if (failure is not null) throw failure;
    }

    private static IOException Failed(string call, string path)
        => new($"{call} of {path} failed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}

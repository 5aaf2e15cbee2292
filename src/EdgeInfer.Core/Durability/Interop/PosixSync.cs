using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Durability.Interop;

/// <summary>Writes and fsync with their errno; .NET's own flush hides EIO, ENOSPC and EDQUOT.</summary>
internal static unsafe partial class PosixSync
{
    private const int OpenReadOnly = 0;
    private const int OpenCloseOnExec = 0x80000;
    private const int Interrupted = 4;

    /// <summary>Writes all bytes at a place of a file, however little the kernel takes at a time.</summary>
    /// <exception cref="IOException">The kernel refused, some bytes may be there; the message names the errno.</exception>
    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset, string path)
    {
        int descriptor = file.DangerousGetHandle().ToInt32();
        fixed (byte* first = bytes)
        {
            int done = 0;
            while (done < bytes.Length)
            {
                nint written = WriteAt(descriptor, first + done, (nuint)(bytes.Length - done), offset + done);
                if (written < 0 && Marshal.GetLastPInvokeError() == Interrupted) continue;
                if (written < 0) throw Failed("write", path);
                // Nothing and no error is not possible for a file; it must not be tried for ever.
                if (written == 0) throw new IOException($"write of {path} failed: nothing was taken");
                done += (int)written;
            }
        }

        GC.KeepAlive(file);
    }

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

    // errno as HResult, as .NET's own do.
    private static IOException Failed(string call, string path)
        => new($"{call} of {path} failed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}", Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint WriteAt(int descriptor, byte* bytes, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}

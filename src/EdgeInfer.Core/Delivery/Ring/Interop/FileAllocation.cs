using System.Runtime.InteropServices;

namespace EdgeInfer.Delivery.Ring.Interop;

/// <summary>posix_fallocate.</summary>
internal static partial class FileAllocation
{
    /// <summary>Makes sure that a file's first bytes have room on the file system.</summary>
    /// <exception cref="IOException">They have not; the message names the errno.</exception>
    public static void Reserve(FileStream file, long bytes)
    {
        int error = PosixFallocate(file.SafeFileHandle.DangerousGetHandle().ToInt32(), 0, bytes);
        GC.KeepAlive(file);
        if (error != 0) throw new IOException($"{bytes / 1024} KiB cannot be reserved: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", EntryPoint = "posix_fallocate")]
    private static partial int PosixFallocate(int descriptor, long offset, long bytes);
}

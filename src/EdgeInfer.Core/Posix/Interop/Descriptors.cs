using System.Runtime.InteropServices;

namespace EdgeInfer.Posix.Interop;

/// <summary><c>fcntl.h</c>: descriptors by their number.</summary>
internal static partial class Descriptors
{
    /// <summary>Standard error.</summary>
    public const int Errors = 2;

    private const int GetFlags = 1;
    private const int ReadOnly = 0;
    private const int WriteOnly = 1;

    /// <summary>Whether a descriptor is open.</summary>
    public static bool IsOpen(int descriptor) => Control(descriptor, GetFlags, 0) >= 0;

    /// <summary>Opens /dev/null at the lowest free descriptor; nothing where there is no such device.</summary>
    /// <param name="forWriting">Whether only writing works, else only reading.</param>
    public static void OpenNothing(bool forWriting) => _ = Open("/dev/null", forWriting ? WriteOnly : ReadOnly);

    /// <summary>fcntl(2).</summary>
    [LibraryImport("libc", EntryPoint = "fcntl")]
    internal static partial int Control(int descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}

using System.Runtime.InteropServices;

namespace EdgeInfer.Diagnosis.Interop;

/// <summary>The C library's version (gnu/libc-version.h).</summary>
internal static partial class LibraryVersion
{
    /// <summary>Such as <c>2.36</c>; null where the C library is not glibc.</summary>
    public static string? Read()
    {
        try
        {
            return Marshal.PtrToStringUTF8(Version());
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "gnu_get_libc_version")]
    private static partial nint Version();
}

using System.Runtime.InteropServices;

namespace EdgeInfer.Durability.Interop;

/// <summary>rename with its errno, and renameat2, for the exchange that .NET does not have.</summary>
internal static partial class PosixRename
{
    private const int CurrentFolder = -100;
    private const uint Exchange = 2;
    private const int NotSupported = 22;
    private const int NotImplemented = 38;

    /// <summary>Swaps two existing names in one step.</summary>
    /// <returns>False where the file system cannot do that; nothing has changed then.</returns>
    /// <exception cref="IOException">The kernel refused for another reason; the message names the errno.</exception>
    public static bool TryExchange(string first, string second)
    {
        if (RenameAt2(CurrentFolder, first, CurrentFolder, second, Exchange) == 0) return true;
        int error = Marshal.GetLastPInvokeError();
        if (error is NotSupported or NotImplemented) return false;
        throw new IOException($"exchange of {first} and {second} failed: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    /// <summary>Gives whatever has one name another, in the place of a file that has it.</summary>
    /// <exception cref="IOException">The kernel refused, and nothing has changed; the message names the errno.</exception>
    public static void Rename(string from, string to)
    {
        if (RenameFile(from, to) == 0) return;
        int error = Marshal.GetLastPInvokeError();
        throw new IOException($"rename of {from} to {to} failed: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameFile(string from, string to);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int fromFolder, string from, int toFolder, string to, uint flags);
}

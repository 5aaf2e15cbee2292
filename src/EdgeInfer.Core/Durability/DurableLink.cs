using EdgeInfer.Durability.Interop;

namespace EdgeInfer.Durability;

/// <summary>Second names of files.</summary>
internal static class DurableLink
{
    /// <summary>Gives a file a second name. Whoever made the folder syncs it, and the file, whose count of names has changed.</summary>
    /// <param name="from">The file; a link is not followed.</param>
    /// <param name="to">Its second name, on the same file system.</param>
    /// <returns>False where the file system, or its limit of names per file, does not allow it; nothing has changed then.</returns>
    /// <exception cref="IOException">The kernel refused for another reason; the message names the errno.</exception>
    public static bool TryMake(string from, string to) => PosixFile.TryLink(from, to) switch
    {
        0 => true,
        PosixFile.NotPermitted or PosixFile.CrossDevice or PosixFile.TooManyLinks or PosixFile.NotSupported or PosixFile.NotImplemented => false,
        int error => throw PosixFile.Failed($"link to {from}", to, error),
    };
}

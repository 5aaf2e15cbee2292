using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Posix;

/// <summary>What a path leads to, asked before it is opened: opening a pipe waits for whoever writes into it, and opening a device may do anything.</summary>
internal static class FileKind
{
    private const int TypeMask = 0xF000;
    private const int Plain = 0x8000;

    /// <summary>What a path leads to where that is something other than a plain file.</summary>
    /// <param name="path">The path.</param>
    /// <param name="followsLinks">Whether a link counts as what it leads to.</param>
    /// <returns>Such as <c>a pipe</c>; null for a plain file, and where nothing is there or it may not be seen.</returns>
    public static string? OtherThanFile(string path, bool followsLinks = true)
    {
        FileStatus.Facts facts = default;
        if (FileStatus.Ask(FileStatus.AtCurrentDirectory, path, followsLinks ? 0 : FileStatus.OfTheLinkItself, FileStatus.Basic, ref facts) < 0) return null;
        return (facts.Mode & TypeMask) switch
        {
            Plain => null,
            0x1000 => "a pipe",
            0x2000 or 0x6000 => "a device",
            0x4000 => "a folder",
            0xA000 => "a link",
            0xC000 => "a socket",
            _ => "no file",
        };
    }
}

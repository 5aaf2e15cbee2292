using System.Runtime.InteropServices;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Posix;

/// <summary>
/// Tells one state of a file from another without reading it: inode, size and both times, which are compared with themselves alone, never
/// with a clock. The time of change is among them because a copy may keep the time of modification, and because it moves when a right does.
/// </summary>
/// <param name="Inode">Another one after a file was moved into its place, or a link was bent.</param>
/// <param name="Bytes">Size.</param>
/// <param name="Modified">Of the content, in nanoseconds.</param>
/// <param name="Changed">Of content, owner or rights, in nanoseconds.</param>
/// <param name="Error">0, or why nothing is known: errno.</param>
internal readonly record struct FileStamp(ulong Inode, ulong Bytes, long Modified, long Changed, int Error)
{
    // Beyond the year 2262 it wraps around, which tells states apart as well.
    private const long Second = 1_000_000_000;

    /// <summary>The state of a file now, links followed; a missing file has one too.</summary>
    public static FileStamp Of(string path)
    {
        FileStatus.Facts facts = default;
        return FileStatus.Ask(FileStatus.AtCurrentDirectory, path, 0, FileStatus.Basic, ref facts) < 0
            ? new(0, 0, 0, 0, Marshal.GetLastPInvokeError())
            : new(facts.Inode, facts.Bytes, facts.ModifiedSeconds * Second + facts.ModifiedNanoseconds, facts.ChangedSeconds * Second + facts.ChangedNanoseconds, 0);
    }
}

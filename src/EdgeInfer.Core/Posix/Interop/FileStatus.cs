using System.Runtime.InteropServices;

namespace EdgeInfer.Posix.Interop;

/// <summary><c>statx</c>: the same structure on every processor, unlike <c>stat</c>.</summary>
internal static partial class FileStatus
{
    /// <summary>Paths are relative to the working directory.</summary>
    public const int AtCurrentDirectory = -100;

    /// <summary>AT_SYMLINK_NOFOLLOW: asks about a link itself.</summary>
    public const int OfTheLinkItself = 0x100;

    /// <summary>STATX_BASIC_STATS.</summary>
    public const uint Basic = 0x7ff;

    /// <summary>What the file system knows of a path, links followed unless the flags say otherwise.</summary>
    /// <returns>0, or −1 and errno.</returns>
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Ask(int folder, string path, int flags, uint mask, ref Facts facts);

    /// <summary>struct statx: 256 bytes, of which those that tell one state of a file from another are named.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct Facts
    {
        [FieldOffset(16)] public uint Links;
        [FieldOffset(20)] public uint User;
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Bytes;
        [FieldOffset(48)] public ulong Blocks;
        [FieldOffset(96)] public long ChangedSeconds;
        [FieldOffset(104)] public uint ChangedNanoseconds;
        [FieldOffset(112)] public long ModifiedSeconds;
        [FieldOffset(120)] public uint ModifiedNanoseconds;
    }
}

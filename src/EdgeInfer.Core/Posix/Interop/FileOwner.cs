using System.Runtime.InteropServices;

namespace EdgeInfer.Posix.Interop;

/// <summary>Who a file belongs to and what it is, and giving it to a group; .NET does neither.</summary>
internal static unsafe partial class FileOwner
{
    private const int CurrentFolder = -100;
    private const uint BasicFields = 0x7ff;
    private const int TypeMask = 0xF000;
    private const int TypeSocket = 0xC000;
    private const int WriteAndSearch = 2 | 1;
    private const uint KeepUser = uint.MaxValue;

    /// <summary>The user this process acts as.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    /// <summary>The group of a file or folder; null where it is not there or may not be seen.</summary>
    public static uint? GroupOf(string path) => Read(path, out Facts facts) ? facts.Group : null;

    /// <summary>Whether something is at a path, and whether it is a socket.</summary>
    public static (bool Exists, bool IsSocket) KindOf(string path)
        => Read(path, out Facts facts) ? (true, (facts.Mode & TypeMask) == TypeSocket) : (false, false);

    /// <summary>Gives a file or folder to a group; false where the kernel refuses.</summary>
    public static bool TryGiveToGroup(string path, uint group) => ChangeOwner(path, KeepUser, group) == 0;

    /// <summary>Whether this process may make files in a folder.</summary>
    public static bool MayWriteFolder(string path) => AccessAt(CurrentFolder, path, WriteAndSearch, 0) == 0;

    private static bool Read(string path, out Facts facts)
    {
        fixed (Facts* to = &facts) return Statx(CurrentFolder, path, 0, BasicFields, to) == 0;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, Facts* facts);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AccessAt(int folder, string path, int mode, int flags);

    // The head of struct statx, which is the same on every architecture.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Facts
    {
        [FieldOffset(20)]
        public uint User;

        [FieldOffset(24)]
        public uint Group;

        [FieldOffset(28)]
        public ushort Mode;
    }
}

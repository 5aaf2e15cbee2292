using System.Globalization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>Room on the disk.</summary>
internal static class FreeSpace
{
    /// <summary>Bytes that this user may still write where a file is to lie.</summary>
    public static long At(string file) => new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(file))!).AvailableFreeSpace;

    /// <summary>The fault that names both numbers.</summary>
    public static FaultException Lacking(string file, long needed, long free, Exception? cause) => FaultException.Of(
        FaultKind.InputOutput, Path.GetDirectoryName(Path.GetFullPath(file))!,
        string.Create(CultureInfo.InvariantCulture, $"the disk is full: {needed} more bytes are needed and {free} are free"),
        "make room and pull again (what has come so far is kept), or name a folder on another disk with --models-dir", cause);
}

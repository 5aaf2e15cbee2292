using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability.Interop;

namespace EdgeInfer.Slots;

/// <summary>What the operating system refused, in the store's words.</summary>
internal static class StoreFaults
{
    /// <summary>Does something with the disk.</summary>
    /// <exception cref="UpdateException">The disk, or the user's share of it, is full.</exception>
    /// <exception cref="FaultException">The disk refused for another reason.</exception>
    public static T Guard<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (IOException e) when (PosixFile.IsFull(e))
        {
            throw Full(path, 1, Free(path), e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw FaultException.Of(FaultKind.InputOutput, path, "this user may not change it", "give the state folder and all in it to the service's user (chown -R)", e);
        }
        catch (IOException e)
        {
            throw FaultException.Of(FaultKind.InputOutput, path, $"the store of models cannot be read or written: {e.Message}", "check the disk", e);
        }
    }

    /// <summary>As the other, for what gives nothing back.</summary>
    public static void Guard(string path, Action work) => Guard(path, () =>
    {
        work();
        return true;
    });

    /// <summary>Whether what <see cref="Guard{T}"/> threw is a disk that refuses: what is on it may still be read.</summary>
    public static bool IsOfTheDisk(FaultException e) => e.InnerException is IOException inner && PosixFile.IsOfTheDisk(inner);

    /// <summary>Whether what <see cref="Guard{T}"/> threw is damage of the disk at that place, and not a lack of something.</summary>
    public static bool IsDamage(FaultException e) => e.InnerException is IOException inner && PosixFile.IsDamage(inner);

    /// <summary>The fault that names both numbers.</summary>
    public static UpdateException Full(string path, long needed, long? free, Exception? cause = null) => UpdateException.Of(
        UpdateCode.Space, path,
        string.Create(CultureInfo.InvariantCulture, $"the disk is full: {needed} more bytes are needed and {(free is { } bytes ? $"{bytes}" : "none")} are free"),
        "make room; an update is tried again by itself", cause);

    /// <summary>Bytes that this user may still write where a file or folder is to lie; null where nobody knows.</summary>
    public static long? Free(string path)
    {
        try
        {
            string? folder = path;
            while (folder is not null && !Directory.Exists(folder)) folder = Path.GetDirectoryName(folder);
            return folder is null ? null : new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

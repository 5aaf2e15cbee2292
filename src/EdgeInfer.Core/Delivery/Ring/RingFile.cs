using System.Runtime.InteropServices;
using EdgeInfer.Delivery.Ring.Interop;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability.Interop;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Delivery.Ring;

/// <summary>The ring's file, locked, with all its memory, and in its first bytes a ring or nothing.</summary>
/// <param name="path">Where it is.</param>
/// <param name="file">Locked.</param>
/// <param name="warning">What an operator should know.</param>
internal sealed class RingFile(string path, SafeFileHandle file, Fault? warning)
{
    private const string Cure = "set runtime.run_folder to a folder on tmpfs that this user may write";

    /// <summary>Each try sets one thing aside; more than a few means that somebody puts them there.</summary>
    private const int MostTries = 4;

    /// <summary>Holds the lock until it is closed.</summary>
    public SafeFileHandle File { get; } = file;

    /// <summary>What an operator should know.</summary>
    public Fault? Warning { get; } = warning;

    /// <summary>Opens a file, or begins one; sets aside what is there and no ring.</summary>
    /// <exception cref="FaultException">It cannot.</exception>
    public static RingFile Open(string path, long boot, int fileBytes)
    {
        string? why = null;
        for (int i = 0; i < MostTries; i++)
        {
            if (RingFileCalls.TryLook(path, out FileFacts there) && WhyNot(there) is { } other)
            {
                SetAside(path, boot, why = other);
                continue;
            }

            SafeFileHandle? file = RingFileCalls.TryOpen(path, out int error);
            if (file is null)
            {
                // Something else came between the look and the opening.
                if (error is RingFileCalls.TooManyLinks or RingFileCalls.IsDirectory or RingFileCalls.NoDeviceOrAddress) continue;
                throw Failed(path, "open", error);
            }

            try
            {
                if (!TryTake(path, file, fileBytes, out string? refused))
                {
                    if (refused is not null) SetAside(path, boot, why = refused);
                    file.Dispose();
                    continue;
                }

                return new(path, file, WarningOf(path, why, RingFileCalls.IsInMemory(file)));
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }

        throw FaultException.Of(FaultKind.InputOutput, path, $"{why ?? "something else"} is there again after it was set aside", "see who writes to this folder");
    }

    /// <summary>Maps it.</summary>
    /// <exception cref="FaultException">It cannot; the file is closed.</exception>
    public unsafe byte* Map(int fileBytes)
    {
        byte* memory = RingFileCalls.TryMap(File, fileBytes, out int error);
        if (memory != null) return memory;
        File.Dispose();
        throw Failed(path, "mmap", error);
    }

    /// <summary>Locks a file and gives it its memory.</summary>
    /// <returns>False where it is to be set aside (<paramref name="refused"/>), or the name means another file by now.</returns>
    private static bool TryTake(string path, SafeFileHandle file, int fileBytes, out string? refused)
    {
        refused = null;
        if (!RingFileCalls.TryLook(file, out FileFacts facts)) throw Failed(path, "statx", Marshal.GetLastPInvokeError());
        refused = WhyNot(facts);
        if (refused is not null) return false;
        int error = RingFileCalls.TryLock(file);
        if (error == RingFileCalls.WouldBlock)
            throw FaultException.Of(FaultKind.Unavailable, path, "another agent with this state folder is running", "stop that one, or give each agent a runtime.state_folder of its own");
        if (error != 0) throw Failed(path, "flock", error);

        // Whoever held the lock until now may have set the file aside.
        if (!RingFileCalls.TryLook(path, out FileFacts named) || named.Inode != facts.Inode || !RingFileCalls.TryLook(file, out facts)) return false;
        if (facts.Bytes != 0)
        {
            refused = facts.Bytes == (ulong)fileBytes ? ForeignContent(file, fileBytes) : $"a file of {facts.Bytes} bytes instead of {fileBytes}";
            if (refused is not null) return false;
        }

        System.IO.File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        error = RingFileCalls.TryAllocate(file, fileBytes);
        if (error == 0) return true;

        // What there is of a new file would be in the way of the next start, and of whoever needs the room.
        if (facts.Bytes == 0) System.IO.File.Delete(path);
        throw Failed(path, "posix_fallocate", error);
    }

    private static string? ForeignContent(SafeFileHandle file, int fileBytes)
    {
        byte[] headers = new byte[RingLayout.HeaderBytes];
        int read = 0;
        while (read < headers.Length && RandomAccess.Read(file, headers.AsSpan(read), read) is var more and > 0) read += more;
        if (!headers.AsSpan().ContainsAnyExcept((byte)0)) return null;
        return RingLayout.TryReadHeader(headers, fileBytes, out _) || RingLayout.TryReadHeader(headers.AsSpan(RingLayout.SecondHeader), fileBytes, out _)
            ? null
            : "a file of another layout, or a damaged one,";
    }

    private static string? WhyNot(in FileFacts facts)
    {
        if (!facts.IsFile) return facts.Kind;
        if (facts.User != RingFileCalls.EffectiveUser()) return $"a file of user {facts.User}";
        return facts.Links > 1 ? "a file with a second name" : null;
    }

    private static void SetAside(string path, long boot, string what)
    {
        try
        {
            try
            {
                PosixRename.Rename(path, path + ".set-aside");
            }
            catch (IOException)
            {
                // A folder cannot take a file's place.
                PosixRename.Rename(path, $"{path}.set-aside-{boot}");
            }
        }
        catch (IOException e)
        {
            throw FaultException.Of(FaultKind.InputOutput, path, $"{what} is there and cannot be set aside: {e.Message}", "remove it", e);
        }
    }

    private static Fault? WarningOf(string path, string? setAside, bool isInMemory)
    {
        if (setAside is not null) return new(FaultKind.InputOutput, path, $"{setAside} was there instead of the outbox's ring, and was set aside as {path}.set-aside", "");
        return isInMemory ? null : new(FaultKind.Configuration, path, "the outbox's ring is not on tmpfs: every message wears the flash", Cure);
    }

    private static FaultException Failed(string path, string call, int error) => FaultException.Of(
        FaultKind.InputOutput, path, $"there can be no ring that outlives the agent: {call} failed: {Marshal.GetPInvokeErrorMessage(error)}", Cure);
}

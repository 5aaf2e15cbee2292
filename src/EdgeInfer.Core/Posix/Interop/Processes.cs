using System.Globalization;
using System.Runtime.InteropServices;

namespace EdgeInfer.Posix.Interop;

/// <summary><c>sys/wait.h</c>, <c>signal.h</c>, <c>sys/prctl.h</c> and what of <c>unistd.h</c> turns one program into another.</summary>
internal static unsafe partial class Processes
{
    internal const int SignalKill = 9;
    internal const int SignalBrokenPipe = 13;

    private const int ById = 1;
    private const int NoHang = 1;
    private const int Exited = 4;
    private const int NoReap = 0x1000000;
    private const int ExecuteAccess = 1;
    private const int SetParentDeathSignal = 1;
    private const int SetMask = 2;
    private const int LowPriority = 10;
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;

    /// <summary>Whether a child has ended; it stays to be reaped.</summary>
    /// <returns>True as well where it is not ours to wait for any more.</returns>
    internal static bool HasEnded(int id)
    {
        // siginfo_t: 128 bytes, the process id at 16 on 64-bit processors, 0 where nothing has ended.
        int* information = stackalloc int[32];
        new Span<int>(information, 32).Clear();
        int result = WaitId(ById, (uint)id, information, NoHang | Exited | NoReap);
        if (result == 0) return information[4] != 0;
        return Marshal.GetLastPInvokeError() == PosixError.NoChild;
    }

    /// <summary>Waits for a child's end and takes its status.</summary>
    /// <returns>The status as <c>waitpid</c> gives it; null where somebody else took it.</returns>
    internal static int? Reap(int id)
    {
        int status;
        while (WaitPid(id, &status, 0) < 0)
            if (Marshal.GetLastPInvokeError() != PosixError.Interrupted) return null;
        return status;
    }

    /// <summary>Sends a signal to a process group; one that has no members left is no error.</summary>
    internal static void SignalGroup(int group, int signal) => _ = Kill(-group, signal);

    /// <summary>Ends the process at once, without what libraries and the runtime have to do at its end.</summary>
    internal static void EndNow(int code) => Exit(code);

    /// <summary>Whether this process may run a file.</summary>
    internal static bool CanExecute(string path) => Access(path, ExecuteAccess) == 0;

    /// <summary>A process gives way to others: it gets the processor last and, where memory runs out, is the first to go.</summary>
    internal static void MakeModest(int id)
    {
        _ = SetPriority(0, (uint)id, LowPriority);
        LowerThreads(id);
        LetDieFirst(id);
    }

    // Each thread has a priority of its own: the runtime's may be there before anybody could lower the first one's, whose they take over.
    private static void LowerThreads(int id)
    {
        try
        {
            foreach (string thread in Directory.EnumerateDirectories($"/proc/{id}/task"))
                if (uint.TryParse(Path.GetFileName(thread), out uint one)) _ = SetPriority(0, one, LowPriority);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended.
        }
    }

    /// <summary>Where memory runs out, a process is the first to go.</summary>
    internal static void LetDieFirst(int id)
    {
        try
        {
#pragma warning disable RS0030 // The kernel's file, nothing to keep.
            File.WriteAllText($"/proc/{id}/oom_score_adj", "1000");
#pragma warning restore RS0030
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Ended already, or a kernel without.
        }
    }

    /// <summary>Every descriptor but the first three is closed when this process becomes another program.</summary>
    internal static void CloseAllOnBecoming()
    {
        foreach (string name in Directory.EnumerateFileSystemEntries("/proc/self/fd").ToArray())
        {
            if (int.TryParse(Path.GetFileName(name), NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor) && descriptor > 2)
                _ = Descriptors.Control(descriptor, SetDescriptorFlags, CloseOnExec);
        }
    }

    /// <summary>This process is killed when the thread that started it ends.</summary>
    internal static void DieWithParent() => _ = Control(SetParentDeathSignal, SignalKill, 0, 0, 0);

    /// <summary>The process that started this one; another once that has ended.</summary>
    [LibraryImport("libc", EntryPoint = "getppid")]
    internal static partial int ParentId();

    /// <summary>Becomes another program, with no signal blocked or ignored.</summary>
    /// <returns>Only where that failed: the error.</returns>
    internal static int Become(string path, NativeStrings arguments)
    {
        _ = SetDisposition(SignalBrokenPipe, 0);
        ulong* none = stackalloc ulong[16];
        new Span<ulong>(none, 16).Clear();
        _ = SetSignalMask(SetMask, none, null);
        _ = Execute(path, arguments.Pointer);
        return Marshal.GetLastPInvokeError();
    }

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int kind, uint id, void* information, int options);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitPid(int id, int* status, int options);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int id, int signal);

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int priority);

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int operation, nuint first, nuint second, nuint third, nuint fourth);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetDisposition(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "sigprocmask")]
    private static partial int SetSignalMask(int how, void* signals, void* before);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, byte** arguments);
}

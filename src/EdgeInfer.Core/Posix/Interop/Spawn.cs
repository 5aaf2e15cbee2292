using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Posix.Interop;

/// <summary><c>spawn.h</c>.</summary>
internal static unsafe partial class Spawn
{
    // What the C libraries declare is 336 and 80 bytes; both are only ever handled by pointer.
    private const int OpaqueBytes = 1024;
    private const int SignalSetBytes = 128;

    private const short SetProcessGroup = 0x02;
    private const short SetSignalDefaults = 0x04;
    private const short SetSignalMask = 0x08;

    /// <summary>
    /// Starts a program in a process group of its own, with no open file but its three, no signal blocked and none ignored: .NET ignores
    /// SIGPIPE, and a shell pipeline whose reader has gone would then never end.
    /// </summary>
    /// <param name="path">The program.</param>
    /// <param name="arguments">Its arguments, its own name first.</param>
    /// <param name="environment">Its environment, <c>NAME=value</c>.</param>
    /// <param name="input">Its standard input; null for none, which reads as empty.</param>
    /// <param name="output">Its standard output.</param>
    /// <param name="errors">Its standard error.</param>
    /// <returns>The process id and 0, or the error.</returns>
    internal static (int Id, int Error) Start(
        string path, NativeStrings arguments, NativeStrings environment, SafeFileHandle? input, SafeFileHandle output, SafeFileHandle errors)
    {
        byte* memory = (byte*)NativeMemory.AllocZeroed(2 * OpaqueBytes);
        byte* actions = memory;
        byte* attributes = memory + OpaqueBytes;
        try
        {
            int error = ActionsInit(actions);
            if (error != 0) return (0, error);
            bool isInitialised = false;
            try
            {
                error = AttributesInit(attributes);
                isInitialised = error == 0;
                if (error == 0) error = Direct(actions, input, output, errors);
                if (error == 0) error = Isolate(attributes);
                int id = 0;
                if (error == 0) error = Start(&id, path, actions, attributes, arguments.Pointer, environment.Pointer);
                return error == 0 ? (id, 0) : (0, error);
            }
            finally
            {
                if (isInitialised) _ = AttributesDestroy(attributes);
                _ = ActionsDestroy(actions);
            }
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }

    private static int Direct(byte* actions, SafeFileHandle? input, SafeFileHandle output, SafeFileHandle errors)
    {
        int error = input is null ? AddOpen(actions, 0, "/dev/null", 0, 0) : AddDuplicate(actions, input, 0);
        if (error == 0) error = AddDuplicate(actions, output, 1);
        if (error == 0) error = AddDuplicate(actions, errors, 2);

        // .NET opens everything close-on-exec, but whoever started this process, or a native library, may not have.
        foreach (string open in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
            if (error == 0 && int.TryParse(Path.GetFileName(open.AsSpan()), CultureInfo.InvariantCulture, out int descriptor) && descriptor > 2) error = AddClose(actions, descriptor);
        return error;
    }

    private static int Isolate(byte* attributes)
    {
        byte* signals = stackalloc byte[SignalSetBytes];
        new Span<byte>(signals, SignalSetBytes).Clear();
        int error = SetMask(attributes, signals);

        // Signals 1 to 64; the C library passes over those that cannot be changed.
        new Span<byte>(signals, 8).Fill(0xFF);
        if (error == 0) error = SetDefaults(attributes, signals);
        if (error == 0) error = SetGroup(attributes, 0);
        return error == 0 ? SetFlags(attributes, SetProcessGroup | SetSignalDefaults | SetSignalMask) : error;
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Start(int* id, string path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int ActionsInit(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int ActionsDestroy(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDuplicate(void* actions, SafeFileHandle descriptor, int asDescriptor);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddOpen(void* actions, int descriptor, string path, int flags, uint mode);

    // One that is closed already when the child gets there is no error.
    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclose")]
    private static partial int AddClose(void* actions, int descriptor);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int AttributesInit(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int AttributesDestroy(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setpgroup")]
    private static partial int SetGroup(void* attributes, int group);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetMask(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaults(void* attributes, void* signals);
}

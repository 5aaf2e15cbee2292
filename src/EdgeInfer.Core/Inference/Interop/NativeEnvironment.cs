using System.Runtime.InteropServices;

namespace EdgeInfer.Inference.Interop;

/// <summary>The process's own environment and processors, as the C library sees them.</summary>
internal static unsafe partial class NativeEnvironment
{
    private const int AffinityBytes = 1024;

    /// <summary>
    /// Turns ONNX Runtime's telemetry off. It is on by default on Linux since 1.31 (a database, name look-ups and sockets within half a minute), and only
    /// this variable, set before the library is first touched, turns all of it off. The runtime's own SetEnvironmentVariable is invisible to native code.
    /// </summary>
    public static void DisableTelemetry()
    {
        if (SetVariable("ORT_DISABLE_TELEMETRY", "1", 1) != 0)
        {
            throw new InvalidOperationException($"setenv failed with errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Reads a variable as native code sees it; null where it is not set.</summary>
    public static string? Read(string name) => Marshal.PtrToStringUTF8(GetVariable(name));

    /// <summary>The processors this process may run on; 0 where the kernel does not say.</summary>
    public static int CountAffineProcessors()
    {
        byte* mask = stackalloc byte[AffinityBytes];
        new Span<byte>(mask, AffinityBytes).Clear();
        if (GetAffinity(0, AffinityBytes, mask) < 0) return 0;
        int count = 0;
        foreach (ulong word in new ReadOnlySpan<ulong>(mask, AffinityBytes / sizeof(ulong))) count += System.Numerics.BitOperations.PopCount(word);
        return count;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetVariable(string name);

    [LibraryImport("libc", EntryPoint = "sched_getaffinity", SetLastError = true)]
    private static partial int GetAffinity(int pid, nuint size, byte* mask);
}

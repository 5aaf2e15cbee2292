using System.Runtime.InteropServices;
using System.Text;
using EdgeInfer.Configuration;

namespace EdgeInfer.Inference.Interop;

// onnxruntime_c_api.h: struct OrtApiBase
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ApiBase
{
    public delegate* unmanaged<uint, void**> GetApi;
    public delegate* unmanaged<byte*> GetVersionString;
}

/// <summary>
/// Stands between the managed package and a native library that is older than it: hands out tables of the size that the package reads, in which what
/// the library has is its own, so that a call costs what it costs without. What it lacks gives a not-implemented status made by the library itself,
/// which the package throws like any other. As the library, all this lives as long as the process, in native memory; that is what the static state mirrors.
/// </summary>
internal static unsafe class OlderRuntime
{
    private const int NotImplemented = 9;
    private const int FirstRefusal = ServedRuntimes.OldestApi + 1;

    private static ApiBase* s_base;
    private static nint* s_table;
    private static nint* s_compileTable;
    private static nint* s_messages;
    private static delegate* unmanaged<int, byte*, void*> s_createStatus;

    /// <summary>
    /// Whether the managed package's look-up of OrtGetApiBase was bound to this program's by the linker. The host of a development build looks for it in the
    /// library alone. It has a list of assemblies, the published program none; what RuntimeFeature says is a setting, and the same for both.
    /// </summary>
    public static bool IsLinked => AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") is null;

    /// <summary>Makes the tables for a library.</summary>
    /// <param name="library">The library's own.</param>
    /// <param name="version">Its version, for what the refusals say.</param>
    /// <param name="api">Its API version, from 17 to one before the managed package's.</param>
    /// <returns>What takes the place of the library's own; null where it does not serve its own API version.</returns>
    public static ApiBase* Wrap(ApiBase* library, string version, int api)
    {
        nint* older = (nint*)library->GetApi((uint)api);
        if (older is null) return null;
        // OrtApi's first entry.
        s_createStatus = (delegate* unmanaged<int, byte*, void*>)older[0];
        s_messages = Allocate(ServedRuntimes.Api + 1);
        for (int since = FirstRefusal; since <= ServedRuntimes.Api; since++)
            s_messages[since] = (nint)Text($"it needs a function that came with ONNX Runtime 1.{since}, and the library in use is {version}");
        ApiStubs stubs = new(Refusals(), (nint)(delegate* unmanaged<nint>)&Nothing, (nint)(delegate* unmanaged<nint*>)&CompileTable);
        s_compileTable = Allocate(ApiTable.CompileEntries);
        nint* olderCompile = api < ApiTable.FirstCompileApi ? null : ((delegate* unmanaged<nint*>)older[ApiTable.GetCompileApi])();
        ApiTable.FillCompile(new(s_compileTable, ApiTable.CompileEntries), olderCompile, api, stubs);
        s_table = Allocate(ApiTable.Entries);
        ApiTable.Fill(new(s_table, ApiTable.Entries), older, api, stubs);
        s_base = (ApiBase*)NativeMemory.Alloc((nuint)sizeof(ApiBase));
        s_base->GetApi = &Table;
        s_base->GetVersionString = library->GetVersionString;
        return s_base;
    }

    private static nint* Allocate(int entries) => (nint*)NativeMemory.AllocZeroed((nuint)entries, (nuint)sizeof(nint));

    private static byte* Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        byte* copy = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        return copy;
    }

    // A function cannot be told which entry it stands in, so that there is one for each version that brought entries.
    private static nint[] Refusals()
    {
        nint[] refusals = new nint[ServedRuntimes.Api + 1];
        refusals[18] = (nint)(delegate* unmanaged<void*>)&Since18;
        refusals[20] = (nint)(delegate* unmanaged<void*>)&Since20;
        refusals[22] = (nint)(delegate* unmanaged<void*>)&Since22;
        refusals[23] = (nint)(delegate* unmanaged<void*>)&Since23;
        refusals[24] = (nint)(delegate* unmanaged<void*>)&Since24;
        refusals[25] = (nint)(delegate* unmanaged<void*>)&Since25;
        refusals[27] = (nint)(delegate* unmanaged<void*>)&Since27;
        refusals[28] = (nint)(delegate* unmanaged<void*>)&Since28;
        refusals[29] = (nint)(delegate* unmanaged<void*>)&Since29;
        refusals[30] = (nint)(delegate* unmanaged<void*>)&Since30;
        refusals[31] = (nint)(delegate* unmanaged<void*>)&Since31;
        return refusals;
    }

    private static void* Refuse(int since) => s_createStatus(NotImplemented, (byte*)s_messages[since]);

    [UnmanagedCallersOnly]
    private static void** Table(uint version) => version <= ServedRuntimes.Api ? (void**)s_table : null;

    [UnmanagedCallersOnly]
    private static nint* CompileTable() => s_compileTable;

    [UnmanagedCallersOnly]
    private static nint Nothing() => 0;

    [UnmanagedCallersOnly]
    private static void* Since18() => Refuse(18);

    [UnmanagedCallersOnly]
    private static void* Since20() => Refuse(20);

    [UnmanagedCallersOnly]
    private static void* Since22() => Refuse(22);

    [UnmanagedCallersOnly]
    private static void* Since23() => Refuse(23);

    [UnmanagedCallersOnly]
    private static void* Since24() => Refuse(24);

    [UnmanagedCallersOnly]
    private static void* Since25() => Refuse(25);

    [UnmanagedCallersOnly]
    private static void* Since27() => Refuse(27);

    [UnmanagedCallersOnly]
    private static void* Since28() => Refuse(28);

    [UnmanagedCallersOnly]
    private static void* Since29() => Refuse(29);

    [UnmanagedCallersOnly]
    private static void* Since30() => Refuse(30);

    [UnmanagedCallersOnly]
    private static void* Since31() => Refuse(31);
}

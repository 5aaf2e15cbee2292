using System.Runtime.InteropServices;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Libraries;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference.Interop;

/// <summary>
/// The native ONNX Runtime of this process: the one beside the executable or the user's own. A process has one for its whole life, because neither
/// the loader nor the managed package can let go of it; that is what the static state here mirrors.
/// </summary>
internal static unsafe class NativeRuntimeLibrary
{
    /// <summary>The managed package's version.</summary>
    public const string ManagedVersion = ServedRuntimes.Managed;

    private const string ImportName = "onnxruntime";
    private const string EntryPoint = "OrtGetApiBase";
    private const string FileName = "libonnxruntime.so";
    private const string AsBuilt = "name a libonnxruntime.so as its makers built it";
    private const string AsInstalled = "install EdgeInfer again, or set runtime.onnxruntime";
    private const int LongestVersion = 64;

    private static readonly Lock s_lock = new();
    private static string? s_chosenPath;
    private static nint s_handle;
    private static ApiBase* s_base;
    private static bool s_isChosen;

    /// <summary>Chooses the library before the managed package touches it; the same choice again is no change.</summary>
    /// <param name="path">Absolute path, or null for the library beside the executable.</param>
    /// <exception cref="FaultException">It cannot be used (<see cref="Open"/>), or another was chosen before.</exception>
    public static void Choose(string? path)
    {
        lock (s_lock)
        {
            if (s_isChosen)
            {
                if (s_chosenPath == path) return;
                throw FaultException.Of(
                    FaultKind.Configuration, path ?? "runtime.onnxruntime",
                    "runtime.onnxruntime cannot change while the agent runs", "restart the agent");
            }

            if (path is not null)
            {
                nint handle = Open(path, out ApiBase* entry);
                s_handle = handle;
                s_base = entry;
                OrtEnv.DisableDllImportResolver = true;
                // Where the entry point is bound by the linker this serves the functions of single providers, which are the library's own in any case.
                NativeLibrary.SetDllImportResolver(typeof(InferenceSession).Assembly, (name, _, _) => name.Contains(ImportName, StringComparison.Ordinal) ? handle : 0);
            }
            else
            {
                RefuseCut(Bundled);
            }

            s_chosenPath = path;
            s_isChosen = true;
        }
    }

    /// <summary>What keeps the library beside the executable from loading, for where it did not.</summary>
    public static FaultException WhyNotBundled(Exception error)
    {
        if (!File.Exists(Bundled)) return SessionFaults.Loading(FileName, ManagedVersion, error);
        string what = SharedLibraryContent.Wrong(Bundled)?.What ?? $"{Bundled} cannot be loaded: {LoaderWords.Of(error)}";
        return FaultException.Of(FaultKind.Unavailable, "ONNX Runtime", what, AsInstalled, error);
    }

    // To map a file that ends early is to be ended by SIGBUS.
    internal static void RefuseCut(string bundled)
    {
        if (!File.Exists(bundled)) return;
        try
        {
            ElfFile.Read(bundled);
        }
        catch (InvalidDataException e)
        {
            throw FaultException.Of(FaultKind.Unavailable, bundled, e.Message, AsInstalled, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The loader says what it makes of it.
        }
    }

    private static string Bundled => Path.Combine(AppContext.BaseDirectory, FileName);

    /// <summary>Looks into a library, loads it and asks its version, before anything else of it runs.</summary>
    /// <param name="path">The file.</param>
    /// <param name="entry">What its entry point gives, or what stands before an older library.</param>
    /// <returns>The library.</returns>
    /// <exception cref="FaultException">It is absent, cannot be loaded, is no ONNX Runtime, too old or too new.</exception>
    internal static nint Open(string path, out ApiBase* entry)
    {
        if (FileStamp.Of(path).Error == PosixError.NoEntry)
            throw FaultException.Of(FaultKind.NoInput, path, "no such file", "name a libonnxruntime.so, or none for the one that comes with EdgeInfer");
        if (SharedLibraryContent.Wrong(path) is { } wrong) throw FaultException.Of(FaultKind.Unavailable, "", wrong.What, wrong.Cure);
        nint handle = Load(path);
        entry = Base(handle);
        if (entry is null || entry->GetApi is null || entry->GetVersionString is null)
            throw FaultException.Of(FaultKind.Unavailable, path, $"is no ONNX Runtime: its {EntryPoint} gives nothing", "name a libonnxruntime.so");
        // Version first: the managed package would fail with a bare number, and the native one prints to stderr.
        string version = OneLine.Of(Marshal.PtrToStringUTF8((nint)entry->GetVersionString()) ?? "");
        if (version.Length > LongestVersion) version = version[..LongestVersion] + "…";
        if (ServedRuntimes.Refusal(version) is { } refusal) throw FaultException.Of(FaultKind.Unavailable, path, refusal.What, refusal.Cure);
        ServedRuntimes.TryRead(version, out _, out int api);
        if (api < ServedRuntimes.Api)
        {
            entry = Serve(path, entry, version, api);
        }
        else if (entry->GetApi(ServedRuntimes.Api) is null)
        {
            (string what, string cure) = ServedRuntimes.TooNew(version);
            throw FaultException.Of(FaultKind.Unavailable, path, what, cure);
        }
        else
        {
            RefuseHoles(path, entry->GetApi(ServedRuntimes.Api), version, ServedRuntimes.Api);
        }

        return handle;
    }

    /// <summary>Where the part of an execution provider lies that goes with the library in use.</summary>
    /// <param name="provider">Such as <c>cuda</c>.</param>
    public static string PartOf(string provider) => RuntimeFolder.Part(RuntimeFolder.Of(s_chosenPath), provider);

    /// <summary>
    /// What keeps the part of an execution provider that lies beside the library in use from loading: ONNX Runtime says no more than that it failed.
    /// </summary>
    /// <param name="provider">Such as <c>cuda</c>.</param>
    /// <returns>All missing libraries at once where that is why, the loader's words otherwise; null where it loads.</returns>
    public static string? WhyNotLoaded(string provider)
    {
        string path = PartOf(provider);
        if (!File.Exists(path)) return $"{path} is missing";
        if (SharedLibraryContent.WhyNotLoadable(path) is { } seen) return $"{path} {seen.What}; {seen.Cure}";
        try
        {
            NativeLibrary.Free(NativeLibrary.Load(path));
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return LoaderWords.Of(e);
        }
    }

    /// <summary>The function table of the library in use, as large as the managed package's; entries that an older library lacks give a status that says so.</summary>
    public static void** Api()
    {
        ApiBase* api = Current();
        return api is null ? null : api->GetApi(ServedRuntimes.Api);
    }

    /// <summary>
    /// The managed package's way in, in the published program: its import is bound to this function by the linker. In a development build the library's own
    /// function is called instead.
    /// </summary>
    [UnmanagedCallersOnly(EntryPoint = EntryPoint)]
    private static ApiBase* GetApiBase() => Current();

    // Null where there is no library; an exception would end the process, as native code may be what asks.
    private static ApiBase* Current()
    {
        lock (s_lock)
        {
            if (s_base is not null) return s_base;
            if (s_handle == 0 && !NativeLibrary.TryLoad(FileName, typeof(InferenceSession).Assembly, null, out s_handle)) return null;
            return s_base = Base(s_handle);
        }
    }

    private static ApiBase* Serve(string path, ApiBase* library, string version, int api)
    {
        if (!OlderRuntime.IsLinked)
        {
            throw FaultException.Of(
                FaultKind.Unavailable, path, $"is ONNX Runtime {version}, and a library older than 1.{ServedRuntimes.Api} is served by the published program alone",
                $"publish with ./publish.sh, or use a library of 1.{ServedRuntimes.Api} or newer under dotnet run");
        }

        void** older = library->GetApi((uint)api);
        if (older is not null) RefuseHoles(path, older, version, api);
        ApiBase* served = OlderRuntime.Wrap(library, version, api);
        return served is not null ? served
            : throw FaultException.Of(FaultKind.Unavailable, path, $"says that it is ONNX Runtime {version} and does not offer API version {api}", AsBuilt);
    }

    // A call of an entry without a function would end the process.
    private static void RefuseHoles(string path, void** table, string version, int api)
    {
        for (int i = 0; i < ApiTable.EntriesOf(api); i++)
            if (table[i] is null) throw FaultException.Of(FaultKind.Unavailable, path, $"says that it is ONNX Runtime {version} and lacks functions of API version {api}", AsBuilt);
    }

    private static nint Load(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw FaultException.Of(
                FaultKind.Unavailable, path, $"cannot be loaded: {LoaderWords.Of(e)}",
                "check that it is built for this processor and that the libraries it needs are installed (ldd)", e);
        }
    }

    private static ApiBase* Base(nint handle)
        => NativeLibrary.TryGetExport(handle, EntryPoint, out nint function) ? ((delegate* unmanaged<ApiBase*>)function)() : null;
}

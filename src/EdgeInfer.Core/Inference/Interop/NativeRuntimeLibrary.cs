using System.Runtime.InteropServices;
using EdgeInfer.Diagnostics;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference.Interop;

/// <summary>
/// The native ONNX Runtime of this process: the one beside the executable or the user's own. A process has one for its whole life, because neither
/// the loader nor the managed package can let go of it; that is what the static state here mirrors.
/// </summary>
internal static unsafe class NativeRuntimeLibrary
{
    /// <summary>The managed package's version. A native library with an older minor version lacks functions the package calls.</summary>
    public const string ManagedVersion = "1.31.1";

    /// <summary>ORT_API_VERSION of the managed package.</summary>
    public const uint ApiVersion = 31;

    private const string ImportName = "onnxruntime";

    private static readonly Lock s_lock = new();
    private static string? s_chosenPath;
    private static nint s_handle;
    private static bool s_isChosen;

    /// <summary>Path of the user's own library, or null for the one beside the executable.</summary>
    public static string? ChosenPath => s_chosenPath;

    /// <summary>Chooses the library before the managed package touches it; the same choice again is no change.</summary>
    /// <param name="path">Absolute path, or null for the library beside the executable.</param>
    /// <exception cref="FaultException">It is absent, no ONNX Runtime, older than the managed package, or another was chosen before.</exception>
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
                s_handle = Open(path);
                OrtEnv.DisableDllImportResolver = true;
                NativeLibrary.SetDllImportResolver(typeof(InferenceSession).Assembly, (name, _, _) => name.Contains(ImportName, StringComparison.Ordinal) ? s_handle : 0);
            }

            s_chosenPath = path;
            s_isChosen = true;
        }
    }

    /// <summary>Loads a library and asks its version before anything else.</summary>
    /// <exception cref="FaultException">It is absent, no ONNX Runtime, or older than the managed package.</exception>
    internal static nint Open(string path)
    {
        nint handle = Load(path);
        // Version first: the managed package would fail with a bare number, and the native one prints to stderr.
        CheckVersion(path, VersionOf(handle));
        return handle;
    }

    /// <summary>Refuses a version that the managed package cannot work with.</summary>
    /// <param name="path">The library, for the fault.</param>
    /// <param name="version">What it says of itself, such as <c>1.31.1</c>.</param>
    /// <exception cref="FaultException">Older than the managed package, or no version at all.</exception>
    public static void CheckVersion(string path, string version)
    {
        if (!TryMinor(version, out int major, out int minor))
        {
            throw FaultException.Of(FaultKind.Data, path, $"is not an ONNX Runtime: its version reads '{version}'", "name a libonnxruntime.so");
        }

        if (major < 1 || (major == 1 && minor < ApiVersion))
        {
            throw FaultException.Of(
                FaultKind.Unavailable, path,
                $"is ONNX Runtime {version}, older than {ManagedVersion} which this agent is built for",
                $"set runtime.onnxruntime to a library of version 1.{ApiVersion} or newer, or remove the key to use the one that came with the agent");
        }
    }

    /// <summary>
    /// What keeps the part of an execution provider that lies beside the library in use from loading: the missing file is named only here, ONNX Runtime
    /// says no more than that it failed.
    /// </summary>
    /// <param name="provider">Such as <c>cuda</c>.</param>
    /// <returns>The loader's words; null where it loads or where there is none.</returns>
    public static string? WhyNotLoaded(string provider)
    {
        string folder = s_chosenPath is null ? AppContext.BaseDirectory : Path.GetDirectoryName(s_chosenPath)!;
        string path = Path.Combine(folder, $"libonnxruntime_providers_{provider}.so");
        if (!File.Exists(path)) return $"{path} is missing";
        try
        {
            NativeLibrary.Free(NativeLibrary.Load(path));
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return Reason(path, e.Message);
        }
    }

    /// <summary>The function table of the library in use.</summary>
    public static void** Api()
    {
        nint handle;
        lock (s_lock)
        {
            if (s_handle == 0) s_handle = NativeLibrary.Load("libonnxruntime.so", typeof(InferenceSession).Assembly, null);
            handle = s_handle;
        }

        return Base(handle)->GetApi(ApiVersion);
    }

    private static nint Load(string path)
    {
        if (!File.Exists(path))
        {
            throw FaultException.Of(
                FaultKind.NoInput, path, "no such file",
                "set runtime.onnxruntime to a libonnxruntime.so, or remove it to use the one that came with the agent");
        }

        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw FaultException.Of(
                FaultKind.Data, path, $"cannot be loaded: {Reason(path, e.Message)}",
                "check that it is built for this processor and that the libraries it needs are installed (ldd)", e);
        }
    }

    // The loader's own words are on the line after the runtime's advice about strace.
    private static string Reason(string path, string message)
    {
        string[] lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string said = lines.Length > 1 ? lines[1] : message;
        // glibc passes over files for another machine as if they were not there.
        return said == $"{path}: cannot open shared object file: No such file or directory" ? "it is built for another processor" : said;
    }

    private static string VersionOf(nint handle)
        => NativeLibrary.TryGetExport(handle, "OrtGetApiBase", out _) ? Marshal.PtrToStringUTF8((nint)Base(handle)->GetVersionString()) ?? "" : "";

    private static ApiBase* Base(nint handle)
        => ((delegate* unmanaged<ApiBase*>)NativeLibrary.GetExport(handle, "OrtGetApiBase"))();

    private static bool TryMinor(string version, out int major, out int minor)
    {
        string[] parts = version.Split('.');
        minor = 0;
        return int.TryParse(parts[0], out major) & (parts.Length >= 2 && int.TryParse(parts[1], out minor));
    }

    // onnxruntime_c_api.h: struct OrtApiBase
    [StructLayout(LayoutKind.Sequential)]
    private struct ApiBase
    {
        public delegate* unmanaged<uint, void**> GetApi;
        public delegate* unmanaged<byte*> GetVersionString;
    }
}

using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference.Interop;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference;

/// <summary>
/// The execution providers that a configuration may name, and how each is put into a session's options: through ONNX Runtime's table of
/// functions alone, since older libraries have that and not every function beside it.
/// </summary>
internal sealed class ExecutionProviders
{
    /// <summary>The provider that every build has.</summary>
    public const string Cpu = "cpu";

    /// <summary>NVIDIA's compiler of graphs.</summary>
    public const string TensorRt = "tensorrt";
    /// <summary>NVIDIA's kernels, one for a node.</summary>
    public const string Cuda = "cuda";

    // By the configuration's name, ONNX Runtime's, and the one that its generic function takes.
    private static readonly (string Name, string RuntimeName, string? Generic)[] s_known =
    [
        (Cpu, "CPUExecutionProvider", null),
        (Cuda, "CUDAExecutionProvider", null),
        (TensorRt, "TensorrtExecutionProvider", null),
        ("xnnpack", "XnnpackExecutionProvider", "XNNPACK"),
        ("openvino", "OpenVINOExecutionProvider", "OpenVINO"),
        ("qnn", "QNNExecutionProvider", "QNN"),
        ("migraphx", "MIGraphXExecutionProvider", "MIGraphX"),
        ("webgpu", "WebGpuExecutionProvider", "WebGPU"),
    ];

    private readonly RuntimeOptions _options;
    private readonly IReadOnlyList<string> _available;
    private readonly string _version;
    private readonly int _threads;
    private readonly Dictionary<string, PluginProvider> _plugins = new(StringComparer.Ordinal);

    /// <summary>The providers of a configuration in this process; its plug-ins are registered.</summary>
    /// <param name="options"><c>runtime</c>, checked.</param>
    /// <param name="available">ONNX Runtime's names of the providers in this build.</param>
    /// <param name="version">The library's version.</param>
    /// <param name="threads">Threads of one inference, for providers with a pool of their own.</param>
    public ExecutionProviders(RuntimeOptions options, IReadOnlyList<string> available, string version, int threads)
    {
        (_options, _available, _version, _threads) = (options, available, version, threads);
        foreach ((string name, string path) in options.Plugins)
            if (options.Providers.Contains(name)) _plugins.Add(name, PluginProviders.Register(name, path));
    }

    /// <summary>Every name that <c>runtime.providers</c> may hold without a plug-in.</summary>
    public static IEnumerable<string> Names => s_known.Select(static known => known.Name);

    /// <summary>The configuration's name of a provider that ONNX Runtime names.</summary>
    public static string NameOf(string runtimeName)
    {
        foreach ((string name, string candidate, _) in s_known)
        {
            if (candidate == runtimeName) return name;
        }

        return runtimeName;
    }

    /// <summary>Refuses names that nobody knows.</summary>
    /// <exception cref="FaultException">One for each.</exception>
    public static void Check(RuntimeOptions options)
    {
        FaultList faults = new();
        if (options.Providers.Count == 0) faults.Add(FaultKind.Configuration, "runtime.providers", "is empty", "name at least cpu");
        foreach (string provider in options.Providers)
        {
            if (!Names.Contains(provider) && !options.Plugins.ContainsKey(provider))
            {
                faults.Add(
                    FaultKind.Configuration, "runtime.providers", $"no provider '{provider}'", "choose among " + string.Join(", ", Names));
            }
        }

        faults.ThrowIfAny();
    }

    /// <summary>What the configuration says of a provider.</summary>
    public ProviderOptions OptionsOf(string provider) => _options.Options.GetValueOrDefault(provider) ?? new();

    /// <summary>The device that a provider is on, from 0: CUDA beside TensorRT has to be on the same.</summary>
    public int DeviceOf(string provider)
        => ConfiguredDevice(provider) ?? (provider == Cuda && _options.Providers.Contains(TensorRt) ? ConfiguredDevice(TensorRt) : null) ?? 0;

    /// <summary>The same assignment with plug-ins under the configuration's names.</summary>
    public IReadOnlyList<ProviderNodes> Named(IReadOnlyList<ProviderNodes> nodes)
        => [.. nodes.Select(n => _plugins.FirstOrDefault(p => p.Value.RuntimeName == n.Provider).Key is { } name ? n with { Provider = name } : n)];

    /// <summary>Why a provider is not there at all, which shows without a session; null where it may be.</summary>
    public string? WhyAbsent(string provider)
    {
        if (_plugins.TryGetValue(provider, out PluginProvider? plugin)) return plugin.Why;
        return _available.Any(name => NameOf(name) == provider) ? null : Absent;
    }

    /// <summary>
    /// Whether the part of a provider that lies beside ONNX Runtime's library lacks what it needs; nothing of it is loaded, since whoever loads
    /// it before ONNX Runtime does leaves it without its host for ever.
    /// </summary>
    public static bool LacksLibraries(string provider)
    {
        string path = NativeRuntimeLibrary.PartOf(provider);
        return File.Exists(path) && SharedLibraryContent.WhyNotLoadable(path) is not null;
    }

    /// <summary>Puts a provider into a session's options.</summary>
    /// <param name="provider">A checked name.</param>
    /// <param name="options">Of the session to be.</param>
    /// <param name="further">Settings beside those of the configuration, which go before them.</param>
    /// <returns>Why it is not there; null where it is.</returns>
    public string? Append(string provider, SessionOptions options, IReadOnlyDictionary<string, string>? further = null)
    {
        if (provider == Cpu) return null;
        if (WhyAbsent(provider) is { } absent) return absent;
        Dictionary<string, string> settings = new(further ?? new Dictionary<string, string>());
        try
        {
            if (_plugins.TryGetValue(provider, out PluginProvider? plugin)) return AppendPlugin(plugin, provider, options);
            foreach ((string key, string value) in ProviderSettings.Of(provider, OptionsOf(provider), _threads)) settings[key] = value;
            if (provider == Cuda) return AppendCuda(options, settings);
            if (provider == TensorRt) return AppendTensorRt(options, settings);
            options.AppendExecutionProvider(s_known.First(known => known.Name == provider).Generic, settings);
            return null;
        }
        catch (EntryPointNotFoundException)
        {
            // A library without the provider lacks its very function.
            return Absent;
        }
        catch (OnnxRuntimeException e)
        {
            return Why(provider, SessionFaults.Words(e));
        }
    }

    // By our name of it, or by the provider's own.
    private int? ConfiguredDevice(string provider)
    {
        ProviderOptions options = OptionsOf(provider);
        if (options.Device is { } device) return device;
        return ProviderKeys.OwnName(provider, ProviderKeys.Device) is { } own && int.TryParse(options.Own.GetValueOrDefault(own), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
    }

    private string Absent => $"not in this build of ONNX Runtime ({_version}); set runtime.onnxruntime to a library that has it";

    private string? AppendCuda(SessionOptions options, Dictionary<string, string> settings)
    {
        settings.TryAdd(ProviderKeys.OwnName(Cuda, ProviderKeys.Device)!, DeviceOf(Cuda).ToString(CultureInfo.InvariantCulture));
        using OrtCUDAProviderOptions cuda = new();
        if (Refused(Cuda, () => cuda.UpdateOptions(settings)) is { } refused) return refused;
        options.AppendExecutionProvider_CUDA(cuda);
        return null;
    }

    private static string? AppendTensorRt(SessionOptions options, Dictionary<string, string> settings)
    {
        using OrtTensorRTProviderOptions tensorRt = new();
        if (Refused(TensorRt, () => tensorRt.UpdateOptions(settings)) is { } refused) return refused;
        options.AppendExecutionProvider_Tensorrt(tensorRt);
        return null;
    }

    private string? AppendPlugin(PluginProvider plugin, string provider, SessionOptions options)
    {
        ProviderOptions configured = OptionsOf(provider);
        int device = configured.Device ?? 0;
        if (device >= plugin.Devices.Count)
            return $"it has no device {device}, only {string.Join(", ", plugin.Devices.Select(static (d, i) => $"{i} ({d.HardwareDevice.Type}, {d.HardwareDevice.Vendor})"))}";
        options.AppendExecutionProvider(OrtEnv.Instance(), [plugin.Devices[device]], new Dictionary<string, string>(configured.Own));
        return null;
    }

    private static string? Refused(string provider, Action update)
    {
        try
        {
            update();
            return null;
        }
        catch (OnnxRuntimeException e)
        {
            string said = SessionFaults.Words(e);
            return IsNotLoaded(said) ? Why(provider, said) : $"it refuses its options: {said}";
        }
        catch (FormatException e)
        {
            return $"it refuses its options: {e.Message}";
        }
    }

    // "Failed to load shared library" of the generic way, "Failed to load library FILE with error: …", which names the first missing one alone.
    private static bool IsNotLoaded(string said)
        => said.Contains("Failed to load shared library", StringComparison.Ordinal) || said.Contains("Failed to load library", StringComparison.Ordinal);

    private static string Why(string provider, string said)
    {
        if (!IsNotLoaded(said)) return said;
        return NativeRuntimeLibrary.WhyNotLoaded(provider) is { } reason ? $"its library cannot be loaded: {reason}" : said;
    }
}

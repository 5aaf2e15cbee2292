using System.Globalization;

namespace EdgeInfer.Configuration;

/// <summary>Reads <c>runtime</c>.</summary>
internal sealed class RuntimeReader(ReadingContext context)
{
    private const int MostThreads = 64;
    private const double LeastLimitCelsius = 40;
    private const double MostLimitCelsius = 120;

    // Those that Inference can put into a session, a test compares; whether this device's library has one shows when it is loaded.
    private static readonly string[] s_providers = ["cpu", "cuda", "tensorrt", "xnnpack", "openvino", "qnn", "migraphx", "webgpu"];

    /// <summary>Every name that <c>runtime.providers</c> may hold without a plug-in.</summary>
    public static IReadOnlyList<string> Providers => s_providers;

    /// <summary>The runtime's options, with defaults.</summary>
    public RuntimeOptions Read(MappingReader root, out HeatOptions heat)
    {
        RuntimeOptions options = new();
        heat = new();
        if (root.Mapping("runtime") is not { } runtime) return options;
        ProviderReader providers = new(context, runtime, s_providers);
        providers.ReadPlugins();
        IReadOnlyList<string> list = providers.ReadList() ?? options.Providers;
        options = options with
        {
            Providers = list,
            Plugins = providers.Plugins,
            Options = providers.ReadOptions(list),
            IsFirstProviderRequired = runtime.Boolean("required") ?? false,
            OnnxRuntime = context.ExistingFile(
                runtime, "onnxruntime", "name a libonnxruntime.so, or remove the key for the one that comes with EdgeInfer"),
            Threads = Threads(runtime),
            CacheFolder = context.AbsolutePath(runtime, "cache_folder") ?? options.CacheFolder,
            StateFolder = context.AbsolutePath(runtime, "state_folder") ?? options.StateFolder,
            RunFolder = context.AbsolutePath(runtime, "run_folder") ?? options.RunFolder,
            Control = runtime.Text("control") is "off" ? null : context.AbsolutePath(runtime, "control") ?? options.Control,
        };
        if (options.OnnxRuntime is { } library && SharedLibraryContent.Wrong(library) is { } wrong) runtime.Fault("onnxruntime", wrong.What, wrong.Cure);
        heat = Heat(runtime);
        runtime.Close();
        return options;
    }

    private static HeatOptions Heat(MappingReader runtime)
    {
        HeatOptions options = new();
        if (runtime.Mapping("heat") is not { } heat) return options;
        if (heat.Node("limit") is YamlScalar { Value: "off" }) options = options with { IsGoverned = false };
        else if (heat.Node("limit") is not YamlScalar { Value: "auto" }) options = options with { LimitCelsius = Limit(heat) };
        heat.Close();
        return options;
    }

    private static double? Limit(MappingReader heat)
    {
        if (heat.Node("limit") is not { } node) return null;
        if (node is YamlScalar scalar && ScalarText.TryNumber(scalar.Value, out double celsius) && celsius is >= LeastLimitCelsius and <= MostLimitCelsius) return celsius;
        heat.Wrong(node, "limit", $"auto, off, or degrees Celsius from {LeastLimitCelsius} to {MostLimitCelsius}");
        return null;
    }

    private static int Threads(MappingReader runtime)
    {
        if (runtime.Node("threads") is not { } node || node is YamlScalar { Value: "auto" }) return 0;
        if (node is YamlScalar scalar && int.TryParse(scalar.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int threads)
            && threads is >= 1 and <= MostThreads) return threads;
        runtime.Wrong(node, "threads", $"auto, or a whole number from 1 to {MostThreads}");
        return 0;
    }
}

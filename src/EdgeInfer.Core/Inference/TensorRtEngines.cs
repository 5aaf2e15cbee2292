using EdgeInfer.Configuration;
using EdgeInfer.Inference.Interop;
using EdgeInfer.Models;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Inference;

/// <summary>TensorRT's engines of models on this machine: what they are keyed by, and where they are kept. Any thread.</summary>
internal sealed partial class TensorRtEngines
{
    private readonly string _runtimeVersion;
    private readonly ProviderOptions _options;
    private readonly int _device;
    private readonly ILogger _logger;
    private readonly EngineCache? _cache;
    private readonly Lock _lock = new();
    private (int Version, GpuIdentity Gpu)? _machine;
    private bool _isUnknown;

    /// <summary>Asks nobody anything yet.</summary>
    /// <param name="cacheFolder"><c>runtime.cache_folder</c>; empty where nothing is kept.</param>
    /// <param name="runtimeVersion">ONNX Runtime's.</param>
    /// <param name="options">The configuration's options of TensorRT.</param>
    /// <param name="device">The GPU that it is on.</param>
    /// <param name="logger">What cannot be kept.</param>
    public TensorRtEngines(string cacheFolder, string runtimeVersion, ProviderOptions options, int device, ILogger logger)
    {
        _runtimeVersion = runtimeVersion;
        _device = device;
        _options = options;
        _logger = logger;
        // Whoever says where engines go keeps them himself.
        bool isOurs = cacheFolder.Length > 0 && !options.Own.Keys.Any(static key =>
            key.StartsWith("trt_engine_", StringComparison.Ordinal) || key.StartsWith("trt_timing_", StringComparison.Ordinal) || key.StartsWith("trt_ep_context", StringComparison.Ordinal) || key == "trt_dump_ep_context_model");
        _cache = isOurs ? new(Path.Combine(cacheFolder, "tensorrt"), logger) : null;
    }

    /// <summary>Whether a model's engine is there, whole.</summary>
    public bool IsReady(Model model) => _cache is not null && KeyOf(model) is { } key && _cache.IsReady(key);

    /// <summary>What TensorRT is told of where a model's engine is, or goes; null where it is not kept.</summary>
    public Dictionary<string, string>? Prepare(Model model) => _cache is not null && KeyOf(model) is { } key ? _cache.Prepare(key) : null;

    /// <summary>A model has run on TensorRT: its engine is good from now on.</summary>
    public void Keep(Model model)
    {
        if (_cache is not null && KeyOf(model) is { } key) _cache.Keep(key);
    }

    /// <summary>A model's engine was not taken.</summary>
    public void Forget(Model model)
    {
        if (_cache is not null && KeyOf(model) is { } key) _cache.Forget(key);
    }

    private EngineKey? KeyOf(Model model)
    {
        if (Machine() is not { } machine) return null;
        return new(model.Digest, _runtimeVersion, machine.Version, machine.Gpu, $"{model.Input.Name} {model.Input.Type} {string.Join('x', model.Input.Shape)}", _options);
    }

    private (int Version, GpuIdentity Gpu)? Machine()
    {
        lock (_lock)
        {
            if (_machine is not null || _isUnknown) return _machine;
            int version = NvidiaDriver.TensorRtVersion();
            string? why = version == 0 ? "libnvinfer, which says its version, is not there" : NvidiaDriver.Identify(_device, out GpuIdentity gpu) is { } unknown ? unknown : Know(version, gpu);
            if (why is null) return _machine;
            _isUnknown = true;
            LogUnknown(_logger, why);
            return null;
        }
    }

    private string? Know(int version, GpuIdentity gpu)
    {
        _machine = (version, gpu);
        return null;
    }

    [LoggerMessage(EventId = 5012, Level = LogLevel.Warning, Message = "TensorRT's engines are not kept, each start builds them again: {Why}")]
    private static partial void LogUnknown(ILogger logger, string why);
}

using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference.Interop;
using EdgeInfer.Models;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference;

/// <summary>
/// ONNX Runtime in this process: the library chosen, its environment made once, and sessions opened as the configuration says.
/// <see cref="NativeEnvironment.DisableTelemetry"/> must have been called first thing in Main.
/// </summary>
internal sealed partial class InferenceRuntime
{
    private readonly RuntimeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly OptimisedGraphCache _cache;

    /// <summary>Chooses the library and starts its environment.</summary>
    /// <param name="options"><c>runtime</c>.</param>
    /// <param name="time">Times runs.</param>
    /// <param name="logger">Providers refused, cache trouble.</param>
    /// <exception cref="FaultException">An unknown provider, or a library that is absent, broken or too old.</exception>
    public InferenceRuntime(RuntimeOptions options, TimeProvider time, ILogger logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        ExecutionProviders.Check(options.Providers);
        // A second guard for hosts other than our Main; harmless where it is set already.
        NativeEnvironment.DisableTelemetry();
        NativeRuntimeLibrary.Choose(options.OnnxRuntime);
        StartEnvironment();
        Version = OrtEnv.Instance().GetVersionString();
        AvailableProviders = OrtEnv.Instance().GetAvailableProviders();
        Threads = options.Threads > 0 ? options.Threads : ProcessorAllowance.Read().AutomaticThreads;
        _cache = new OptimisedGraphCache(options.CacheFolder, ProcessorIdentity.Read("/"), Version, logger);
    }

    /// <summary>Version of the native library in use.</summary>
    public string Version { get; }

    /// <summary>ONNX Runtime's names of the providers in this build.</summary>
    public IReadOnlyList<string> AvailableProviders { get; }

    /// <summary>Threads of one inference.</summary>
    public int Threads { get; }

    /// <summary>Loads a model on the first provider of the list that takes it, and runs it once, so that it is ready.</summary>
    /// <exception cref="FaultException">The model cannot be used, no provider takes it, or the first one does not and is required.</exception>
    public ModelSession Open(Model model)
    {
        if (!File.Exists(model.OnnxPath)) throw FaultException.Of(FaultKind.NoInput, model.OnnxPath, "no such model file");
        List<ProviderRefusal> refused = [];
        foreach (string provider in _options.Providers)
        {
            if (TryCreate(model, provider, out string? why) is { } session)
            {
                ProviderReport report = new(_options.Providers, provider, refused, GraphAssignment.Read(session));
                LogOpened(_logger, model.Name, report);
                return new ModelSession(model, session, report, _time);
            }

            refused.Add(new(provider, why!));
            if (_options.IsFirstProviderRequired) break;
            LogRefused(_logger, model.Name, provider, why!);
        }

        throw FaultException.Of(
            FaultKind.Unavailable, model.Name,
            "no execution provider: " + string.Join("; ", refused.Select(static r => $"{r.Provider}: {r.Why}")),
            _options.IsFirstProviderRequired ? "install what it needs, or set runtime.required to false" : "add cpu to runtime.providers");
    }

    private static void StartEnvironment()
    {
        if (OrtEnv.IsCreated) return;
        // Fatal only: every error comes as an exception too, and its copy on stderr would tell the user twice.
        EnvironmentCreationOptions creation = new() { logId = "edgeinfer", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        try
        {
            OrtEnv.CreateInstanceWithOptions(ref creation);
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException)
        {
            throw SessionFaults.Loading("libonnxruntime.so", NativeRuntimeLibrary.ManagedVersion, e);
        }
        catch (OnnxRuntimeException) when (OrtEnv.IsCreated)
        {
            // Two runtimes were made at once; the environment is one all the same.
        }
    }

    private InferenceSession? TryCreate(Model model, string provider, out string? why)
    {
        bool isCpu = provider == ExecutionProviders.Cpu;
        try
        {
            using SessionOptions options = Options();
            why = ExecutionProviders.Append(provider, options, AvailableProviders, Version, Threads);
            if (why is not null) return null;
            // TensorRT leaves to CUDA what it cannot do; a CUDA that is asked for later in the list serves it then.
            if (provider == "tensorrt" && _options.Providers.Contains("cuda")) ExecutionProviders.Append("cuda", options, AvailableProviders, Version, Threads);
            return isCpu ? _cache.Open(model, options, Options) : new InferenceSession(model.OnnxPath, options);
        }
        catch (OnnxRuntimeException e) when (!isCpu)
        {
            // Whether the provider or the model is at fault, the next provider will tell.
            why = SessionFaults.Words(e);
            return null;
        }
        catch (Exception e) when (e is OnnxRuntimeException or IOException or UnauthorizedAccessException)
        {
            throw SessionFaults.Loading(model.OnnxPath, Version, e);
        }
    }

    private SessionOptions Options()
    {
        SessionOptions options = new()
        {
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = Threads,
            InterOpNumThreads = 1,
            // Below this level quantised graphs are not fused and run 3 times slower.
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            LogId = "edgeinfer",
        };
        // Two threads at 5 frames a second: 21 to 24 % of a core with spinning, 2.4 % without.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        options.AddSessionConfigEntry(GraphAssignment.RecordKey, "1");
        return options;
    }

    [LoggerMessage(EventId = 5001, Level = LogLevel.Information, Message = "model {Model} runs on {Report}")]
    private static partial void LogOpened(ILogger logger, string model, ProviderReport report);

    [LoggerMessage(EventId = 5002, Level = LogLevel.Warning, Message = "model {Model} does not run on {Provider}: {Why}")]
    private static partial void LogRefused(ILogger logger, string model, string provider, string why);
}

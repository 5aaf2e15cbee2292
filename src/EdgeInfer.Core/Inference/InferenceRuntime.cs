using System.Security.Cryptography;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference.Interop;
using EdgeInfer.Models;
using EdgeInfer.Posix.Interop;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference;

/// <summary>
/// ONNX Runtime in this process: the library chosen, its environment made once, and sessions opened as the configuration says.
/// <see cref="NativeEnvironment.DisableTelemetry"/> must have been called first thing in Main.
/// </summary>
internal sealed partial class InferenceRuntime : ISessionSource
{
    // Small allocations of ONNX Runtime 1.31: 6.4 MB for the environment (schemas of all operators), 2.8 MB for a session of a small detector.
    private const int RoomForEnvironment = 6 << 20;
    private const int RoomForSession = 3 << 20;

    private readonly RuntimeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DeviceWatch _devices;
    private readonly OptimisedGraphCache _cache;
    private readonly ExecutionProviders _providers;
    private readonly TensorRtEngines _engines;

    /// <summary>Chooses the library and starts its environment.</summary>
    /// <param name="options"><c>runtime</c>.</param>
    /// <param name="time">Times runs.</param>
    /// <param name="logger">Providers refused, cache trouble.</param>
    /// <param name="devices">Told of runs that fail; null where nobody asks.</param>
    /// <exception cref="FaultException">An unknown provider, or a library that is absent, broken or too old.</exception>
    public InferenceRuntime(RuntimeOptions options, TimeProvider time, ILogger logger, DeviceWatch? devices = null)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _devices = devices ?? new();
        ExecutionProviders.Check(options);
        // A second guard for hosts other than our Main; harmless where it is set already.
        NativeEnvironment.DisableTelemetry();
        using NativeCalls.Call call = NativeCalls.Begin();
        using HeapRoom room = HeapRoom.Take(RoomForEnvironment);
        NativeRuntimeLibrary.Choose(options.OnnxRuntime);
        StartEnvironment();
        Version = OrtEnv.Instance().GetVersionString();
        AvailableProviders = OrtEnv.Instance().GetAvailableProviders();
        Threads = options.Threads > 0 ? options.Threads : ProcessorAllowance.Read().AutomaticThreads;
        _cache = new OptimisedGraphCache(options.CacheFolder, ProcessorIdentity.Read("/"), Version, logger);
        _providers = new ExecutionProviders(options, AvailableProviders, Version, Threads);
        _engines = new TensorRtEngines(options.CacheFolder, Version, _providers.OptionsOf(ExecutionProviders.TensorRt), _providers.DeviceOf(ExecutionProviders.TensorRt), logger);
    }

    /// <summary>
    /// Begins on a thread of its own, because the library's start takes as long as all else before the first model. OpenSSL comes before it: the loader
    /// opens one library after the other, and others need a digest soon.
    /// </summary>
    /// <inheritdoc cref="InferenceRuntime(RuntimeOptions, TimeProvider, ILogger, DeviceWatch?)"/>
    public static Task<InferenceRuntime> LoadAsync(RuntimeOptions options, TimeProvider time, ILogger logger, DeviceWatch devices)
    {
        // Counted before the thread is there: a start that fails meanwhile ends the process beside it.
        NativeCalls.Call call = NativeCalls.Begin();
        return Task.Factory.StartNew(
            () =>
            {
                using (call)
                {
                    SHA256.HashData([]);
                    return new InferenceRuntime(options, time, logger, devices);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <inheritdoc/>
    public string Version { get; }

    /// <summary>ONNX Runtime's names of the providers in this build.</summary>
    public IReadOnlyList<string> AvailableProviders { get; }

    /// <inheritdoc/>
    public int Threads { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Providers => _options.Providers;

    /// <inheritdoc/>
    public bool IsFirstProviderRequired => _options.IsFirstProviderRequired;

    /// <summary>Loads a model on the first provider of the list that takes it, however long that takes, and runs it once, so that it is ready.</summary>
    /// <exception cref="FaultException">The model cannot be used, no provider takes it, or the first one does not and is required.</exception>
    public ModelSession Open(Model model) => ServedModel.OpenNow(model, this, _logger);

    /// <inheritdoc/>
    public bool IsSlow(Model model, string provider)
    {
        if (provider == ExecutionProviders.Cpu || _providers.WhyAbsent(provider) is not null) return false;
        if (_providers.OptionsOf(provider).IsBackground is { } isBackground) return isBackground;

        // What cannot be loaded says so at once, and is not waited for.
        return provider == ExecutionProviders.TensorRt && !_engines.IsReady(model) && !ExecutionProviders.LacksLibraries(provider);
    }

    /// <inheritdoc/>
    public ModelSession? TryOpen(Model model, string provider, IReadOnlyList<ProviderRefusal> refused, bool isBackground, out string? why)
    {
        if (!File.Exists(model.OnnxPath)) throw FaultException.Of(FaultKind.NoInput, model.OnnxPath, "no such model file");
        if (isBackground) NativePriority.Lower();
        using NativeCalls.Call call = NativeCalls.Begin();
        using HeapRoom room = HeapRoom.Take(RoomForSession);
        try
        {
            if (Create(model, provider, isBackground, out why) is not { } session) return null;
            // Before the first run, which is the peak: what only a start and the reading of a graph need has served.
            ReadOnlyPages.Release();
            ProviderReport report = new(_options.Providers, provider, refused, _providers.Named(GraphAssignment.Read(session)));
            ModelSession opened = new(model, session, report, new(_time, _devices, _providers.DeviceOf(provider)));
            // It has run: what was compiled on the way is whole.
            if (provider == ExecutionProviders.TensorRt) _engines.Keep(model);
            return opened;
        }
        catch (FaultException e) when (provider != ExecutionProviders.Cpu && e.InnerException is OnnxRuntimeException)
        {
            // Whether the provider or the model is at fault, the next provider will tell.
            if (provider == ExecutionProviders.TensorRt) _engines.Forget(model);
            why = e.Fault.What;
            return null;
        }
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
            throw NativeRuntimeLibrary.WhyNotBundled(e);
        }
        catch (OnnxRuntimeException) when (OrtEnv.IsCreated)
        {
            // Two runtimes were made at once; the environment is one all the same.
        }
    }

    private InferenceSession? Create(Model model, string provider, bool isBackground, out string? why)
    {
        bool isCpu = provider == ExecutionProviders.Cpu, isTensorRt = provider == ExecutionProviders.TensorRt;
        // Threads of a session made in the background would keep its low priority for ever: the nodes that stay on the CPU then run on
        // the pipeline's own thread.
        int threads = isBackground ? 1 : Threads;
        try
        {
            using SessionOptions options = Options(threads);
            why = _providers.Append(provider, options, isTensorRt ? _engines.Prepare(model) : null);
            if (why is not null) return null;
            // TensorRT leaves to CUDA what it cannot do; a CUDA that is asked for later in the list serves it then.
            if (isTensorRt && _options.Providers.Contains(ExecutionProviders.Cuda)) _providers.Append(ExecutionProviders.Cuda, options);
            return isCpu ? _cache.Open(model, options, () => Options(threads)) : new InferenceSession(model.OnnxPath, options);
        }
        catch (OnnxRuntimeException e) when (!isCpu)
        {
            // A kept engine that TensorRT does not take is built anew at the next start.
            if (isTensorRt) _engines.Forget(model);
            why = SessionFaults.Words(e);
            return null;
        }
        catch (Exception e) when (e is OnnxRuntimeException or IOException or UnauthorizedAccessException)
        {
            throw SessionFaults.Loading(model.OnnxPath, Version, e);
        }
    }

    private static SessionOptions Options(int threads)
    {
        SessionOptions options = new()
        {
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            IntraOpNumThreads = threads,
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
}

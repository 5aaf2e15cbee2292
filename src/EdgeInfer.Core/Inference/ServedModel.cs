using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Inference;

/// <summary>
/// A model and the session that serves it now. Where its provider takes minutes to be made ready, the next one of the list serves meanwhile,
/// and the session is another from then on: whoever uses it looks at <see cref="Session"/> between two frames. Any thread.
/// </summary>
internal sealed partial class ServedModel : IDisposable
{
    private readonly ISessionSource _source;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action _changed;
    private readonly IReadOnlyList<ProviderRefusal> _refused;
    private readonly Lock _lock = new();
    private volatile ModelSession? _session;
    private volatile ProviderBuild? _build;
    private bool _isGone;

    private ServedModel(Model model, ISessionSource source, ModelSession? session, IReadOnlyList<ProviderRefusal> refused, TimeProvider time, ILogger logger, Action changed)
        => (Model, _source, _session, _refused, _time, _logger, _changed) = (model, source, session, refused, time, logger, changed);

    /// <summary>What the model is.</summary>
    public Model Model { get; }

    /// <summary>What serves it now; null where nothing may, or can, before the build is done.</summary>
    public ModelSession? Session => _session;

    /// <summary>What is being made ready, or was; null where nothing had to be.</summary>
    public ProviderBuild? Build => _build;

    /// <summary>Why nothing serves it and nothing will; null where something does or may yet.</summary>
    public Fault? Fault => _session is null && _build is { State: BuildState.Failed } failed
        ? NoProvider(Model, _source, [.. _refused, new(failed.Provider, failed.Why!)]) : null;

    /// <summary>Opens a model on the first provider that takes it; one that is slow is made ready behind the next one's back.</summary>
    /// <param name="model">The model.</param>
    /// <param name="source">Opens it on a provider.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">What runs it, and what does not.</param>
    /// <param name="changed">Called after <see cref="Session"/> or <see cref="Build"/> has changed, on the thread that builds.</param>
    /// <exception cref="FaultException">The model cannot be used, no provider takes it, or the first one does not and is required.</exception>
    public static ServedModel Open(Model model, ISessionSource source, TimeProvider time, ILogger logger, Action changed)
    {
        List<ProviderRefusal> refused = [];
        ModelSession? session = Climb(model, source, refused, provider => source.IsSlow(model, provider), out string? slow, logger);
        if (session is null && slow is null) throw new FaultException(NoProvider(model, source, refused));
        ServedModel served = new(model, source, session, refused, time, logger, changed);
        if (slow is not null) served.Start(slow);
        return served;
    }

    /// <summary>Opens a model on the first provider that takes it, however long that takes.</summary>
    /// <exception cref="FaultException">The model cannot be used, no provider takes it, or the first one does not and is required.</exception>
    public static ModelSession OpenNow(Model model, ISessionSource source, ILogger logger)
    {
        List<ProviderRefusal> refused = [];
        return Climb(model, source, refused, static _ => false, out _, logger) ?? throw new FaultException(NoProvider(model, source, refused));
    }

    /// <summary>Providers that do not run it although they stand before the one that does, with the reason. A build that goes on is one.</summary>
    public IReadOnlyList<ProviderRefusal> PassedOver(ProviderReport report)
    {
        List<ProviderRefusal> passed = [.. report.Refused.Where(r => r.Provider != _build?.Provider)];
        if (_build is { } build && build.Provider != report.Used)
        {
            if (build.State == BuildState.Running) passed.Add(new(build.Provider, "is being made ready"));
            else if (build.State == BuildState.Failed) passed.Add(new(build.Provider, build.Why!));
        }

        return passed;
    }

    /// <summary>Lets go of it: what is still being built goes as soon as it is there.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isGone = true;
            _session?.Dispose();
        }
    }

    private static ModelSession? Climb(Model model, ISessionSource source, List<ProviderRefusal> refused, Func<string, bool> isSlow, out string? slow, ILogger logger)
    {
        slow = null;
        foreach (string provider in source.Providers)
        {
            if (slow is null && isSlow(provider))
            {
                slow = provider;
            }
            else
            {
                if (source.TryOpen(model, provider, [.. refused], isBackground: false, out string? why) is { } session)
                {
                    LogOpened(logger, model.Name, session.Report);
                    return session;
                }

                // A kept engine that was not taken is slow now, and tried once more.
                if (slow is null && isSlow(provider)) slow = provider;
                else refused.Add(new(provider, why!));
                if (!source.IsFirstProviderRequired) LogRefused(logger, model.Name, provider, why!);
            }

            if (source.IsFirstProviderRequired) break;
        }

        return null;
    }

    private void Start(string provider)
    {
        _build = new(provider, BuildState.Running, _time.GetUtcNow(), _time.GetTimestamp(), null, null);
        if (_session is { } serving) LogBuilding(_logger, Model.Name, provider, serving.Report.Used);
        else LogBuildingAlone(_logger, Model.Name, provider);
        // A native call cannot be interrupted: the thread ends with the process.
        new Thread(() => MakeReady(provider)) { IsBackground = true, Name = "build " + Model.Name }.Start();
    }

    private void MakeReady(string provider)
    {
        ModelSession? session = null;
        string? why;
        try
        {
            session = _source.TryOpen(Model, provider, [.. _refused.Where(r => IsBefore(r.Provider, provider))], isBackground: true, out why);
        }
        catch (FaultException e)
        {
            why = e.Fault.ToString();
        }
#pragma warning disable CA1031 // A defect of one build must not end the process: what serves goes on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            why = $"unexpected {e.GetType().Name}: {e.Message}; report this as a defect";
        }

        if (Take(session, why)) _changed();
    }

    private bool Take(ModelSession? session, string? why)
    {
        lock (_lock)
        {
            if (_isGone)
            {
                session?.Dispose();
                return false;
            }

            ProviderBuild began = _build!;
            ProviderBuild ended = began with { Taken = _time.GetElapsedTime(began.Timestamp), State = session is null ? BuildState.Failed : BuildState.Done, Why = why };
            if (session is null)
            {
                _build = ended;
                LogFailed(_logger, Model.Name, began.Provider, ended.Taken.Value.TotalSeconds, why!);
                return true;
            }

            ModelSession? old = _session;
            _session = session;
            _build = ended;
            // It lives on until its last run is let go of.
            old?.Dispose();
            LogBuilt(_logger, Model.Name, session.Report, ended.Taken.Value.TotalSeconds);
            return true;
        }
    }

    private bool IsBefore(string provider, string other)
    {
        foreach (string candidate in _source.Providers)
        {
            if (candidate == other) return false;
            if (candidate == provider) return true;
        }

        return false;
    }

    private static Fault NoProvider(Model model, ISessionSource source, IReadOnlyList<ProviderRefusal> refused) => new(
        FaultKind.Unavailable, model.Name, "no execution provider: " + string.Join("; ", refused.Select(static r => $"{r.Provider}: {r.Why}")),
        source.IsFirstProviderRequired ? "install what it needs, or set runtime.required to false" : "add cpu to runtime.providers");

    [LoggerMessage(EventId = 5001, Level = LogLevel.Information, Message = "model {Model} runs on {Report}")]
    private static partial void LogOpened(ILogger logger, string model, ProviderReport report);

    [LoggerMessage(EventId = 5002, Level = LogLevel.Warning, Message = "model {Model} does not run on {Provider}: {Why}")]
    private static partial void LogRefused(ILogger logger, string model, string provider, string why);

    [LoggerMessage(EventId = 5005, Level = LogLevel.Information, Message = "model {Model}: {Provider} is made ready in the background, {Serving} serves meanwhile")]
    private static partial void LogBuilding(ILogger logger, string model, string provider, string serving);

    [LoggerMessage(EventId = 5006, Level = LogLevel.Information, Message = "model {Model}: {Provider} is made ready in the background, nothing serves meanwhile")]
    private static partial void LogBuildingAlone(ILogger logger, string model, string provider);

    [LoggerMessage(EventId = 5007, Level = LogLevel.Information, Message = "model {Model} runs on {Report} from now on, which took {Seconds:0.0} s to make ready")]
    private static partial void LogBuilt(ILogger logger, string model, ProviderReport report, double seconds);

    [LoggerMessage(EventId = 5008, Level = LogLevel.Warning, Message = "model {Model} does not run on {Provider}, which failed after {Seconds:0.0} s: {Why}")]
    private static partial void LogFailed(ILogger logger, string model, string provider, double seconds, string why);
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Control;
using EdgeInfer.Diagnostics;
using EdgeInfer.Pipeline;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Hosting;

/// <summary>Puts the agent behind its control socket. Answers from before the agent is up: models may take long to load.</summary>
internal sealed partial class AgentControl : IAsyncDisposable
{
    private readonly Func<Task<ReloadOutcome>> _reload;
    private readonly ControlServer? _server;
    private volatile Agent? _agent;

    /// <summary>Begins to answer; where the socket cannot be had, one line says so and the agent runs without.</summary>
    /// <param name="path">The socket; null for none.</param>
    /// <param name="reload">Reads the configuration again.</param>
    /// <param name="services">What the process gives.</param>
    public AgentControl(string? path, Func<Task<ReloadOutcome>> reload, AgentServices services)
    {
        _reload = reload;
        if (path is null || Open(path, services.Logger) is not { } endpoint) return;
        _server = new(endpoint, ControlAccess.ForSocket(endpoint.Path), Operations(), services.Time, services.Logger);
        _server.Start();
    }

    /// <summary>The agent is up.</summary>
    public void Serve(Agent agent) => _agent = agent;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? default;

    private ControlOperations Operations() => new(new Dictionary<string, ControlOperation>
    {
        ["status"] = (_, _) => ValueTask.FromResult(ControlAnswer.Done("status", Running().Status().Encode())),
        ["reload"] = (_, stop) => ReloadAsync(_reload, stop),
        ["capture"] = (request, _) => ValueTask.FromResult(Capture(Running(), request)),
    });

    private Agent Running() => _agent ?? throw FaultException.Of(FaultKind.Unavailable, "control", "the agent is starting: its models are being loaded", "ask again in a few seconds");

    private static async ValueTask<ControlAnswer> ReloadAsync(Func<Task<ReloadOutcome>> reload, CancellationToken stop)
    {
        ReloadOutcome outcome = await reload().WaitAsync(stop);
        if (!outcome.IsApplied) return ControlAnswer.Refused(outcome.Faults[0], outcome.Faults);
        ReloadReport report = new(outcome.Added, outcome.Restarted, outcome.Removed, outcome.Unchanged, outcome.IsBrokerChanged);
        return ControlAnswer.Done("reload", JsonSerializer.SerializeToUtf8Bytes(report, ControlJson.Default.ReloadReport));
    }

    private static ControlAnswer Capture(Agent agent, ControlRequest request)
    {
        if (request.Pipeline is not { } pipeline)
            throw FaultException.Of(FaultKind.Usage, "capture", "no pipeline is named", """write {"op":"capture","pipeline":"NAME"}""");
        RecordingAttachment recording = new(agent.Capture(pipeline));
        return ControlAnswer.Done("capture", Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""
            {"pipeline":"{{pipeline}}","frames":{{recording.Frames}},"bytes":{{recording.LengthBytes}}}
            """)), recording);
    }

    private static ControlEndpoint? Open(string path, ILogger logger)
    {
        try
        {
            return ControlEndpoint.Open(path);
        }
        catch (FaultException e)
        {
            string? fallback = path == RuntimeOptions.DefaultControl && e.Fault.Kind == FaultKind.InputOutput
                ? ControlPath.Fallback(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"))
                : null;
            if (fallback is null)
            {
                LogWithout(logger, e.Fault);
                return null;
            }

            ControlEndpoint? endpoint = Open(fallback, logger);
            if (endpoint is not null) LogFallback(logger, fallback, path);
            return endpoint;
        }
    }

    [LoggerMessage(EventId = 9011, Level = LogLevel.Warning, Message = "the agent runs without a control socket: {Fault}")]
    private static partial void LogWithout(ILogger logger, Fault fault);

    [LoggerMessage(EventId = 9012, Level = LogLevel.Information, Message = "the control socket is {Path}, since this user may not write {Default}")]
    private static partial void LogFallback(ILogger logger, string path, string @default);
}

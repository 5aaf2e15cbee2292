using System.Globalization;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Control;
using EdgeInfer.Diagnostics;
using EdgeInfer.Pipeline;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Hosting;

/// <summary>Puts a running agent behind its control socket.</summary>
internal static partial class AgentControl
{
    /// <summary>Begins to answer; where the socket cannot be had, one line says so and the agent runs without.</summary>
    public static ControlServer? Start(Agent agent, string? path, AgentServices services)
    {
        if (path is null || Open(path, services.Logger) is not { } endpoint) return null;
        ControlServer server = new(endpoint, ControlAccess.ForSocket(endpoint.Path), Operations(agent), services.Time, services.Logger);
        server.Start();
        return server;
    }

    private static ControlOperations Operations(Agent agent) => new(new Dictionary<string, ControlOperation>
    {
        ["status"] = (_, _) => ValueTask.FromResult(ControlAnswer.Done("status", agent.Status().Encode())),
        ["capture"] = (request, _) => ValueTask.FromResult(Capture(agent, request)),
    });

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

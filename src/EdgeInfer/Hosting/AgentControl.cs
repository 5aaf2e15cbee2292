using EdgeInfer.Configuration;
using EdgeInfer.Control;
using EdgeInfer.Diagnostics;
using EdgeInfer.Pipeline;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Hosting;

/// <summary>Puts the agent behind its control socket.</summary>
internal sealed partial class AgentControl : IAsyncDisposable
{
    private readonly ControlServer? _server;

    /// <summary>Begins to answer; where the socket cannot be had, one line says so and the agent runs without.</summary>
    /// <param name="path">The socket; null for none.</param>
    /// <param name="operations">What can be asked.</param>
    /// <param name="services">What the process gives.</param>
    public AgentControl(string? path, AgentOperations operations, AgentServices services)
    {
        if (path is null || Open(path, services.Logger) is not { } endpoint) return;
        _server = new(endpoint, ControlAccess.ForSocket(endpoint.Path), operations.ForSocket(), services.Time, services.Logger);
        _server.Start();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? default;

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

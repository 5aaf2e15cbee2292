using System.Runtime.InteropServices;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Pipeline;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Hosting;

/// <summary>
/// Reads the configuration again when it is asked to, by SIGHUP or otherwise, and tells the service manager when it begins and when
/// it is done. What is asked for before the agent is up waits for it.
/// </summary>
internal sealed partial class ReloadService : IDisposable
{
    private readonly string? _file;
    private readonly AgentConfigurationReader _reader;
    private readonly ServiceWatch _watch;
    private readonly ILogger _logger;
    private readonly ReloadQueue _queue;
    private readonly TaskCompletionSource<Agent> _agent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationToken _stop;
    private readonly PosixSignalRegistration _hangUp;

    /// <summary>Begins to listen.</summary>
    /// <param name="file">The configuration; null where the agent was started by flags, which cannot be read again.</param>
    /// <param name="reader">Reads it.</param>
    /// <param name="watch">Told of each reload.</param>
    /// <param name="services">What the process gives.</param>
    /// <param name="stop">The agent stops.</param>
    public ReloadService(string? file, AgentConfigurationReader reader, ServiceWatch watch, AgentServices services, CancellationToken stop)
    {
        _file = file;
        _reader = reader;
        _watch = watch;
        _logger = services.Logger;
        _stop = stop;
        _queue = new(ReloadAsync);
        _hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            _ = RequestAsync();
        });
    }

    /// <summary>The agent is up.</summary>
    public void Serve(Agent agent) => _agent.TrySetResult(agent);

    /// <summary>Asks for a reload; one that has not begun yet is shared. Never throws.</summary>
    public Task<ReloadOutcome> RequestAsync() => _queue.RequestAsync();

    /// <inheritdoc/>
    public void Dispose() => _hangUp.Dispose();

    private async Task<ReloadOutcome> ReloadAsync()
    {
        try
        {
            Agent agent = await _agent.Task.WaitAsync(_stop);
            _stop.ThrowIfCancellationRequested();

            _watch.Reloading();
            try
            {
                return await ReloadAsync(agent);
            }
            finally
            {
                _watch.Reloaded();
            }
        }
        catch (OperationCanceledException)
        {
            return Refused(new(FaultKind.Unavailable, "reload", "the agent stops", ""));
        }
#pragma warning disable CA1031 // A defect in a reload must not end the agent.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fault fault = new(FaultKind.Internal, "reload", $"unexpected {e.GetType().Name}: {e.Message}", "report this as a defect");
            LogNot(_logger, fault);
            return Refused(fault);
        }
    }

    private async Task<ReloadOutcome> ReloadAsync(Agent agent)
    {
        if (_file is not null) return await agent.ReloadAsync(Read, _stop);
        Fault nothing = new(FaultKind.Usage, "run", "there is nothing to reload: it was started by flags",
            "start it again with others, or write a configuration and start it with -c FILE");
        LogNot(_logger, nothing);
        return Refused(nothing);
    }

    private AgentConfiguration? Read(FaultList faults)
    {
        AgentConfiguration? configuration = _reader.Read(_file!, faults);
        foreach (Fault warning in faults.Warnings) LogWarning(_logger, warning);
        return configuration;
    }

    private static ReloadOutcome Refused(Fault fault) => new() { Faults = [fault] };

    [LoggerMessage(EventId = 9021, Level = LogLevel.Warning, Message = "{Fault}")]
    private static partial void LogNot(ILogger logger, Fault fault);

    [LoggerMessage(EventId = 9022, Level = LogLevel.Warning, Message = "configuration: {Warning}")]
    private static partial void LogWarning(ILogger logger, Fault warning);
}

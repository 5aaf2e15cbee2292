using System.Runtime.InteropServices;

namespace EdgeInfer.Hosting;

/// <summary>SIGTERM and SIGINT as a task; a second SIGINT ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly TaskCompletionSource _requested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration _interrupt;

    /// <summary>Begins to listen.</summary>
    public StopSignals()
    {
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Request);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Request);
    }

    /// <summary>Ends when a stop is asked for.</summary>
    public Task Requested => _requested.Task;

    /// <summary>Cancelled when a stop is asked for.</summary>
    public CancellationToken Token => _stop.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _terminate.Dispose();
        _interrupt.Dispose();
        _stop.Dispose();
    }

    private void Request(PosixSignalContext signal)
    {
        bool isFirst = _requested.TrySetResult();
        signal.Cancel = isFirst || signal.Signal == PosixSignal.SIGTERM;
        if (isFirst) _stop.Cancel();
    }
}

using EdgeInfer.Fetching;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Updates;

/// <summary>What a download says on its way: lines go to the log, bytes to whoever waits for them.</summary>
/// <param name="logger">Retries and new beginnings.</param>
internal sealed partial class TransferProgress(ILogger logger) : IPullReport, IDisposable
{
    private Action<long>? _received;
    private long _bytes;

    /// <summary>From now on, until it is disposed of, bytes of one file are told to somebody.</summary>
    /// <param name="received">Is told how many more are here; fewer than none where it begins anew.</param>
    public IDisposable Tell(Action<long> received)
    {
        (_bytes, _received) = (0, received);
        return this;
    }

    /// <inheritdoc/>
    public void Dispose() => _received = null;

    /// <inheritdoc/>
    public void Say(string line) => LogLine(logger, line);

    /// <inheritdoc/>
    public void Begin(string name, long received, long? total) => Received(received);

    /// <inheritdoc/>
    public void Received(long bytes)
    {
        _received?.Invoke(bytes - _bytes);
        _bytes = bytes;
    }

    /// <inheritdoc/>
    public void End()
    {
        // Whoever waits knows by itself.
    }

    [LoggerMessage(EventId = 10041, Level = LogLevel.Information, Message = "update: {Line}")]
    private static partial void LogLine(ILogger logger, string line);
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;

namespace EdgeInfer.Messaging;

/// <summary>What files change for a session: new certificates are taken up, and an attempt that waits for a person does not wait longer than the person.</summary>
internal sealed partial class MqttSession
{
    private TaskCompletionSource _again = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TrustWatch? _trustWatch;

    /// <summary>An operator has changed something: an attempt that waits is made at once, and the files of a connection are looked at.</summary>
    public void TryAgain()
    {
        lock (_lock)
        {
            if (_state is MqttSessionState.Waiting or MqttSessionState.Failed or MqttSessionState.Connecting) _again.TrySetResult();
        }

        _trustWatch?.Look();
    }

    /// <summary>Waits for the next attempt: until the time is over, or somebody says so, or a file is not what the last attempt found.</summary>
    private async Task PauseAsync(TimeSpan delay, FileStamp[] tried, CancellationToken stop)
    {
        Task again;
        lock (_lock) again = _again.Task;
        long began = _time.GetTimestamp();
        while (!stop.IsCancellationRequested && !again.IsCompleted && TrustFiles.Stamps(_settings.Options).AsSpan().SequenceEqual(tried))
        {
            TimeSpan left = delay - _time.GetElapsedTime(began);

            // A timer's unit: what is shorter would be no wait.
            if (left < TimeSpan.FromMilliseconds(1)) return;
            TimeSpan piece = left < _settings.FileLookWhileWaiting ? left : _settings.FileLookWhileWaiting;
            await again.WaitAsync(piece, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Forget();
    }

    /// <summary>Whatever was changed before has had its attempt.</summary>
    private void Forget()
    {
        lock (_lock)
        {
            if (_again.Task.IsCompleted) _again = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>A tenth more or less, so that devices that were refused together do not come back together.</summary>
    private TimeSpan Spread(TimeSpan delay) => delay * (0.9 + 0.2 * _random.NextDouble());

    private TrustWatch? WatchFiles(MqttConnection connection)
    {
        if (connection.Trust is not { } trust) return null;
        TrustWatch watch = new(_settings, trust, _time, Note, files => Rotate(connection, files));
        _trustWatch = watch;
        return watch;
    }

    /// <summary>
    /// Leaves a connection for one with the new certificates. What is on its way is acknowledged first; what is not within
    /// <see cref="MqttSettings.LeavingTime"/> goes back to where it came from, and out again on the next.
    /// </summary>
    private void Rotate(MqttConnection connection, TrustFiles files)
    {
        LogRotated(_logger, _settings.Address, files.ToString());
        _ = LeaveAsync(connection);
    }

    private async Task LeaveAsync(MqttConnection connection)
    {
        if (!_sender.Leave(connection, isNow: false)) return;
        for (int i = 0; i < 2; i++)
        {
            // The broker closes the line behind DISCONNECT; one that does not is left all the same.
            await connection.Ended.WaitAsync(_settings.LeavingTime, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (connection.IsBroken) return;
            if (i == 0 && !_sender.Leave(connection, isNow: true)) return;
        }

        connection.Break(new(new(FaultKind.Unavailable, _settings.Address, "the connection was left for one with new certificates", ""), false));
    }
}

using System.Collections.Concurrent;
using EdgeInfer.Configuration;
using EdgeInfer.Messaging;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Tests.Messaging;

/// <summary>Watches a session: waits for its states and deliveries, and keeps every line it logs.</summary>
internal sealed class SessionProbe : IDeliveryObserver, ILogger
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly BlockingCollection<long> _delivered = [];
    private readonly BlockingCollection<long> _lost = [];

    public ConcurrentQueue<string> Lines { get; } = [];

    public int DeliveredCount => _delivered.Count;

    public static MqttSettings Settings(int port, Func<MqttOptions, MqttOptions>? change = null, string scheme = "mqtt")
    {
        MqttOptions options = new() { Url = new($"{scheme}://127.0.0.1:{port}") };
        return new()
        {
            Options = change?.Invoke(options) ?? options,
            ClientId = "edgeinfer-test",
            FirstDelay = TimeSpan.FromMilliseconds(20),
            LongestDelay = TimeSpan.FromMilliseconds(100),
            FailedDelay = TimeSpan.FromMilliseconds(100),
            StableAfter = TimeSpan.Zero,
        };
    }

    public MqttSession Session(MqttSettings settings, TimeProvider? time = null) => new(settings, time ?? TimeProvider.System, new Random(1), this, this);

    public static async Task<MqttSessionStatus> Reaches(MqttSession session, Func<MqttSessionStatus, bool> condition)
    {
        TaskCompletionSource<MqttSessionStatus> reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look()
        {
            MqttSessionStatus status = session.Status;
            if (condition(status)) reached.TrySetResult(status);
        }

        session.StateChanged += Look;
        Look();
        try
        {
            return await reached.Task.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"the session stays at {session.Status}");
        }
        finally
        {
            session.StateChanged -= Look;
        }
    }

    public static Task<MqttSessionStatus> Reaches(MqttSession session, MqttSessionState state) => Reaches(session, s => s.State == state);

    public long NextDelivered() => _delivered.TryTake(out long key, Patience) ? key : throw new TimeoutException("nothing was delivered");

    public long NextLost() => _lost.TryTake(out long key, Patience) ? key : throw new TimeoutException("nothing was lost");

    public void Delivered(long key) => _delivered.Add(key);

    public void Lost(long key) => _lost.Add(key);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        => Lines.Enqueue(formatter(state, exception) + exception);
}

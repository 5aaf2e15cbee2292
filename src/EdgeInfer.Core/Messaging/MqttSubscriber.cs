using EdgeInfer.Configuration;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Messaging;

/// <summary>Listens to topics at a broker, for <c>watch</c>, <c>demo</c> and <c>release</c>: connects, subscribes, and does so again after each loss.</summary>
internal sealed class MqttSubscriber : IAsyncDisposable
{
    private readonly MqttSession _session;

    /// <summary>Prepares to listen; nothing is connected before <see cref="Start"/>.</summary>
    /// <param name="options">Address, credentials and TLS.</param>
    /// <param name="filters">Topic filters, wildcards allowed.</param>
    /// <param name="handler">Called with each message, one at a time.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Makes the client id unique, and the jitter of the back-off.</param>
    /// <param name="logger">Changes of state go here.</param>
    public MqttSubscriber(
        MqttOptions options, IEnumerable<string> filters, MqttMessageHandler handler, TimeProvider time, Random random, ILogger logger)
    {
        MqttSettings settings = new()
        {
            Options = options,
            ClientId = options.ClientId ?? $"edgeinfer-watch-{random.NextInt64():x16}",
            LargestReceivedBytes = 8 * 1024 * 1024,
            QueueCount = 16,
            LongestDelay = TimeSpan.FromSeconds(5),
            FailedDelay = TimeSpan.FromSeconds(10),
        };
        _session = new(settings, time, random, logger);
        _session.Subscribe(filters, handler);
        _session.StateChanged += () => StateChanged?.Invoke();
    }

    /// <summary>Raised after each change of state.</summary>
    public event Action? StateChanged;

    /// <summary>What the connection is doing.</summary>
    public MqttSessionStatus Status => _session.Status;

    /// <summary>Begins to connect, and keeps trying.</summary>
    public void Start() => _session.Start();

    /// <summary>Takes a message to be sent once, with QoS 1, not retained; false where there is no room for it.</summary>
    public bool TryPublish(MqttTopic topic, ReadOnlySpan<byte> payload) => _session.TryPublish(topic, payload, 1);

    /// <summary>Ends, after what was to be sent has been acknowledged.</summary>
    /// <param name="deadline">The longest that may take.</param>
    public async ValueTask DisposeAsync(TimeSpan deadline) => await _session.StopAsync(deadline).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _session.DisposeAsync();
}

using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Releasing.Fleet;

/// <summary>What a fleet says, and a way to tell it that there is something new.</summary>
internal interface IFleetLine
{
    /// <summary>The devices that have a model; null while what they say is not known or not whole.</summary>
    IReadOnlyList<FleetDevice>? Look(string model);

    /// <summary>Why that is so; null where nothing is wrong.</summary>
    Fault? Trouble { get; }

    /// <summary>Tells every device to look.</summary>
    /// <param name="model">The model that it is about.</param>
    /// <param name="serial">The rollout's version, for whoever reads along.</param>
    void Hint(string model, long serial);
}

/// <summary>A fleet at an MQTT broker: its retained messages, and hints to all of it.</summary>
internal sealed class FleetLine : IFleetLine, IAsyncDisposable
{
    /// <summary>No broker says when it has sent all that it keeps: it counts as sent when nothing of it has come for so long.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(100);

    // A hint that was given last still goes out.
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly MqttSubscriber _subscriber;
    private readonly string _prefix;

    // When it connected, or when something kept came last; 0 while it is not connected.
    private long _quietSince;
    private (long Changes, string Model, IReadOnlyList<FleetDevice> Devices)? _last;

    /// <summary>Prepares; nothing is connected before <see cref="StartAsync"/>.</summary>
    /// <param name="broker">Address, credentials and TLS.</param>
    /// <param name="prefix">The first levels of the topics; <c>+</c> may stand for one, and then nobody is told anything.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Makes the client id unique, and the jitter of the back-off.</param>
    public FleetLine(MqttOptions broker, string prefix, TimeProvider time, Random random)
    {
        (_time, _prefix, Book) = (time, prefix, new(prefix));
        _subscriber = new(broker, Book.Filters, Received, time, random, NullLogger.Instance);
        _subscriber.StateChanged += () => Volatile.Write(ref _quietSince, _subscriber.Status.State == MqttSessionState.Connected ? Math.Max(1, _time.GetTimestamp()) : 0);
    }

    /// <summary>What was said so far.</summary>
    public FleetBook Book { get; }

    /// <summary>A broker that takes the connection and refuses what is listened to, or another trouble.</summary>
    public Fault? Trouble => _subscriber.Status is var status && status.State == MqttSessionState.Connected ? status.LastError : status.Cause;

    /// <summary>Connects, and waits until the fleet has been heard.</summary>
    /// <exception cref="FaultException">The broker cannot be reached.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/>.</exception>
    public async Task StartAsync(CancellationToken stop)
    {
        _subscriber.Start();
        while (!IsWhole)
        {
            MqttSessionStatus status = _subscriber.Status;
            if (status is { State: MqttSessionState.Waiting or MqttSessionState.Failed, Cause: { } cause }) throw new FaultException(cause);
            await Task.Delay(s_look, _time, stop).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<FleetDevice>? Look(string model)
    {
        if (!IsWhole) return null;
        long changes = Book.Changes;
        if (_last is { } last && last.Changes == changes && last.Model == model) return last.Devices;
        IReadOnlyList<FleetDevice> devices = Book.Devices(model);
        _last = (changes, model, devices);
        return devices;
    }

    /// <inheritdoc/>
    public void Hint(string model, long serial)
    {
        if (_prefix.Contains('+', StringComparison.Ordinal)) return;
        _subscriber.TryPublish(new($"{_prefix}/_fleet/update/desired"), Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $$"""{"model":"{{model}}","serial":{{serial}}}""")));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _subscriber.DisposeAsync(s_farewell);

    private bool IsWhole => Volatile.Read(ref _quietSince) is var since and not 0 && _subscriber.Status.State == MqttSessionState.Connected && _time.GetElapsedTime(since) >= Quiet;

    private void Received(in ReceivedMessage message)
    {
        // What comes before the broker's answer to the subscription leaves it at 0.
        long since = Volatile.Read(ref _quietSince);
        if (message.IsRetained && since != 0) Interlocked.CompareExchange(ref _quietSince, Math.Max(1, _time.GetTimestamp()), since);
        Book.Take(Encoding.UTF8.GetString(message.Topic), message.Payload);
    }
}

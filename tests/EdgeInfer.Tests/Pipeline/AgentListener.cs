using System.Text;
using System.Text.Json;
using EdgeInfer.Messaging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Pipeline;

/// <summary>Everything an agent publishes, as a client of its broker sees it.</summary>
internal sealed class AgentListener : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly object _gate = new();
    private readonly List<(string Topic, string Text)> _messages = [];
    private readonly MqttSubscriber _subscriber;

    public AgentListener(Uri broker)
    {
        _subscriber = new(new() { Url = broker }, ["#"], Take, TimeProvider.System, new Random(7), NullLogger.Instance);
        _subscriber.StateChanged += Pulse;
        _subscriber.Start();
        Until(() => _subscriber.Status.State == MqttSessionState.Connected);
    }

    /// <summary>The numbers of a topic's predictions, in the order they came.</summary>
    public IReadOnlyList<long> Sequence(string topic) => [.. Texts(topic).Select(text => Parsed(text).GetProperty("seq").GetInt64())];

    /// <summary>The messages of a topic, in the order they came.</summary>
    public IReadOnlyList<string> Texts(string topic)
    {
        lock (_gate) return [.. _messages.Where(m => m.Topic == topic).Select(m => m.Text)];
    }

    /// <summary>Waits until a topic has had so many predictions more than now.</summary>
    public void More(string topic, int count)
    {
        int wanted = Texts(topic).Count + count;
        Until(() => Texts(topic).Count >= wanted);
    }

    /// <summary>Waits until the newest status is as wanted, and gives it.</summary>
    public JsonElement Status(string topic, Func<JsonElement, bool> isWanted)
    {
        JsonElement found = default;
        Until(() => Texts(topic) is { Count: > 0 } all && isWanted(found = Parsed(all[^1])));
        return found;
    }

    public void Until(Func<bool> condition)
    {
        long end = Environment.TickCount64 + (long)s_patience.TotalMilliseconds;
        lock (_gate)
        {
            while (!condition())
            {
                long left = end - Environment.TickCount64;
                Assert.True(left > 0 && Monitor.Wait(_gate, TimeSpan.FromMilliseconds(left)), "what was waited for did not happen");
            }
        }
    }

    public ValueTask DisposeAsync() => _subscriber.DisposeAsync();

    private static JsonElement Parsed(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private void Take(in ReceivedMessage message)
    {
        lock (_gate) _messages.Add((Encoding.UTF8.GetString(message.Topic), Encoding.UTF8.GetString(message.Payload)));
        Pulse();
    }

    private void Pulse()
    {
        lock (_gate) Monitor.PulseAll(_gate);
    }
}

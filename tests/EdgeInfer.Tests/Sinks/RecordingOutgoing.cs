using System.Text;
using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Sinks;

/// <summary>Keeps what it is given, or refuses it.</summary>
internal sealed class RecordingOutgoing : IOutgoing
{
    public List<(string Topic, string Payload, int Qos)> Messages { get; } = [];

    public List<(string Topic, string Payload)> States { get; } = [];

    public List<(string Topic, string Payload, string CorrelationData)> Responses { get; } = [];

    public bool IsFull { get; set; }

    public bool TryPublish(MqttTopic topic, ReadOnlySpan<byte> payload, int qos, long key = 0)
    {
        if (!IsFull) Messages.Add((topic.Name, Encoding.UTF8.GetString(payload), qos));
        return !IsFull;
    }

    public bool TryRespond(MqttTopic topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlationData)
    {
        if (!IsFull) Responses.Add((topic.Name, Encoding.UTF8.GetString(payload), Encoding.UTF8.GetString(correlationData)));
        return !IsFull;
    }

    public void PublishState(MqttTopic topic, ReadOnlySpan<byte> payload) => States.Add((topic.Name, Encoding.UTF8.GetString(payload)));
}

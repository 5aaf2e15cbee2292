using EdgeInfer.Configuration;
using EdgeInfer.Messaging;

namespace EdgeInfer.Sinks;

/// <summary>The topics of one device, all below <c>{prefix}/{device}</c>.</summary>
/// <param name="prefix">One or several levels.</param>
/// <param name="device">The device's id.</param>
internal sealed class MqttTopics(string prefix, string device)
{
    private readonly string _root = $"{prefix}/{device}";

    /// <summary>The device's status, retained; also the last will's topic.</summary>
    public MqttTopic Status => new($"{_root}/status");

    /// <summary>A pipeline's availability, retained.</summary>
    public MqttTopic PipelineStatus(string pipeline) => new($"{_root}/{pipeline}/status");

    /// <summary>A pipeline's results.</summary>
    public MqttTopic Prediction(PipelineOptions pipeline) => new(pipeline.Publish.Topic ?? $"{_root}/{pipeline.Name}/prediction");
}

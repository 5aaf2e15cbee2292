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

    /// <summary>Declared losses.</summary>
    public MqttTopic Gap => new($"{_root}/gap");

    /// <summary>The results of a pipeline that are late.</summary>
    public MqttTopic History(string pipeline) => new($"{_root}/{pipeline}/history");

    /// <summary>A pipeline's availability, retained.</summary>
    public MqttTopic PipelineStatus(string pipeline) => new($"{_root}/{pipeline}/status");

    /// <summary>The results of a pipeline's model.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="model">The name that the configuration gives the model.</param>
    public MqttTopic Prediction(PipelineOptions pipeline, string model)
        => new(pipeline.Publish.Topic is { } topic ? PublishOptions.TopicOf(topic, model) : $"{_root}/{pipeline.Name}/prediction");
}

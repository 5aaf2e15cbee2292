using EdgeInfer.Configuration;
using EdgeInfer.Messaging;
using EdgeInfer.Settings;

namespace EdgeInfer.Sinks;

/// <summary>The topics of one device, all below <c>{prefix}/{device}</c>.</summary>
/// <param name="prefix">One or several levels.</param>
/// <param name="device">The device's id.</param>
internal sealed class MqttTopics(string prefix, string device)
{
    private readonly string _root = $"{prefix}/{device}";

    /// <summary><c>{prefix}/{device}</c>.</summary>
    public string Root => _root;

    /// <summary>The prefix.</summary>
    public string Prefix => prefix;

    /// <summary>The device's status, retained; also the last will's topic.</summary>
    public MqttTopic Status => new($"{_root}/status");

    /// <summary>Declared losses.</summary>
    public MqttTopic Gap => new($"{_root}/gap");

    /// <summary>The results of a pipeline that are late.</summary>
    public MqttTopic History(string pipeline) => new($"{_root}/{pipeline}/history");

    /// <summary>A pipeline's availability, retained.</summary>
    public MqttTopic PipelineStatus(string pipeline) => new($"{_root}/{pipeline}/status");

    /// <summary>The state of a pipeline's setting, retained.</summary>
    public MqttTopic State(string pipeline, string key) => new($"{_root}/{pipeline}/state/{key}");

    /// <summary>The filter of the settings of every pipeline.</summary>
    public string SetFilter => $"{_root}/+/set/+";

    /// <summary>The filter of commands.</summary>
    public string CommandFilter => $"{_root}/cmd/+";

    /// <summary>What is known of a managed model's updates, retained.</summary>
    public MqttTopic UpdateStatus(string model) => new($"{_root}/update/status/{model}");

    /// <summary>The filters of hints: to this device, and to every device under the prefix.</summary>
    public IReadOnlyList<string> HintFilters => [$"{_root}/update/desired", $"{prefix}/_fleet/update/desired"];

    /// <summary>The filter of approvals.</summary>
    public string InstallFilter => $"{_root}/update/install/+";

    /// <summary>Every topic at which this device retains something: whoever retains at another one names it here, so that it is cleared when it is no longer used.</summary>
    /// <param name="pipelines">The pipelines there are.</param>
    /// <param name="managed">The managed models there are.</param>
    public IEnumerable<string> Retained(IEnumerable<string> pipelines, IEnumerable<string> managed)
    {
        yield return $"{_root}/status";
        foreach (string model in managed) yield return $"{_root}/update/status/{model}";
        foreach (string pipeline in pipelines)
        {
            yield return $"{_root}/{pipeline}/status";
            foreach (string key in SettingKey.AllWithState) yield return $"{_root}/{pipeline}/state/{key}";
        }
    }

    /// <summary>Takes a topic of <see cref="SetFilter"/> apart.</summary>
    public bool TryReadSet(ReadOnlySpan<char> topic, out string pipeline, out string key)
    {
        pipeline = key = "";
        if (!IsBelow(topic, out ReadOnlySpan<char> rest)) return false;
        int at = rest.IndexOf("/set/", StringComparison.Ordinal);
        if (at <= 0 || rest[(at + 5)..].Contains('/')) return false;
        pipeline = rest[..at].ToString();
        key = rest[(at + 5)..].ToString();
        return !pipeline.Contains('/', StringComparison.Ordinal);
    }

    /// <summary>Takes a topic of <see cref="CommandFilter"/> apart.</summary>
    public bool TryReadCommand(ReadOnlySpan<char> topic, out string operation)
    {
        operation = "";
        if (!IsBelow(topic, out ReadOnlySpan<char> rest) || !rest.StartsWith("cmd/") || rest[4..].Contains('/')) return false;
        operation = rest[4..].ToString();
        return operation.Length > 0;
    }

    /// <summary>Whether a topic is one of <see cref="HintFilters"/>.</summary>
    public bool IsHint(string topic) => HintFilters.Contains(topic);

    /// <summary>Takes a topic of <see cref="InstallFilter"/> apart.</summary>
    public bool TryReadInstall(ReadOnlySpan<char> topic, out string model)
    {
        const string Start = "update/install/";
        model = "";
        if (!IsBelow(topic, out ReadOnlySpan<char> rest) || !rest.StartsWith(Start) || rest[Start.Length..].Contains('/')) return false;
        model = rest[Start.Length..].ToString();
        return model.Length > 0;
    }

    private bool IsBelow(ReadOnlySpan<char> topic, out ReadOnlySpan<char> rest)
    {
        bool isBelow = topic.Length > _root.Length + 1 && topic.StartsWith(_root, StringComparison.Ordinal) && topic[_root.Length] == '/';
        rest = isBelow ? topic[(_root.Length + 1)..] : default;
        return isBelow;
    }

    /// <summary>The results of a pipeline's model.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="model">The name that the configuration gives the model.</param>
    public MqttTopic Prediction(PipelineOptions pipeline, string model)
        => new(pipeline.Publish.Topic is { } topic ? PublishOptions.TopicOf(topic, model) : $"{_root}/{pipeline.Name}/prediction");
}

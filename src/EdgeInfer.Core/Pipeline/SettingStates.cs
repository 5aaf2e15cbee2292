using EdgeInfer.Configuration;
using EdgeInfer.Messaging;
using EdgeInfer.Settings;
using EdgeInfer.Sinks;

namespace EdgeInfer.Pipeline;

/// <summary>
/// The retained states of settings: what is at work, where it comes from, and why a message set nothing. Publishes those that are others
/// than at the last time. One thread at a time.
/// </summary>
/// <param name="store">What was set.</param>
/// <param name="outgoing">Where states go.</param>
/// <param name="modelThreshold">The threshold that a pipeline's models have of their own; null while that is not known.</param>
/// <param name="time">Clock.</param>
internal sealed class SettingStates(SettingStore store, IOutgoing outgoing, Func<string, double?> modelThreshold, TimeProvider time)
{
    private readonly Dictionary<(string Pipeline, string Key), RefusedSetting> _refused = [];
    private readonly Dictionary<(string Pipeline, string Key), (string? Value, SettingOrigin Origin, DateTimeOffset At)> _since = [];
    private readonly Dictionary<string, byte[]> _published = [];
    private MqttTopics? _topics;

    /// <summary>Why what is set will not outlast a restart; null where it will.</summary>
    public string? Unsaved { get; set; }

    /// <summary>Where states go from now on.</summary>
    /// <param name="topics">The device's topics.</param>
    /// <param name="isNewBroker">Whether what was published before is not known there.</param>
    public void Use(MqttTopics topics, bool isNewBroker)
    {
        _topics = topics;
        if (isNewBroker) _published.Clear();
    }

    /// <summary>A message has come: its state is said again even where nothing is new, for it is the answer.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="key">The key.</param>
    /// <param name="refused">Why it set nothing; null where it was taken.</param>
    public void Answer(string pipeline, string key, RefusedSetting? refused)
    {
        if (refused is null) _refused.Remove((pipeline, key));
        else _refused[(pipeline, key)] = refused;
        if (_topics is { } topics) _published.Remove(topics.State(pipeline, key).Name);
    }

    /// <summary>A pipeline is gone: its states are cleared.</summary>
    public void Forget(string pipeline)
    {
        foreach (string key in SettingKey.AllWithState)
        {
            _refused.Remove((pipeline, key));
            _since.Remove((pipeline, key));
            if (_topics?.State(pipeline, key) is not { } topic || !_published.Remove(topic.Name)) continue;
            outgoing.PublishState(topic, []);
        }
    }

    /// <summary>Publishes what is not known yet.</summary>
    /// <param name="pipelines">All pipelines.</param>
    public void Publish(IEnumerable<PipelineOptions> pipelines)
    {
        if (_topics is not { } topics) return;
        foreach (PipelineOptions pipeline in pipelines)
        {
            foreach (string key in SettingKey.AllWithState)
            {
                if (State(pipeline, key) is not { } state) continue;
                MqttTopic topic = topics.State(pipeline.Name, key);
                byte[] message = state.Encode();
                if (_published.TryGetValue(topic.Name, out byte[]? before) && before.AsSpan().SequenceEqual(message)) continue;
                _published[topic.Name] = message;
                outgoing.PublishState(topic, message);
            }
        }
    }

    /// <summary>Null for a key of a later version that nobody has tried to set.</summary>
    private SettingState? State(PipelineOptions pipeline, string key)
    {
        RefusedSetting? refused = _refused.GetValueOrDefault((pipeline.Name, key));
        if (SettingKey.IsLater(key)) return refused is null ? null : Since(pipeline, key, null, SettingOrigin.Configuration, refused);
        if (store.Find(pipeline.Name, key) is { } set)
        {
            _since.Remove((pipeline.Name, key));
            return new(set.Value, SettingOrigin.Set, set.At, Unsaved, refused);
        }

        if (SettingKey.Configured(pipeline, key) is { } configured) return Since(pipeline, key, configured.Json, SettingOrigin.Configuration, refused);
        string? ofModel = modelThreshold(pipeline.Name) is { } threshold ? SettingValue.Of(threshold).Json : null;
        return Since(pipeline, key, ofModel, SettingOrigin.Model, refused);
    }

    // The time is that of the last change, so that a state says nothing new where nothing is.
    private SettingState Since(PipelineOptions pipeline, string key, string? value, SettingOrigin origin, RefusedSetting? refused)
    {
        if (!_since.TryGetValue((pipeline.Name, key), out (string? Value, SettingOrigin Origin, DateTimeOffset At) known) || (known.Value, known.Origin) != (value, origin))
            _since[(pipeline.Name, key)] = known = (value, origin, time.GetUtcNow());
        return new(value, origin, known.At, Unsaved, refused);
    }
}

using System.Text;

namespace EdgeInfer.Configuration;

/// <summary>Whether each pipeline has a topic of its own that MQTT allows and the agent does not use for something else.</summary>
/// <param name="context">Receives what is wrong.</param>
/// <param name="prefix"><c>mqtt.prefix</c>.</param>
/// <param name="device"><c>device.id</c>.</param>
internal sealed class TopicCheck(ReadingContext context, string prefix, string device)
{
    // MQTT 5, section 1.5.4: a string has at most this many bytes.
    private const int LongestTopicBytes = 65_535;

    private static readonly string[] s_commandLevels = ["set", "cmd", "update"];

    /// <summary>What keeps a text from being a topic to publish to; null where nothing does.</summary>
    public static string? Fault(string topic)
    {
        if (topic.Length == 0) return "is empty";
        if (topic.AsSpan().ContainsAny('+', '#')) return "holds a wildcard";
        if (topic.Any(char.IsControl)) return "holds a control character";
        if (topic.AsSpan().ContainsAny('{', '}')) return "holds a placeholder other than {prefix}, {device}, {pipeline} and {model}";
        if (topic[0] == '$') return "begins with '$', which belongs to the broker";
        if (topic.Split('/').Contains("")) return "has an empty level";
        if (topic.Split('/').FirstOrDefault(s_commandLevels.Contains) is { } level) return $"has the level '{level}', which is for commands";
        return Encoding.UTF8.GetByteCount(topic) > LongestTopicBytes ? $"is longer than {LongestTopicBytes} bytes" : null;
    }

    /// <summary>Fills the placeholders of every topic, and adds a fault for each that is not sound or not free.</summary>
    public List<PipelineOptions> Fill(IReadOnlyList<PipelineOptions> pipelines)
    {
        string own = $"{prefix}/{device}";
        Dictionary<string, string> taken = new(StringComparer.Ordinal)
        {
            [$"{own}/status"] = "the device's status",
            [$"{own}/gap"] = "declared losses",
        };
        foreach (PipelineOptions pipeline in pipelines) taken[$"{own}/{pipeline.Name}/status"] = $"the status of pipeline '{pipeline.Name}'";

        List<PipelineOptions> filled = [];
        foreach (PipelineOptions pipeline in pipelines)
        {
            PublishOptions publish = pipeline.Publish;
            if (publish.Topic is not null) publish = publish with { Topic = Filled(publish.Topic, pipeline.Name) };
            filled.Add(pipeline with { Publish = publish });

            foreach (string topic in Topics(pipeline, publish.Topic))
            {
                string? wrong = publish.Topic is null ? null : Fault(topic);
                if (wrong is null && !taken.TryAdd(topic, $"pipeline '{pipeline.Name}'")) wrong = $"is the topic of {taken[topic]} already";
                if (wrong is null) continue;
                context.Add(publish.TopicMark ?? pipeline.Mark, $"pipelines.{pipeline.Name}.publish.topic: {Quoted.Text(topic)} {wrong}",
                    "choose another topic");
                break;
            }
        }

        return filled;
    }

    // Models of one pipeline may share a topic.
    private IEnumerable<string> Topics(PipelineOptions pipeline, string? topic) => topic is null
        ? [$"{prefix}/{device}/{pipeline.Name}/prediction"]
        : pipeline.Models.Select(model => PublishOptions.TopicOf(topic, model)).DefaultIfEmpty(topic).Distinct(StringComparer.Ordinal);

    private string Filled(string topic, string pipeline) => topic
        .Replace("{prefix}", prefix, StringComparison.Ordinal)
        .Replace("{device}", device, StringComparison.Ordinal)
        .Replace("{pipeline}", pipeline, StringComparison.Ordinal);
}

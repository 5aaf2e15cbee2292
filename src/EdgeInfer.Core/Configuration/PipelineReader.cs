using System.Globalization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>Reads <c>pipelines.NAME</c>.</summary>
/// <param name="context">Receives what is wrong.</param>
/// <param name="models">The models there are.</param>
/// <param name="used">Receives the names of those that a pipeline uses.</param>
internal sealed class PipelineReader(ReadingContext context, IReadOnlyDictionary<string, ModelReference> models, HashSet<string> used)
{
    private const double MostFramesPerSecond = 1000;
    private const int MostModels = 8;

    private static readonly TimeSpan s_shortestHeartbeat = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestHeartbeat = TimeSpan.FromDays(1);

    private static readonly KeyValuePair<string, bool>[] s_deliveries = [new("normal", false), new("durable", true)];

    private static readonly KeyValuePair<string, PublishMode>[] s_modes =
        [new("on-change", PublishMode.OnChange), new("every", PublishMode.Every), new("off", PublishMode.Off)];

    /// <summary>
    /// One pipeline, with the faults that it has added in place of what was wrong; null where it is not a mapping.
    /// Where a fault was added the whole configuration is dropped; until then the rest is worth checking.
    /// </summary>
    public PipelineOptions? Read(MappingReader pipelines, YamlScalar key)
    {
        string name = key.Value;
        if (!ConfiguredName.IsSound(name)) context.Add(key.Mark, $"pipelines: the name {Quoted.Text(name)}", ConfiguredName.Expected);
        else if (ConfiguredName.IsReserved(name))
            context.Add(key.Mark, $"pipelines: the name '{name}' is reserved", $"choose another than {ConfiguredName.Reserved}");

        if (pipelines.Mapping(name) is not { } pipeline)
        {
            if (!pipelines.Has(name)) context.Add(key.Mark, $"{pipelines.PathOf(name)}: says nothing", "write { source: …, model: NAME }");
            return null;
        }

        List<LabelMention> mentions = [];
        (double? threshold, Dictionary<string, double> perLabel) = Thresholds(pipeline, mentions);
        PipelineOptions options = new()
        {
            Name = name,
            Mark = key.Mark,
            Source = new SourceReader(context).Read(pipeline),
            Models = Models(pipeline),
            ModelMark = pipeline.MarkOf("model"),
            FramesPerSecond = FramesPerSecond(pipeline),
            Labels = Labels(pipeline, mentions),
            Threshold = threshold,
            LabelThresholds = perLabel,
            LabelMentions = mentions,
            MinArea = pipeline.Number("min_area", 0, 1) ?? 0,
            Publish = Publish(pipeline),
            Record = RecordReader.Read(pipeline),
            IsDurable = pipeline.Choice("delivery", s_deliveries) ?? false,
        };
        if (options.IsDurable && options.Publish.Qos == 0)
            pipeline.Fault("delivery", "durable results need an acknowledgement, and publish.qos is 0", "write publish: { qos: 1 }, or delivery: normal");
        pipeline.NotYet("masks", "motion", "track", "zones", "lines");
        pipeline.Close();
        return options;
    }

    // A model that is at fault is left out; the whole configuration is dropped then.
    private List<string> Models(MappingReader pipeline)
    {
        List<string> named = [];
        switch (pipeline.Node("model"))
        {
            case null:
                pipeline.Missing("model", models.Count == 0 ? "name one of models" : $"name one of {string.Join(", ", models.Keys)}");
                break;
            case YamlSequence { Items.Count: 0 }:
                pipeline.Fault("model", "found an empty list", "name at least one model");
                break;
            case YamlSequence list:
                foreach (YamlNode item in list.Items) Add(item);
                break;
            case YamlNode node:
                Add(node);
                break;
        }

        if (named.Count > MostModels) pipeline.Fault("model", $"{named.Count} models", $"at most {MostModels} in one pipeline");
        return named;

        void Add(YamlNode node)
        {
            if (Model(pipeline, node) is not { } name) return;
            if (named.Contains(name)) context.Add(node.Mark, $"{pipeline.PathOf("model")}: '{name}' stands here a second time", "keep one of them");
            else named.Add(name);
        }
    }

    private string? Model(MappingReader pipeline, YamlNode node)
    {
        if (node is not YamlScalar { IsNull: false } scalar)
        {
            pipeline.Wrong(node, "model", "the name of a model, or a list of names");
            return null;
        }

        if (models.ContainsKey(scalar.Value))
        {
            used.Add(scalar.Value);
            return scalar.Value;
        }

        string known = models.Count == 0 ? "models names none" : $"models has {string.Join(", ", models.Keys)}";
        string? near = NearestKey.Find(scalar.Value, models.Keys);
        if (near is not null) used.Add(near);
        context.Add(node.Mark, $"{pipeline.PathOf("model")}: there is no model {Quoted.Text(scalar.Value)}", near is null ? known : $"did you mean '{near}'?");
        return null;
    }

    private static double? FramesPerSecond(MappingReader pipeline)
    {
        switch (pipeline.Node("fps"))
        {
            case null:
                return 5;
            case YamlScalar { Value: "max" }:
                return null;
            case YamlScalar scalar when ScalarText.TryNumber(scalar.Value, out double rate) && rate is > 0 and <= MostFramesPerSecond:
                return rate;
            case YamlNode other:
                pipeline.Wrong(other, "fps",
                    string.Create(CultureInfo.InvariantCulture, $"max, or a number above 0, at most {MostFramesPerSecond}"));
                return null;
        }
    }

    private List<string>? Labels(MappingReader pipeline, List<LabelMention> mentions)
    {
        if (pipeline.List("labels") is not { } items) return null;
        List<string> labels = [];
        if (items.Count == 0)
            pipeline.Fault("labels", "found an empty list, which would report nothing", "name labels, or remove the key for all");
        foreach (YamlNode item in items)
        {
            if (item is not YamlScalar { Value.Length: > 0 } scalar)
            {
                pipeline.Wrong(item, "labels", "a list of labels");
                continue;
            }

            if (labels.Contains(scalar.Value))
            {
                context.Warn(item.Mark, $"{pipeline.PathOf("labels")}: {Quoted.Text(scalar.Value)} stands here a second time",
                    "keep one of them");
                continue;
            }

            labels.Add(scalar.Value);
            mentions.Add(new(scalar.Value, pipeline.PathOf("labels"), item.Mark));
        }

        return labels;
    }

    private static (double? Threshold, Dictionary<string, double> PerLabel) Thresholds(MappingReader pipeline, List<LabelMention> mentions)
    {
        Dictionary<string, double> perLabel = new(StringComparer.Ordinal);
        switch (pipeline.Node("threshold"))
        {
            case null:
                return (null, perLabel);
            case YamlScalar:
                return (pipeline.Number("threshold", 0, 1), perLabel);
            case YamlSequence list:
                pipeline.Wrong(list, "threshold", "a number from 0 to 1, or { default: 0.4, LABEL: 0.6 }");
                return (null, perLabel);
        }

        MappingReader mapping = pipeline.Mapping("threshold")!;
        foreach ((YamlScalar key, _) in mapping.Entries)
        {
            if (key.Value == "default" || mapping.Number(key.Value, 0, 1) is not { } number) continue;
            perLabel.TryAdd(key.Value, number);
            mentions.Add(new(key.Value, mapping.PathOf(key.Value), key.Mark));
        }

        return (mapping.Number("default", 0, 1), perLabel);
    }

    private static PublishOptions Publish(MappingReader pipeline)
    {
        PublishOptions options = new();
        if (pipeline.Mapping("publish") is not { } publish) return options;
        options = options with
        {
            Predictions = publish.Choice("predictions", s_modes) ?? options.Predictions,
            MinInterval = publish.Duration("min_interval", TimeSpan.Zero, TimeSpan.FromDays(1)) ?? options.MinInterval,
            Heartbeat = Heartbeat(publish, options.Heartbeat),
            Topic = publish.Text("topic"),
            TopicMark = publish.Has("topic") ? publish.MarkOf("topic") : null,
            Qos = publish.Integer("qos", 0, 1) ?? options.Qos,
        };
        publish.NotYet("events", "counts", "snapshots");
        publish.Close();
        return options;
    }

    private static TimeSpan? Heartbeat(MappingReader publish, TimeSpan? unwritten)
    {
        switch (publish.Node("heartbeat"))
        {
            case null:
                return unwritten;
            case YamlScalar { Value: "off" }:
                return null;
            case YamlScalar scalar when ScalarText.TryDuration(scalar.Value, out TimeSpan time)
                && time >= s_shortestHeartbeat && time <= s_longestHeartbeat:
                return time;
            case YamlNode other:
                publish.Wrong(other, "heartbeat", "off, or a duration such as 10s, from 100ms to 1d");
                return null;
        }
    }
}

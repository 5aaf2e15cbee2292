using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>The flags of <c>run</c> without a file; exactly one of the sources is set.</summary>
/// <param name="Camera">Path of a V4L2 node.</param>
/// <param name="Stream">http or https address of an MJPEG stream.</param>
/// <param name="Files">A picture, a folder or a glob.</param>
/// <param name="Model">A model folder or an .onnx file.</param>
/// <param name="Broker">Address of the broker.</param>
internal sealed record RunFlags(string? Camera, string? Stream, string? Files, string? Model, string? Broker);

/// <summary>Reads the agent's configuration: YAML with environment variables over it, every fault at once.</summary>
/// <param name="environment">The environment variables, for overrides and secrets.</param>
/// <param name="host">This machine, for the default device id.</param>
internal sealed class AgentConfigurationReader(IReadOnlyDictionary<string, string> environment, HostIdentity host)
{
    private const int LongestFileBytes = 1 << 20;
    private const int MostPipelines = 64;
    private const int MostModels = 256;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; relative paths in it are relative to its folder.</param>
    /// <param name="faults">Receives every fault and warning found.</param>
    /// <returns>The configuration; null where a fault was added.</returns>
    public AgentConfiguration? Read(string path, FaultList faults)
    {
        try
        {
            // The text may hold secrets of any encoding: what is not UTF-8 becomes a replacement character and fails where it stands.
            string text = Encoding.UTF8.GetString(BoundedFile.Read(path, LongestFileBytes));
            return ReadText(text.TrimStart('\uFEFF'), path, faults);
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, path, "name the configuration with -c FILE");
            faults.Add(e is InvalidDataException ? FaultKind.Configuration : BoundedFile.KindOf(e), "", what, cure);
            return null;
        }
    }

    /// <summary>As <see cref="Read"/>, of a text that stands in for the file.</summary>
    public AgentConfiguration? ReadText(string text, string path, FaultList faults)
    {
        FaultList own = new();
        AgentConfiguration? configuration = null;
        if (YamlTree.Parse(text, path, own) is { } node)
        {
            if (node is YamlMapping root) configuration = ReadRoot(EnvironmentOverrides.Apply(root, environment, own), path, own);
            else own.Add(FaultKind.Configuration, node.Mark.ToString(), $"found {node.Kind}", "expected a mapping with the keys mqtt, models and pipelines");
        }

        foreach (Fault fault in own.Faults) faults.Add(fault);
        foreach (Fault warning in own.Warnings) faults.Warn(warning.Kind, warning.Where, warning.What, warning.Cure);
        return own.IsEmpty ? configuration : null;
    }

    /// <summary>What the flags of <c>run</c> say, with the environment's overrides and every default.</summary>
    /// <returns>The configuration, with one pipeline named <c>main</c>; null where a fault was added.</returns>
    public AgentConfiguration? FromFlags(RunFlags flags, FaultList faults)
    {
        (string Key, string? Value)[] sources = [("camera", flags.Camera), ("stream", flags.Stream), ("files", flags.Files)];
        string[] given = [.. sources.Where(s => s.Value is not null).Select(s => "--" + s.Key)];
        int before = faults.Faults.Count;
        if (given.Length == 0) faults.Add(FaultKind.Usage, "", "no source", "give one of --camera, --stream, --files, or a configuration with -c");
        if (given.Length > 1) faults.Add(FaultKind.Usage, "", $"{string.Join(" and ", given)} exclude each other", "keep one; a configuration file can have several pipelines");
        if (flags.Model is null) faults.Add(FaultKind.Usage, "", "--model is missing", "name a model folder or an .onnx file");
        if (flags.Broker is null) faults.Add(FaultKind.Usage, "", "--broker is missing", "for example --broker mqtt://127.0.0.1:1883");
        if (faults.Faults.Count > before) return null;

        (string kind, string? source) = sources.Single(s => s.Value is not null);
        YamlMapping root = Flag("", ("mqtt", Flag("--broker", ("url", Value("--broker", flags.Broker!)))),
            ("models", Flag("--model", ("main", Flag("--model", ("path", Value("--model", flags.Model!)))))),
            ("pipelines", Flag("", ("main", Flag("", ("model", Value("--model", "main")), ("source", Flag("--" + kind, (kind, Value("--" + kind, source!)))))))));
        AgentConfiguration? configuration = ReadRoot(EnvironmentOverrides.Apply(root, environment, faults), "", faults);
        return faults.Faults.Count > before ? null : configuration;

        static YamlScalar Value(string flag, string text) => new(new(flag, 0, 0), text, isQuoted: true);
        static YamlMapping Flag(string flag, params ReadOnlySpan<(string Key, YamlNode Node)> entries)
        {
            List<KeyValuePair<YamlScalar, YamlNode>> list = [];
            foreach ((string key, YamlNode node) in entries) list.Add(new(Value(flag, key), node));
            return new(new(flag, 0, 0), list);
        }
    }

    private AgentConfiguration? ReadRoot(YamlMapping mapping, string path, FaultList faults)
    {
        string folder = path.Length == 0 ? Directory.GetCurrentDirectory() : Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        ReadingContext context = new(path, folder, environment, host, faults);
        MappingReader root = new(mapping, "", faults);

        DeviceOptions device = new DeviceReader(context).Read(root);
        MqttOptions? mqtt = new MqttReader(context).Read(root);
        RuntimeOptions runtime = new RuntimeReader(context).Read(root);
        Dictionary<string, ModelReference> models = ReadModels(root, context);
        List<PipelineOptions> pipelines = ReadPipelines(root, context, models);
        root.NotYet("outbox", "updates", "http");
        root.Close();
        pipelines = new TopicCheck(context, mqtt?.Prefix ?? MqttOptions.DefaultPrefix, device.Id).Fill(pipelines);
        if (mqtt is null || !faults.IsEmpty) return null;
        return new() { File = path, Device = device, Mqtt = mqtt, Runtime = runtime, Models = models, Pipelines = pipelines };
    }

    private static Dictionary<string, ModelReference> ReadModels(MappingReader root, ReadingContext context)
    {
        Dictionary<string, ModelReference> models = new(StringComparer.Ordinal);
        if (root.Mapping("models") is not { } reader)
        {
            if (!root.Has("models")) root.Missing("models", "name at least one: models: { NAME: { path: PATH } }");
            return models;
        }

        if (reader.Entries.Count > MostModels) root.Fault("models", $"{reader.Entries.Count} models", $"at most {MostModels}");
        foreach ((YamlScalar key, YamlNode written) in reader.Entries)
        {
            if (!ConfiguredName.IsSound(key.Value)) context.Add(key.Mark, $"models: the name {Quoted.Text(key.Value)}", ConfiguredName.Expected);
            string? path = null;
            if (reader.Node(key.Value) is YamlMapping)
            {
                MappingReader entry = reader.Mapping(key.Value)!;
                entry.NotYet("managed", "initial");
                path = context.AbsolutePath(entry, "path");
                if (!entry.Has("path") && !entry.Contains("managed")) entry.Missing("path", "name a model folder or an .onnx file");
                entry.Close();
            }
            else
            {
                reader.Wrong(written, key.Value, "{ path: PATH }");
            }

            // A model with a fault still counts as there, so that its pipelines are not blamed too.
            models.TryAdd(key.Value, new(key.Value, path ?? "", key.Mark));
        }

        return models;
    }

    private static List<PipelineOptions> ReadPipelines(MappingReader root, ReadingContext context, Dictionary<string, ModelReference> models)
    {
        List<PipelineOptions> pipelines = [];
        HashSet<string> used = [];
        if (root.Mapping("pipelines") is not { Entries.Count: > 0 } reader)
        {
            if (root.Node("pipelines") is null or YamlMapping) root.Missing("pipelines", "name at least one: pipelines: { NAME: { source: …, model: … } }");
            return pipelines;
        }

        if (reader.Entries.Count > MostPipelines) root.Fault("pipelines", $"{reader.Entries.Count} pipelines", $"at most {MostPipelines}");
        PipelineReader each = new(context, models, used);
        foreach ((YamlScalar key, _) in reader.Entries)
            if (each.Read(reader, key) is { } pipeline) pipelines.Add(pipeline);

        foreach (ModelReference model in models.Values)
            if (!used.Contains(model.Name)) context.Warn(model.Mark, $"models.{model.Name}: no pipeline uses it", "remove it, or name it in a pipeline");
        return pipelines;
    }
}

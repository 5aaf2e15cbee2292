using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>Reads the agent's configuration: YAML with environment variables over it, every fault at once.</summary>
/// <param name="environment">The environment variables, for overrides and secrets.</param>
/// <param name="host">This machine, for the default device id.</param>
/// <param name="installed">The folder of the installed model of a name, or null; may throw <see cref="FaultException"/>.</param>
internal sealed partial class AgentConfigurationReader(
    IReadOnlyDictionary<string, string> environment, HostIdentity host, Func<string, string?>? installed = null)
{
    private const int LongestFileBytes = 1 << 20;
    private const int MostPipelines = 64;
    private const int MostModels = 256;
    private const long LeastGateMemory = 1L << 20;
    private const long MostGateMemory = 1L << 40;
    private static readonly TimeSpan s_leastP95 = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_mostP95 = TimeSpan.FromHours(1);
    private const string CureWithoutFile =
        "take them out and give --username and --password-file for the camera, --broker-username and --broker-password-file for the broker; or write a configuration file";

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; relative paths in it are relative to its folder.</param>
    /// <param name="faults">Receives every fault and warning found.</param>
    /// <returns>The configuration; null where a fault was added.</returns>
    public AgentConfiguration? Read(string path, FaultList faults)
    {
        int before = faults.Faults.Count;
        AgentConfiguration? draft = Draft(path, faults);
        return faults.Faults.Count > before ? null : draft;
    }

    /// <summary>As <see cref="Read"/>, of a text that stands in for the file.</summary>
    public AgentConfiguration? ReadText(string text, string path, FaultList faults)
    {
        int before = faults.Faults.Count;
        AgentConfiguration? draft = DraftOfText(text, path, faults);
        return faults.Faults.Count > before ? null : draft;
    }

    /// <summary>
    /// As <see cref="Read"/>, but with what could be read in spite of faults, so that more can be checked; not to be run.
    /// Paths, model names and topics that were at fault are empty.
    /// </summary>
    /// <returns>The draft; null where the file is not YAML or cannot be read.</returns>
    public AgentConfiguration? Draft(string path, FaultList faults)
    {
        try
        {
            // What is not UTF-8 becomes a replacement character and fails where it stands.
            string text = Encoding.UTF8.GetString(BoundedFile.Read(path, LongestFileBytes));
            return DraftOfText(text.TrimStart('\uFEFF'), path, faults);
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, path, "write one with 'edgeinfer init', or name another with -c FILE");
            faults.Add(e is InvalidDataException ? FaultKind.Configuration : BoundedFile.KindOf(e), "", what, cure);
            return null;
        }
    }

    private AgentConfiguration? DraftOfText(string text, string path, FaultList faults)
    {
        FaultList found = new();
        AgentConfiguration? draft = null;
        YamlNode? node = YamlTree.Parse(text, path, found);
        if (node is YamlMapping root) draft = ReadRoot(EnvironmentOverrides.Apply(root, environment, found), path, found);
        else if (node is not null)
            found.Add(FaultKind.Configuration, node.Mark.ToString(), $"found {node.Kind}", "expected a mapping with mqtt, models and pipelines");

        // Readers go by meaning, people by line.
        foreach (Fault fault in found.Faults.OrderBy(Position)) faults.Add(fault);
        foreach (Fault warning in found.Warnings.OrderBy(Position)) faults.Warn(warning.Kind, warning.Where, warning.What, warning.Cure);
        return draft;

        (int Line, int Column) Position(Fault fault)
        {
            if (!fault.Where.StartsWith(path + ":", StringComparison.Ordinal)) return default;
            string[] numbers = fault.Where[(path.Length + 1)..].Split(':');
            bool isPlace = numbers.Length == 2 & int.TryParse(numbers[0], out int line) & int.TryParse(numbers[^1], out int column);
            return isPlace ? (line, column) : default;
        }
    }

    private AgentConfiguration ReadRoot(YamlMapping mapping, string path, FaultList faults)
    {
        string folder = path.Length == 0 ? Directory.GetCurrentDirectory() : Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        ReadingContext context = new(path, folder, environment, host, faults)
        {
            InstalledModel = installed,
            CredentialsCure = path.Length == 0 ? CureWithoutFile : null,
        };
        MappingReader root = new(mapping, "", faults);

        DeviceOptions device = new DeviceReader(context).Read(root);
        MqttOptions mqtt = new MqttReader(context).Read(root);
        RuntimeOptions runtime = new RuntimeReader(context).Read(root, out HeatOptions heat);
        Dictionary<string, ModelReference> models = ReadModels(root, context);
        List<PipelineOptions> pipelines = ReadPipelines(root, context, models);
        OutboxOptions outbox = OutboxReader.Read(root);
        HttpOptions http = new HttpReader(context).Read(root);
        UpdateOptions? updates = new UpdateReader(context).Read(root);
        if (updates is null) RefuseUnmanaged(models, context);
        root.Close();
        pipelines = new TopicCheck(context, mqtt.Prefix, device.Id).Fill(pipelines);
        return new() { File = path, Device = device, Mqtt = mqtt, Runtime = runtime, Heat = heat, Outbox = outbox, Http = http, Updates = updates, Models = models, Pipelines = pipelines };
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
            string? path = null, managed = null;
            GateOptions gate = new();
            if (reader.Node(key.Value) is YamlMapping)
            {
                MappingReader entry = reader.Mapping(key.Value)!;
                (path, managed) = ReadModel(entry, context);
                gate = ReadGate(entry);
                entry.Close();
            }
            else
            {
                reader.Wrong(written, key.Value, "{ path: PATH }");
            }

            // A model with a fault still counts as there, so that its pipelines are not blamed too.
            models.TryAdd(key.Value, new(key.Value, path ?? "", key.Mark, managed) { Gate = gate });
        }

        return models;
    }

    private static (string? Path, string? Managed) ReadModel(MappingReader entry, ReadingContext context)
    {
        if (entry.Text("managed") is not { } managed)
        {
            string? path = context.ModelPath(entry, "path");
            if (!entry.Has("path")) entry.Missing("path", "name a model folder or an .onnx file");
            if (entry.Has("initial")) entry.Fault("initial", "it is what a managed model begins with, and this one is not managed", "write path instead, or add managed: NAME");
            return (path, null);
        }

        // The rule of names of models, whose home is a level above.
        bool isSound = managed.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(managed[0]) && managed.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
        if (!isSound)
            entry.Fault("managed", $"found {Quoted.Text(managed)}", "expected 1 to 64 letters, digits, '.', '-' or '_', beginning with a letter or digit");
        if (entry.Has("path")) entry.Fault("path", "a managed model lies in the state folder", "write initial: PATH for what it begins with, or remove managed");
        return (context.ModelPath(entry, "initial"), isSound ? managed : null);
    }

    private static GateOptions ReadGate(MappingReader entry)
    {
        if (!entry.Has("managed") && entry.Has("gate")) entry.Fault("gate", "it is what releases of a managed model must keep to, and this one is not managed", "remove it, or write managed: NAME instead of path");
        if (entry.Mapping("gate") is not { } gate) return new();
        GateOptions options = new()
        {
            P95 = gate.Duration("p95", s_leastP95, s_mostP95),
            MemoryBytes = gate.Bytes("memory", LeastGateMemory, MostGateMemory),
            Map50 = gate.Number("map50", 0, 1),
        };
        gate.Close();
        return options;
    }

    private static void RefuseUnmanaged(Dictionary<string, ModelReference> models, ReadingContext context)
    {
        foreach (ModelReference model in models.Values.Where(static m => m.Managed is not null))
            context.Add(model.Mark, $"models.{model.Name}.managed: there is no section 'updates', so nothing would ever come", "write updates: { repository: URL, root: FILE }, or path instead of managed");
    }

    private static List<PipelineOptions> ReadPipelines(MappingReader root, ReadingContext context, Dictionary<string, ModelReference> models)
    {
        List<PipelineOptions> pipelines = [];
        HashSet<string> used = [];
        if (root.Mapping("pipelines") is not { Entries.Count: > 0 } reader)
        {
            if (root.Node("pipelines") is null or YamlMapping)
                root.Missing("pipelines", "name at least one: pipelines: { NAME: { source: …, model: … } }");
            return pipelines;
        }

        if (reader.Entries.Count > MostPipelines) root.Fault("pipelines", $"{reader.Entries.Count} pipelines", $"at most {MostPipelines}");
        PipelineReader each = new(context, models, used);
        foreach ((YamlScalar key, _) in reader.Entries)
            if (each.Read(reader, key) is { } pipeline) pipelines.Add(pipeline);

        Dictionary<string, string> cameras = new(StringComparer.Ordinal);
        foreach (PipelineOptions pipeline in pipelines)
        {
            if (pipeline.Source is not CameraOptions { Device.Length: > 0 } camera || cameras.TryAdd(camera.Device, pipeline.Name)) continue;
            string other = cameras[camera.Device];
            context.Add(pipeline.Mark, $"pipelines.{pipeline.Name}.source.camera: {camera.Device} is the camera of pipeline '{other}' already",
                "a camera serves one pipeline");
        }

        foreach (ModelReference model in models.Values)
        {
            if (used.Contains(model.Name)) continue;
            context.Warn(model.Mark, $"models.{model.Name}: no pipeline uses it", "remove it, or name it in a pipeline");
        }

        return pipelines;
    }
}

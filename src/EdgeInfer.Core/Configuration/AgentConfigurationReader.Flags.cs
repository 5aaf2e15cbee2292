using System.Globalization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>The flags that name a source; exactly one of the first four is set.</summary>
internal sealed record SourceFlags
{
    /// <summary>Path of a V4L2 node, or <c>csi:N</c>.</summary>
    public string? Camera { get; init; }

    /// <summary>Address of a stream or of a picture.</summary>
    public string? Stream { get; init; }

    /// <summary>A picture, a folder or a glob.</summary>
    public string? Files { get; init; }

    /// <summary>A command line that writes pictures.</summary>
    public string? Exec { get; init; }

    /// <summary>Wanted size, such as 1280x720.</summary>
    public string? Size { get; init; }

    /// <summary>Wanted rate.</summary>
    public double? FramesPerSecond { get; init; }

    /// <summary>Wanted format.</summary>
    public string? Format { get; init; }

    /// <summary>User name at the camera.</summary>
    public string? Username { get; init; }

    /// <summary>File that holds the camera's password.</summary>
    public string? PasswordFile { get; init; }
}

/// <summary>The flags of <c>run</c> without a file.</summary>
/// <param name="Source">Where frames come from.</param>
/// <param name="Model">A model folder, an .onnx file, or a name.</param>
/// <param name="Broker">Address of the broker.</param>
internal sealed record RunFlags(SourceFlags Source, string? Model, string? Broker)
{
    /// <summary>User name at the broker.</summary>
    public string? BrokerUsername { get; init; }

    /// <summary>File that holds the broker's password.</summary>
    public string? BrokerPasswordFile { get; init; }

    /// <summary>Inferences a second, or <c>max</c>.</summary>
    public string? Rate { get; init; }
}

/// <summary>The flags that name a broker to listen to.</summary>
/// <param name="Broker">Its address.</param>
/// <param name="Username">User name.</param>
/// <param name="PasswordFile">File that holds the password.</param>
/// <param name="Authorities">PEM file of authorities that replaces the system's.</param>
internal sealed record BrokerFlags(string Broker, string? Username, string? PasswordFile, string? Authorities)
{
    /// <summary>The version of MQTT, as <c>mqtt.protocol</c>.</summary>
    public string? Protocol { get; init; }
}

/// <summary>Flags are read as the configuration that they stand for: the same checks and words, with the flag as the place.</summary>
internal sealed partial class AgentConfigurationReader
{
    private const string CredentialFlags = "take them out and give --username and --password-file";

    /// <summary>What the flags of <c>run</c> say, with the environment's overrides and every default.</summary>
    /// <returns>The configuration, with one pipeline named <c>main</c>; null where a fault was added.</returns>
    public AgentConfiguration? FromFlags(RunFlags flags, FaultList faults)
    {
        int before = faults.Faults.Count;
        CheckKinds(flags.Source, faults);
        if (flags.Model is null) Wrong(faults, "--model is missing", "name a model folder, an .onnx file, or one that 'edgeinfer model list' shows");
        if (flags.Broker is null) Wrong(faults, "--broker is missing", "for example --broker mqtt://127.0.0.1:1883, or --broker embedded://127.0.0.1 for one inside EdgeInfer");
        if (faults.Faults.Count > before) return null;

        List<(string Key, YamlNode Node)> pipeline = [("model", Value("--model", "main")), ("source", Source(flags.Source))];
        if (flags.Rate is { } rate) pipeline.Add(("fps", Value("--fps", rate)));
        YamlMapping root = Mapping("",
            ("mqtt", BrokerOf(flags.Broker!, "--broker-username", flags.BrokerUsername, "--broker-password-file", flags.BrokerPasswordFile)),
            ("models", Mapping("--model", ("main", Mapping("--model", ("path", Value("--model", flags.Model!)))))),
            ("pipelines", Mapping("", ("main", Mapping("", [.. pipeline])))));
        AgentConfiguration configuration = ReadRoot(EnvironmentOverrides.Apply(root, environment, faults), "", faults);
        return faults.Faults.Count > before ? null : configuration;
    }

    /// <summary>The source that flags name, without a pipeline around it and without the environment's overrides.</summary>
    /// <returns>The source; null where a fault was added.</returns>
    public SourceOptions? SourceFromFlags(SourceFlags flags, FaultList faults)
    {
        int before = faults.Faults.Count;
        CheckKinds(flags, faults);
        if (faults.Faults.Count > before) return null;
        ReadingContext context = new("", Directory.GetCurrentDirectory(), environment, host, faults) { CredentialsCure = CredentialFlags };
        SourceOptions source = new SourceReader(context).Read(new(Mapping("", ("source", Source(flags))), "", faults));
        return faults.Faults.Count > before ? null : source;
    }

    /// <summary>What the flags of a listening verb say.</summary>
    /// <returns>The broker; null where a fault was added.</returns>
    public MqttOptions? BrokerFromFlags(BrokerFlags flags, FaultList faults)
    {
        int before = faults.Faults.Count;
        YamlMapping broker = BrokerOf(flags.Broker, "--username", flags.Username, "--password-file", flags.PasswordFile);
        if (flags.Authorities is { } authorities)
            broker = new(broker.Mark, [.. broker.Entries, new(Value("--ca", "tls"), Mapping("--ca", ("ca", Value("--ca", authorities))))]);
        if (flags.Protocol is { } protocol) broker = new(broker.Mark, [.. broker.Entries, new(Value("--protocol", "protocol"), Value("--protocol", protocol))]);
        ReadingContext context = new("", Directory.GetCurrentDirectory(), environment, host, faults) { CredentialsCure = CredentialFlags };
        MqttOptions options = new MqttReader(context).ReadMapping(new(broker, "mqtt", faults));
        return faults.Faults.Count > before ? null : options;
    }

    private static (string Flag, string Key, string? Value)[] Kinds(SourceFlags flags)
        => [("--camera", "camera", flags.Camera), ("--stream", "stream", flags.Stream), ("--files", "files", flags.Files), ("--exec", "exec", flags.Exec)];

    private static void CheckKinds(SourceFlags flags, FaultList faults)
    {
        string[] given = [.. Kinds(flags).Where(k => k.Value is not null).Select(k => k.Flag)];
        if (given.Length == 0) Wrong(faults, "no source", $"give one of {string.Join(", ", Kinds(flags).Select(k => k.Flag))}, or a configuration with -c");
        if (given.Length > 1)
            Wrong(faults, $"{string.Join(" and ", given)} exclude each other", "keep one; a configuration file can have several pipelines");
    }

    private static YamlMapping Source(SourceFlags flags)
    {
        (string flag, string kind, string? named) = Kinds(flags).Single(k => k.Value is not null);
        List<(string Key, YamlNode Node)> entries = [(kind, Value(flag, named!))];
        if (flags.Size is { } size) entries.Add(("size", Value("--size", size)));
        if (flags.FramesPerSecond is { } rate) entries.Add(("fps", Value("--fps", rate.ToString(CultureInfo.InvariantCulture))));
        if (flags.Format is { } format) entries.Add(("format", Value("--format", format)));
        if (flags.Username is { } username) entries.Add(("username", Value("--username", username)));
        if (flags.PasswordFile is { } file) entries.Add(("password", SecretFile("--password-file", file)));
        return Mapping(flag, [.. entries]);
    }

    private static YamlMapping BrokerOf(string url, string usernameFlag, string? username, string passwordFlag, string? passwordFile)
    {
        List<(string Key, YamlNode Node)> entries = [("url", Value("--broker", url))];
        if (username is not null) entries.Add(("username", Value(usernameFlag, username)));
        if (passwordFile is not null) entries.Add(("password", SecretFile(passwordFlag, passwordFile)));
        return Mapping("--broker", [.. entries]);
    }

    private static void Wrong(FaultList faults, string what, string cure) => faults.Add(FaultKind.Usage, "", what, cure);

    private static YamlMapping SecretFile(string flag, string path) => Mapping(flag, ("file", Value(flag, path)));

    private static YamlScalar Value(string flag, string text) => new(new(flag, 0, 0), text, isQuoted: true);

    private static YamlMapping Mapping(string flag, params ReadOnlySpan<(string Key, YamlNode Node)> entries)
    {
        List<KeyValuePair<YamlScalar, YamlNode>> list = [];
        foreach ((string key, YamlNode node) in entries) list.Add(new(Value(flag, key), node));
        return new(new(flag, 0, 0), list);
    }
}

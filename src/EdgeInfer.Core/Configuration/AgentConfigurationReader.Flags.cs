using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>The flags of <c>run</c> without a file; exactly one of the sources is set.</summary>
/// <param name="Camera">Path of a V4L2 node.</param>
/// <param name="Stream">http or https address of an MJPEG stream.</param>
/// <param name="Files">A picture, a folder or a glob.</param>
/// <param name="Model">A model folder or an .onnx file.</param>
/// <param name="Broker">Address of the broker.</param>
internal sealed record RunFlags(string? Camera, string? Stream, string? Files, string? Model, string? Broker);

/// <summary>The flags that name a broker to listen to.</summary>
/// <param name="Broker">Its address.</param>
/// <param name="Username">User name.</param>
/// <param name="PasswordFile">File that holds the password.</param>
/// <param name="Authorities">PEM file of authorities that replaces the system's.</param>
internal sealed record BrokerFlags(string Broker, string? Username, string? PasswordFile, string? Authorities);

/// <summary>Flags are read as the configuration that they stand for: the same checks and words, with the flag as the place.</summary>
internal sealed partial class AgentConfigurationReader
{
    /// <summary>What the flags of <c>run</c> say, with the environment's overrides and every default.</summary>
    /// <returns>The configuration, with one pipeline named <c>main</c>; null where a fault was added.</returns>
    public AgentConfiguration? FromFlags(RunFlags flags, FaultList faults)
    {
        (string Key, string? Value)[] sources = [("camera", flags.Camera), ("stream", flags.Stream), ("files", flags.Files)];
        string[] given = [.. sources.Where(s => s.Value is not null).Select(s => "--" + s.Key)];
        int before = faults.Faults.Count;
        if (given.Length == 0) Wrong("no source", "give one of --camera, --stream, --files, or a configuration with -c");
        if (given.Length > 1)
            Wrong($"{string.Join(" and ", given)} exclude each other", "keep one; a configuration file can have several pipelines");
        if (flags.Model is null) Wrong("--model is missing", "name a model folder or an .onnx file");
        if (flags.Broker is null) Wrong("--broker is missing", "for example --broker mqtt://127.0.0.1:1883");
        if (faults.Faults.Count > before) return null;

        (string kind, string? source) = sources.Single(s => s.Value is not null);
        YamlMapping camera = Mapping("--" + kind, (kind, Value("--" + kind, source!)));
        YamlMapping root = Mapping("",
            ("mqtt", Mapping("--broker", ("url", Value("--broker", flags.Broker!)))),
            ("models", Mapping("--model", ("main", Mapping("--model", ("path", Value("--model", flags.Model!)))))),
            ("pipelines", Mapping("", ("main", Mapping("", ("model", Value("--model", "main")), ("source", camera))))));
        AgentConfiguration configuration = ReadRoot(EnvironmentOverrides.Apply(root, environment, faults), "", faults);
        return faults.Faults.Count > before ? null : configuration;

        void Wrong(string what, string cure) => faults.Add(FaultKind.Usage, "", what, cure);
    }

    /// <summary>What the flags of a listening verb say.</summary>
    /// <returns>The broker; null where a fault was added.</returns>
    public MqttOptions? BrokerFromFlags(BrokerFlags flags, FaultList faults)
    {
        int before = faults.Faults.Count;
        List<(string Key, YamlNode Node)> entries = [("url", Value("--broker", flags.Broker))];
        if (flags.Username is { } username) entries.Add(("username", Value("--username", username)));
        if (flags.PasswordFile is { } file) entries.Add(("password", Mapping("--password-file", ("file", Value("--password-file", file)))));
        if (flags.Authorities is { } authorities) entries.Add(("tls", Mapping("--ca", ("ca", Value("--ca", authorities)))));
        ReadingContext context = new("", Directory.GetCurrentDirectory(), environment, host, faults)
        {
            CredentialsCure = "take them out and give --username and --password-file",
        };
        MqttOptions options = new MqttReader(context).ReadMapping(new(Mapping("--broker", [.. entries]), "mqtt", faults));
        return faults.Faults.Count > before ? null : options;
    }

    private static YamlScalar Value(string flag, string text) => new(new(flag, 0, 0), text, isQuoted: true);

    private static YamlMapping Mapping(string flag, params ReadOnlySpan<(string Key, YamlNode Node)> entries)
    {
        List<KeyValuePair<YamlScalar, YamlNode>> list = [];
        foreach ((string key, YamlNode node) in entries) list.Add(new(Value(flag, key), node));
        return new(new(flag, 0, 0), list);
    }
}

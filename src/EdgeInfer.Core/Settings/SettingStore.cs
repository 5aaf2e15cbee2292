using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Settings;

/// <summary>A value that was set, and what it was set over.</summary>
internal sealed record StoredSetting
{
    /// <summary>The pipeline.</summary>
    public required string Pipeline { get; init; }

    /// <summary>One of <see cref="SettingKey.All"/>.</summary>
    public required string Key { get; init; }

    /// <summary>The value as JSON writes it.</summary>
    public required string Value { get; init; }

    /// <summary>What the configuration said when it was set, as JSON writes it; absent where it left it to the model.</summary>
    public string? Over { get; init; }

    /// <summary>When it was set, UTC.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>
/// The values that were set, in <c>settings.json</c> of the state folder: small, replaced as a whole, written only when one changes.
/// One thread at a time.
/// </summary>
internal sealed class SettingStore
{
    private const string Schema = "edgeinfer/settings/1";
    private const int LargestBytes = 1 << 20;

    private readonly string _path;
    private readonly Dictionary<(string Pipeline, string Key), StoredSetting> _settings = [];

    private SettingStore(string stateFolder) => _path = Path.Combine(stateFolder, "settings.json");

    /// <summary>Reads what was set; a file that cannot be understood is set aside, and nothing is set then.</summary>
    /// <param name="stateFolder">The state folder.</param>
    /// <param name="fault">Why something was not read.</param>
    public static SettingStore Open(string stateFolder, out Fault? fault)
    {
        SettingStore store = new(stateFolder);
        fault = store.Read();
        return store;
    }

    /// <summary>What was set of a key; null where nothing was.</summary>
    public StoredSetting? Find(string pipeline, string key) => _settings.GetValueOrDefault((pipeline, key));

    /// <summary>Sets a value, in memory; <see cref="Save"/> makes it last.</summary>
    public void Set(StoredSetting setting) => _settings[(setting.Pipeline, setting.Key)] = setting;

    /// <summary>Takes a value away, in memory.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Remove(string pipeline, string key) => _settings.Remove((pipeline, key));

    /// <summary>Takes away, in memory, what was set over something else than a configuration says, and what is of no pipeline of it.</summary>
    /// <returns>What was taken away.</returns>
    public IReadOnlyList<StoredSetting> DropOutdated(AgentConfiguration configuration)
    {
        Dictionary<string, PipelineOptions> pipelines = configuration.Pipelines.ToDictionary(static p => p.Name);
        StoredSetting[] outdated = [.. _settings.Values.Where(s =>
            !pipelines.TryGetValue(s.Pipeline, out PipelineOptions? pipeline) || SettingKey.Configured(pipeline, s.Key)?.Json != s.Over)];
        foreach (StoredSetting setting in outdated) _settings.Remove((setting.Pipeline, setting.Key));
        return outdated;
    }

    /// <summary>Writes all values down.</summary>
    /// <exception cref="IOException">They are not kept over a restart.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public void Save()
    {
        DurableFolder.Make(Path.GetDirectoryName(_path)!);
        StoredSettings content = new(Schema, [.. _settings.Values.OrderBy(static s => s.Pipeline, StringComparer.Ordinal).ThenBy(static s => s.Key, StringComparer.Ordinal)]);
        AtomicFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(content, SettingJson.Default.StoredSettings));
    }

    private Fault? Read()
    {
        try
        {
            FileInfo file = new(_path);
            if (!file.Exists) return null;
            if (file.Length > LargestBytes) return SetAside($"it has {file.Length} bytes, more than {LargestBytes}");
            StoredSettings? content = JsonSerializer.Deserialize(File.ReadAllBytes(_path), SettingJson.Default.StoredSettings);
            if (content is not { Schema: Schema, Settings: { } settings }) return SetAside("it is something else");
            foreach (StoredSetting? setting in settings)
                if (setting is { Pipeline: not null, Key: not null, Value: not null } && ConfiguredName.IsSound(setting.Pipeline) && SettingValue.IsSound(setting.Key, setting.Value)) Set(setting);
            return null;
        }
        catch (JsonException e)
        {
            return SetAside($"it is no JSON: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(FaultKind.InputOutput, _path, $"the settings cannot be read: {e.Message}", "what was set over MQTT is forgotten; make the file readable and restart");
        }
    }

    private Fault SetAside(string what)
        => new(FaultKind.InputOutput, _path, $"the settings cannot be understood: {what}", $"what was set over MQTT is forgotten; {DurableMove.SetAside(_path)}");
}

/// <summary>The content of <c>settings.json</c>.</summary>
internal sealed record StoredSettings(string Schema, IReadOnlyList<StoredSetting> Settings);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(StoredSettings))]
internal sealed partial class SettingJson : JsonSerializerContext;

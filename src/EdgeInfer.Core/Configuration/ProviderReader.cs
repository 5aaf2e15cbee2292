namespace EdgeInfer.Configuration;

/// <summary>Reads <c>runtime.providers</c>, <c>runtime.plugins</c> and <c>runtime.options</c>, which speak of each other.</summary>
internal sealed class ProviderReader(ReadingContext context, MappingReader runtime, IReadOnlyList<string> builtIn)
{
    private const string Cpu = "cpu";
    private const int MostDevices = 64;
    private const long LeastMemoryBytes = 1 << 20;
    private const long MostMemoryBytes = 1L << 40;
    private const string PluginCure = "name the provider's own library, such as libonnxruntime_providers_….so";

    /// <summary>The libraries of plug-in providers by name.</summary>
    public Dictionary<string, string> Plugins { get; } = [];

    /// <summary>Every name that the list may hold here.</summary>
    private IReadOnlyList<string> Known => [.. builtIn, .. Plugins.Keys.Where(name => !builtIn.Contains(name))];

    /// <summary>Reads the plug-ins; before the list that names them.</summary>
    public void ReadPlugins()
    {
        if (runtime.Mapping("plugins") is not { } plugins) return;
        foreach ((YamlScalar key, YamlNode value) in plugins.Entries)
        {
            string name = key.Value;
            if (!ConfiguredName.IsSound(name) || name == Cpu)
                context.Add(key.Mark, $"{plugins.Path}: {Quoted.Text(name)} cannot be a provider's name", name == Cpu ? "the CPU's provider is always the built-in one" : ConfiguredName.Expected);
            if (value is YamlScalar { IsNull: true }) plugins.Missing(name, PluginCure);

            // Known to the list even where the file is not there: one fault is enough.
            string? path = context.ExistingFile(plugins, name, PluginCure);
            if (path is not null && PluginLibraryContent.Wrong(path) is { } wrong) plugins.Fault(name, wrong.What, wrong.Cure);
            Plugins.TryAdd(name, path ?? "");
        }
    }

    /// <summary>The list of providers; null where it is absent.</summary>
    public List<string>? ReadList()
    {
        if (runtime.List("providers") is not { } items) return null;
        List<string> providers = [];
        if (items.Count == 0) runtime.Fault("providers", "found an empty list", "name at least one, such as cpu");
        foreach (YamlNode item in items)
        {
            if (item is not YamlScalar { IsNull: false } scalar) runtime.Wrong(item, "providers", "a list of texts");
            else if (!Known.Contains(scalar.Value)) Unknown(item.Mark, runtime.PathOf("providers"), scalar.Value);
            else if (providers.Contains(scalar.Value))
                context.Add(item.Mark, $"{runtime.PathOf("providers")}: '{scalar.Value}' stands here a second time", "keep the first");
            else providers.Add(scalar.Value);
        }

        return providers;
    }

    /// <summary>The options of the providers of the list.</summary>
    public Dictionary<string, ProviderOptions> ReadOptions(IReadOnlyList<string> providers)
    {
        Dictionary<string, ProviderOptions> all = [];
        if (runtime.Mapping("options") is not { } options) return all;
        foreach ((YamlScalar key, YamlNode value) in options.Entries)
        {
            string name = key.Value;
            if (!Known.Contains(name)) Unknown(key.Mark, options.Path, name);
            else if (name == Cpu) context.Add(key.Mark, $"{options.PathOf(name)}: the CPU's provider has no options", "see runtime.threads");
            else if (!providers.Contains(name))
                context.Add(key.Mark, $"{options.PathOf(name)}: {name} is not among runtime.providers", "add it there, or remove its options");
            if (value is YamlScalar { IsNull: true } || options.Mapping(name) is not { } mapping) continue;
            all.TryAdd(name, ReadOne(name, mapping));
        }

        return all;
    }

    private ProviderOptions ReadOne(string provider, MappingReader reader)
    {
        Dictionary<string, string> own = [];
        foreach ((YamlScalar key, YamlNode value) in reader.Entries)
        {
            if (key.Value == ProviderKeys.Background || IsTyped(provider, key.Value)) continue;
            if (ProviderKeys.Typed.Contains(key.Value) && !Plugins.ContainsKey(provider))
                context.Add(key.Mark, $"{reader.PathOf(key.Value)}: {provider} has no option of this name", $"{ProviderKeys.Owners(key.Value)} have; {provider}'s own keys are passed on as they are");
            else if (key.Value.Length == 0 || key.Value.Contains('\0', StringComparison.Ordinal) || value is YamlScalar { IsNull: false } text && text.Value.Contains('\0', StringComparison.Ordinal))
                context.Add(key.Mark, $"{reader.Path}: an option has a name, and no character 0 in it or in its value", "write it as the provider's pages do");
            else if (value is YamlScalar { IsNull: false } scalar) own[key.Value] = scalar.Value;
            else reader.Wrong(value, key.Value, "a text or a number, which is passed on as it is");
        }

        foreach (string key in ProviderKeys.Typed)
        {
            if (ProviderKeys.OwnName(provider, key) is not { } name || !own.ContainsKey(name) || !reader.Contains(key) || Plugins.ContainsKey(provider)) continue;
            reader.Fault(name, $"'{key}' says the same", "keep one of them");
        }

        return new()
        {
            Device = IsTyped(provider, ProviderKeys.Device) ? reader.Integer(ProviderKeys.Device, 0, MostDevices - 1) : null,
            MemoryBytes = IsTyped(provider, ProviderKeys.Memory) ? reader.Bytes(ProviderKeys.Memory, LeastMemoryBytes, MostMemoryBytes) : null,
            IsHalf = IsTyped(provider, ProviderKeys.Fp16) ? reader.Boolean(ProviderKeys.Fp16) : null,
            IsInt8 = IsTyped(provider, ProviderKeys.Int8) ? reader.Boolean(ProviderKeys.Int8) : null,
            IsBackground = reader.Boolean(ProviderKeys.Background),
            Own = own,
        };
    }

    // A plug-in may call its options what it likes; only which of its devices is ours to choose.
    private bool IsTyped(string provider, string key)
        => Plugins.ContainsKey(provider) ? key == ProviderKeys.Device : ProviderKeys.OwnName(provider, key) is not null;

    private void Unknown(Mark mark, string path, string name)
    {
        string? near = NearestKey.Find(name, Known);
        string cure = near is null ? $"known: {string.Join(", ", Known)}; others by runtime.plugins" : $"did you mean '{near}'?";
        context.Add(mark, $"{path}: unknown provider {Quoted.Text(name)}", cure);
    }
}

namespace EdgeInfer.Configuration;

/// <summary><c>runtime</c>.</summary>
public sealed record RuntimeOptions
{
    /// <summary>Execution providers, tried in order.</summary>
    public IReadOnlyList<string> Providers { get; init => field = ByValue.List(value); } = ByValue.List(["cpu"]);

    /// <summary>Whether to refuse to start on anything after the first provider.</summary>
    public bool IsFirstProviderRequired { get; init; }

    /// <summary>Absolute path of a libonnxruntime.so to use instead of the bundled one.</summary>
    public string? OnnxRuntime { get; init; }

    /// <summary>Options of providers, by the name in <see cref="Providers"/>.</summary>
    public IReadOnlyDictionary<string, ProviderOptions> Options { get; init => field = ByValue.Map(value); } = ByValue.Map(new Dictionary<string, ProviderOptions>());

    /// <summary>Libraries of plug-in providers, absolute paths by the name that <see cref="Providers"/> gives each.</summary>
    public IReadOnlyDictionary<string, string> Plugins { get; init => field = ByValue.Map(value); } = ByValue.Map(new Dictionary<string, string>());

    /// <summary>Threads of one inference; 0 is automatic: min(4, processors by affinity and quota).</summary>
    public int Threads { get; init; }

    /// <summary>Folder for optimised graphs, TensorRT's engines and other state that can be rebuilt.</summary>
    public string CacheFolder { get; init; } = "/var/cache/edgeinfer";

    /// <summary>Folder for state that must survive: boot count.</summary>
    public string StateFolder { get; init; } = "/var/lib/edgeinfer";

    /// <summary>Folder on a file system in memory, for what must outlive the process but not the machine's power.</summary>
    public string RunFolder { get; init; } = "/run/edgeinfer";

    /// <summary>Absolute path of the control socket; null for none.</summary>
    public string? Control { get; init; } = DefaultControl;

    /// <summary><see cref="Control"/> where none is written.</summary>
    public const string DefaultControl = "/run/edgeinfer/control.sock";
}

/// <summary>Options of one execution provider: those that operators need by names of ours, all others as its own text.</summary>
public sealed record ProviderOptions
{
    /// <summary>Which of several devices, from 0; null for the first.</summary>
    public int? Device { get; init; }

    /// <summary>The most device memory: CUDA's arena, TensorRT's workspace; null for the provider's own limit.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Whether the provider may compute in half precision; null for its default.</summary>
    public bool? IsHalf { get; init; }

    /// <summary>Whether the provider may compute in 8-bit integers; null for its default.</summary>
    public bool? IsInt8 { get; init; }

    /// <summary>Whether the provider is made ready while the next one serves; null for where that is slow.</summary>
    public bool? IsBackground { get; init; }

    /// <summary>The provider's own keys and values, passed on as they are.</summary>
    public IReadOnlyDictionary<string, string> Own { get; init => field = ByValue.Map(value); } = ByValue.Map(new Dictionary<string, string>());
}

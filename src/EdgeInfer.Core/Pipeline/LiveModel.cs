namespace EdgeInfer.Pipeline;

/// <summary>
/// Which folder a model of the configuration is served from. Most stay where they are; of a managed model another generation goes live while
/// pipelines run: they compare <see cref="Now"/> between two frames. Any thread.
/// </summary>
/// <param name="path">A folder or an .onnx file.</param>
internal sealed class LiveModel(string path)
{
    private volatile LiveGeneration _now = new(path, new());

    /// <summary>What is to serve now; another object after each <see cref="Swap"/>.</summary>
    public LiveGeneration Now => _now;

    /// <summary>Another folder is to serve from now on, counted from nothing.</summary>
    /// <param name="next">A folder that is open already, so that pipelines lose no more than one frame.</param>
    public LiveGeneration Swap(string next) => _now = new(next, new());
}

/// <summary>A folder that serves.</summary>
/// <param name="Path">A folder or an .onnx file.</param>
/// <param name="Record">What it has done since it went live.</param>
internal sealed record LiveGeneration(string Path, ServiceRecord Record);

/// <summary>All managed models of a device. Any thread.</summary>
internal sealed class LiveModels
{
    private const string Scheme = "managed:";

    private readonly Dictionary<string, LiveModel> _managed = [];

    /// <summary>How a plan names a managed model: a name that stays while its folder changes.</summary>
    public static string KeyOf(string managed) => Scheme + managed;

    /// <summary>A managed model; made where it is not known yet.</summary>
    /// <param name="managed">Its name in the store.</param>
    /// <param name="path">What serves it first where it has to be made.</param>
    public LiveModel Open(string managed, string path)
    {
        lock (_managed)
        {
            if (!_managed.TryGetValue(managed, out LiveModel? live)) _managed.Add(managed, live = new(path));
            return live;
        }
    }

    /// <summary>The model that a plan names; of one that is not managed it is another object each time.</summary>
    /// <param name="key">A path, or what <see cref="KeyOf"/> gave.</param>
    /// <exception cref="InvalidOperationException">A managed model that nobody has opened.</exception>
    public LiveModel Of(string key)
    {
        if (!key.StartsWith(Scheme, StringComparison.Ordinal)) return new(key);
        lock (_managed) return _managed.TryGetValue(key[Scheme.Length..], out LiveModel? live) ? live : throw new InvalidOperationException($"{key} was not opened");
    }

    /// <summary>Where the model that a plan names lies now.</summary>
    public string PathOf(string key) => key.StartsWith(Scheme, StringComparison.Ordinal) ? Of(key).Now.Path : key;
}

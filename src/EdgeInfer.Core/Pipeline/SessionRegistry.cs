using EdgeInfer.Inference;
using EdgeInfer.Models;

namespace EdgeInfer.Pipeline;

/// <summary>
/// Opens each model once: pipelines that name the same path share its session. Any thread; different models open side by side, and
/// asking which are open never waits for one that is being loaded.
/// </summary>
internal sealed class SessionRegistry(InferenceRuntime runtime) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = [];
    private bool _isDisposed;

    /// <summary>Threads of one inference.</summary>
    public int Threads => runtime.Threads;

    /// <summary>Version of the native ONNX Runtime in use.</summary>
    public string RuntimeVersion => runtime.Version;

    /// <summary>The session of a model, opened and warmed up by whoever asks first.</summary>
    /// <param name="path">A folder or an .onnx file.</param>
    /// <exception cref="Diagnostics.FaultException">What is wrong with the model; asking again tries again.</exception>
    public ModelSession Open(string path)
    {
        Entry entry;
        lock (_lock)
        {
            string key = Key(path);
            if (!_entries.TryGetValue(key, out entry!)) _entries.Add(key, entry = new() { IsGone = _isDisposed });
        }

        lock (entry.Opening)
        {
            if (entry.Session is { } open) return open;
            ModelSession session = runtime.Open(ModelLoader.Load(path));
            lock (_lock)
            {
                // Whoever stopped meanwhile has let go of the others already; this one goes with its last run.
                if (entry.IsGone) session.Dispose();
                else entry.Session = session;
            }

            return session;
        }
    }

    /// <summary>The model at a path, where it is open.</summary>
    public Model? Find(string path)
    {
        lock (_lock) return _entries.TryGetValue(Key(path), out Entry? entry) ? entry.Session?.Model : null;
    }

    /// <summary>Lets go of a model, so that whoever asks next gets it read anew; one that is still bound goes with its last run.</summary>
    public void Forget(string path) => Forget(key => key == Key(path));

    /// <summary>Lets go of every model but some.</summary>
    public void KeepOnly(IEnumerable<string> paths)
    {
        HashSet<string> kept = [.. paths.Select(Key)];
        Forget(key => !kept.Contains(key));
    }

    /// <summary>Lets go of all models; those still bound go with their last run.</summary>
    public void Dispose()
    {
        lock (_lock) _isDisposed = true;
        Forget(static _ => true);
    }

    private void Forget(Func<string, bool> isMeant)
    {
        lock (_lock)
        {
            foreach (string key in _entries.Keys.Where(isMeant).ToArray())
            {
                _entries.Remove(key, out Entry? entry);
                entry!.IsGone = true;
                entry.Session?.Dispose();
            }
        }
    }

    private static string Key(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private sealed class Entry
    {
        public Lock Opening { get; } = new();

        public ModelSession? Session { get; set; }

        /// <summary>Nobody finds it any more: a session that is still being opened goes as soon as it is there.</summary>
        public bool IsGone { get; set; }
    }
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>
/// Opens each model once: pipelines that name the same path share its session. Any thread; different models open side by side, and
/// asking which are open never waits for one that is being loaded.
/// </summary>
/// <param name="source">Opens models on providers.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">What runs a model, and what does not.</param>
/// <param name="changed">Called after another session serves a model, or none will.</param>
internal sealed class SessionRegistry(ISessionSource source, TimeProvider time, ILogger logger, Action changed) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = [];
    private bool _isDisposed;

    /// <summary>Threads of one inference.</summary>
    public int Threads => source.Threads;

    /// <summary>Version of the native ONNX Runtime in use.</summary>
    public string RuntimeVersion => source.Version;

    /// <summary>A model, opened and warmed up by whoever asks first; it may be served by nothing yet where its provider is still made ready.</summary>
    /// <param name="path">A folder or an .onnx file.</param>
    /// <exception cref="FaultException">
    /// What is wrong with the model; asking again tries again, but not a provider that failed after it was made ready for long.
    /// </exception>
    public ServedModel Open(string path)
    {
        Entry entry;
        lock (_lock)
        {
            string key = Key(path);
            if (!_entries.TryGetValue(key, out entry!)) _entries.Add(key, entry = new() { IsGone = _isDisposed });
        }

        lock (entry.Opening)
        {
            if (entry.Served is { } open) return open.Fault is { } fault ? throw new FaultException(fault) : open;
            ServedModel served = ServedModel.Open(ModelLoader.Load(path), source, time, logger, changed);
            lock (_lock)
            {
                // Whoever stopped meanwhile has let go of the others already; this one goes with its last run.
                if (entry.IsGone) served.Dispose();
                else entry.Served = served;
            }

            return served;
        }
    }

    /// <summary>The model at a path, where it is open.</summary>
    public Model? Find(string path)
    {
        // A managed model that no release has come of yet lies nowhere.
        if (path.Length == 0) return null;
        lock (_lock) return _entries.TryGetValue(Key(path), out Entry? entry) ? entry.Served?.Model : null;
    }

    /// <summary>Lets go of a model, so that whoever asks next gets it read anew; one that is still bound goes with its last run.</summary>
    public void Forget(string path) => Forget(key => key == Key(path));

    /// <summary>Lets go of every model but some.</summary>
    public void KeepOnly(IEnumerable<string> paths)
    {
        HashSet<string> kept = [.. paths.Where(static p => p.Length > 0).Select(Key)];
        Forget(key => !kept.Contains(key));
    }

    /// <summary>Lets go of models that nothing serves or will, so that whoever asks next tries anew.</summary>
    public void ForgetFailed()
    {
        string[] failed;
        lock (_lock) failed = [.. _entries.Where(static e => e.Value.Served?.Fault is not null).Select(static e => e.Key)];
        Forget(failed.Contains);
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
                entry.Served?.Dispose();
            }
        }
    }

    private static string Key(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private sealed class Entry
    {
        public Lock Opening { get; } = new();

        public ServedModel? Served { get; set; }

        /// <summary>Nobody finds it any more: a model that is still being opened goes as soon as it is there.</summary>
        public bool IsGone { get; set; }
    }
}

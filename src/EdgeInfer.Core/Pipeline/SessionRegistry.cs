using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;

namespace EdgeInfer.Pipeline;

/// <summary>Opens each model once: pipelines that name the same path share its session. Any thread.</summary>
internal sealed class SessionRegistry(InferenceRuntime runtime) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ModelSession> _sessions = [];

    /// <summary>The models in use.</summary>
    public IReadOnlyList<ModelSession> Sessions
    {
        get { lock (_lock) return [.. _sessions.Values]; }
    }

    /// <summary>The session of a model, opened and warmed up by whoever asks first.</summary>
    /// <param name="path">A folder or an .onnx file.</param>
    /// <exception cref="FaultException">What is wrong with the model; asking again tries again.</exception>
    public ModelSession Open(string path)
    {
        lock (_lock)
        {
            if (_sessions.TryGetValue(path, out ModelSession? session)) return session;
            session = runtime.Open(ModelLoader.Load(path));
            _sessions.Add(path, session);
            return session;
        }
    }

    /// <summary>Lets go of all models; those still bound go with their last run.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (ModelSession session in _sessions.Values) session.Dispose();
            _sessions.Clear();
        }
    }
}

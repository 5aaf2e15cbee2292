using EdgeInfer.Configuration;
using EdgeInfer.Models;

namespace EdgeInfer.Pipeline;

/// <summary>
/// Models that are read and checked while the runtime's library is still being loaded: the two longest parts of a start, on two processors.
/// Each is given once; whoever asks again reads anew. Any thread.
/// </summary>
internal sealed class ModelsAhead
{
    private readonly Dictionary<string, Task<Model>> _reading = [];

    /// <summary>Begins to read every model that a pipeline uses.</summary>
    public ModelsAhead(AgentConfiguration configuration)
    {
        foreach (string path in configuration.Pipelines.SelectMany(static p => p.Models).Select(name => configuration.Models[name].Path).Distinct())
            _reading.Add(path, Task.Run(() => ModelLoader.Load(path)));
    }

    /// <summary>The model at a path, once; null where it was not begun, or given already.</summary>
    /// <param name="path">As the configuration has it.</param>
    /// <exception cref="Diagnostics.FaultException">What is wrong with the model.</exception>
    public Model? Take(string path)
    {
        Task<Model>? reading;
        lock (_reading) _reading.Remove(path, out reading);
        return reading?.GetAwaiter().GetResult();
    }
}

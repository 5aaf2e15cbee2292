using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Sinks;

namespace EdgeInfer.Pipeline;

/// <summary>What updates need of a running agent. Any thread.</summary>
internal sealed partial class Agent
{
    /// <summary>Whether a model is open.</summary>
    /// <param name="path">A folder.</param>
    public bool HasModel(string path) => _pipelines.Now.Models.Find(path) is not null;

    /// <summary>Loads a model and runs it once; pipelines that look for it then find it open.</summary>
    /// <param name="path">A folder.</param>
    /// <exception cref="FaultException">It cannot be loaded.</exception>
    public void OpenModel(string path) => _pipelines.Now.Models.Open(path);

    /// <summary>Lets go of a model; pipelines that are at it finish their frame with it.</summary>
    public void CloseModel(string path) => _pipelines.Now.Models.Forget(path);

    /// <summary>Pipelines that wait to open a model try it now.</summary>
    public void TryModelsNow()
    {
        foreach (RunningPipeline pipeline in _pipelines.Now.Pipelines) pipeline.Worker.TryModelNow();
    }

    /// <summary>A label that a pipeline names and that it would have no more with another generation of a managed model; null where there is none.</summary>
    /// <param name="managed">The model's name in the store.</param>
    /// <param name="candidate">The generation.</param>
    /// <returns>In words, with the pipeline.</returns>
    public string? MissingLabel(string managed, Model candidate)
    {
        PipelineSet now = _pipelines.Now;
        foreach (PipelineOptions pipeline in now.Configuration.Pipelines)
        {
            ModelReference[] models = [.. pipeline.Models.Select(name => now.Configuration.Models[name])];
            if (models.All(m => m.Managed != managed)) continue;
            string[] known = [.. candidate.Labels, .. models.Where(m => m.Managed != managed).Select(m => now.Models.Find(_services.Live.PathOf(PipelinePlan.KeyOf(m)))).OfType<Model>().SelectMany(static m => m.Labels)];
            if (pipeline.UnknownLabel(known) is { } missing) return $"it has no label {Quoted.Text(missing)}, which the pipeline '{pipeline.Name}' of this device names";
        }

        return null;
    }

    /// <summary>Sets what the broker keeps of a model's updates.</summary>
    /// <param name="model">The model's name in the store.</param>
    /// <param name="message">The message; not kept after the call.</param>
    public void PublishUpdate(string model, ReadOnlySpan<byte> message)
    {
        AgentConfiguration configuration = _pipelines.Now.Configuration;
        _line.PublishState(new MqttTopics(configuration.Mqtt.Prefix, configuration.Device.Id).UpdateStatus(model), message);
    }
}

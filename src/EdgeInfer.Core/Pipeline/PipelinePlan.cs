using EdgeInfer.Configuration;

namespace EdgeInfer.Pipeline;

/// <summary>
/// A pipeline as it is to run: all that it depends on, so that two equal plans need no restart. Places in the file are left out.
/// </summary>
/// <param name="Options">What it does.</param>
/// <param name="Models">Its models, in their order; compares by its items.</param>
/// <param name="Runtime">How models are run.</param>
/// <param name="Prefix">First levels of its topics.</param>
internal sealed record PipelinePlan(PipelineOptions Options, IReadOnlyList<PlannedModel> Models, RuntimeOptions Runtime, string Prefix)
{
    /// <summary>The plan of one of a configuration's pipelines.</summary>
    public static PipelinePlan Of(AgentConfiguration configuration, PipelineOptions pipeline) => new(
        pipeline.WithoutMarks(), ByValue.List<PlannedModel>([.. pipeline.Models.Select(name => new PlannedModel(name, KeyOf(configuration.Models[name])))]),
        configuration.Runtime, configuration.Mqtt.Prefix);

    /// <summary>How a plan names the model of a configuration: another generation of a managed model is no other plan.</summary>
    public static string KeyOf(ModelReference reference) => reference.Managed is { } managed ? LiveModels.KeyOf(managed) : reference.Path;
}

/// <summary>A model of a pipeline.</summary>
/// <param name="Name">The name that the configuration gives it.</param>
/// <param name="Key">A folder or an .onnx file; of a managed model what stands for whichever folder is live (<see cref="LiveModels"/>).</param>
internal sealed record PlannedModel(string Name, string Key);

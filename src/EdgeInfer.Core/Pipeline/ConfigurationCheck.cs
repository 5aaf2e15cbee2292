using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Pipeline;

/// <summary>Checks a configuration together with the models it names. Opens files alone: no device, no network, no runtime.</summary>
/// <param name="load">Loads a model from its path; throws <see cref="FaultException"/>.</param>
internal sealed class ConfigurationCheck(Func<string, Model> load)
{
    /// <summary>Loads every model that the configuration names, and holds the labels it names against them.</summary>
    /// <param name="configuration">A configuration, or the draft of one with faults.</param>
    /// <param name="faults">Receives what is wrong, with the place in the configuration.</param>
    /// <returns>The models that are sound, by the configuration's names.</returns>
    public Dictionary<string, Model> Check(AgentConfiguration configuration, FaultList faults)
    {
        Dictionary<string, Model> models = new(StringComparer.Ordinal);
        foreach (ModelReference reference in configuration.Models.Values)
        {
            if (reference.Path.Length == 0) continue;
            try
            {
                models.Add(reference.Name, load(reference.Path));
            }
            catch (FaultException e)
            {
                foreach (Fault fault in e.Faults) faults.Add(Placed(reference, fault));
            }
        }

        foreach (PipelineOptions pipeline in configuration.Pipelines)
        {
            if (!models.TryGetValue(pipeline.Model, out Model? model)) continue;
            foreach (LabelMention mention in pipeline.LabelMentions)
                if (!model.Labels.Contains(mention.Label)) faults.Add(UnknownLabel(pipeline.Model, model, mention));
        }

        return models;
    }

    // A path that leads nowhere is the configuration's fault, what lies there is the model's.
    private static Fault Placed(ModelReference reference, Fault fault)
    {
        string what = fault.Where.Length == 0 ? $"{reference.Path}: {fault.What}" : $"{fault.Where}: {fault.What}";
        FaultKind kind = fault.Kind == FaultKind.NoInput ? FaultKind.Configuration : fault.Kind;
        return new(kind, reference.Mark.ToString(), $"models.{reference.Name}: {what}", fault.Cure);
    }

    private static Fault UnknownLabel(string name, Model model, LabelMention mention)
    {
        string what = $"{mention.Path}: the model '{name}' has no label {Quoted.Text(mention.Label)}";
        string cure = model.Labels.Count == 0 ? "it has none at all: remove this"
            : NearestKey.Find(mention.Label, model.Labels) is { } near ? $"did you mean '{near}'?"
            : $"see them with: edgeinfer model inspect {model.Path}";
        return new(FaultKind.Configuration, mention.Mark.ToString(), what, cure);
    }
}

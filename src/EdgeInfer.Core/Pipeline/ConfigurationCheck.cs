using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Trust;

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

        foreach (PipelineOptions pipeline in configuration.Pipelines) CheckLabels(pipeline, models, faults);
        CheckTrust(configuration, faults);
        return models;
    }

    // A warning: the file may be checked elsewhere than where it is used, and by somebody who may not look into the state folder.
    private static void CheckTrust(AgentConfiguration configuration, FaultList faults)
    {
        if (configuration.Updates is not { Root: null } || !configuration.ManagedModels.Any()) return;
        try
        {
            Fault nobody = TrustStore.TrustsNobody;
            if (TrustStore.In(configuration.Runtime.StateFolder).ReadRoot() is null)
                faults.Warn(nobody.Kind, nobody.Where, $"{nobody.What}: {configuration.Runtime.StateFolder} holds no root of trust; no release will be taken, and before a first one has come the agent does not start", nobody.Cure);
        }
        catch (UpdateException)
        {
            // It is there, whatever it is.
        }
    }

    // A path that leads nowhere is the configuration's fault, what lies there is the model's.
    private static Fault Placed(ModelReference reference, Fault fault)
    {
        string what = fault.Where.Length == 0 ? $"{reference.Path}: {fault.What}" : $"{fault.Where}: {fault.What}";
        FaultKind kind = fault.Kind == FaultKind.NoInput ? FaultKind.Configuration : fault.Kind;
        return new(kind, reference.Mark.ToString(), $"models.{reference.Name}: {what}", fault.Cure);
    }

    // Labels and thresholds are those of every model of the pipeline: one of them has to have each.
    private static void CheckLabels(PipelineOptions pipeline, Dictionary<string, Model> sound, FaultList faults)
    {
        KeyValuePair<string, Model>[] models = [.. pipeline.Models.Where(sound.ContainsKey).Select(name => KeyValuePair.Create(name, sound[name]))];
        if (models.Length == 0 || models.Length < pipeline.Models.Count) return;
        foreach (LabelMention mention in pipeline.LabelMentions)
            if (!models.Any(m => m.Value.Labels.Contains(mention.Label))) faults.Add(UnknownLabel(models, mention));
        if (pipeline.Labels is not { } labels || models.Length == 1) return;
        foreach ((string name, Model model) in models)
        {
            if (model.Labels.Count == 0 || labels.Any(model.Labels.Contains)) continue;
            faults.Warn(FaultKind.Configuration, pipeline.ModelMark.ToString(), $"pipelines.{pipeline.Name}: the model '{name}' has none of the labels to report",
                "it will report nothing: name one of its labels too, or leave the model out");
        }
    }

    private static Fault UnknownLabel(KeyValuePair<string, Model>[] models, LabelMention mention)
    {
        string[] known = [.. models.SelectMany(static m => m.Value.Labels).Distinct(StringComparer.Ordinal)];
        string who = models.Length == 1 ? $"the model '{models[0].Key}' has no label" : $"none of the models {string.Join(", ", models.Select(static m => $"'{m.Key}'"))} has the label";
        string what = $"{mention.Path}: {who} {Quoted.Text(mention.Label)}";
        string cure = known.Length == 0 ? (models.Length == 1 ? "it has none at all: remove this" : "they have none at all: remove this")
            : NearestKey.Find(mention.Label, known) is { } near ? $"did you mean '{near}'?"
            : $"see them with: {string.Join(" and ", models.Select(static m => $"edgeinfer model inspect {m.Value.Path}"))}";
        return new(FaultKind.Configuration, mention.Mark.ToString(), what, cure);
    }
}

using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;

namespace EdgeInfer.Commands;

/// <summary><c>check</c>: every fault of the configuration and of the models it names, without touching a device or the network.</summary>
internal static class CheckCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Option<string?> file = new("--config", "-c") { Description = $"The configuration; default {RunCommand.DefaultFile}", HelpName = "FILE" };
        Argument<string?> path = new("FILE") { Description = "The same, without -c", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = new("--json") { Description = "One JSON object: ok, faults, warnings" };
        Option<string> modelsDir = ModelCommand.ModelsDir();
        Command verb = new("check", "Every fault of the configuration and of the models it names, each with its place and its cure.\n"
            + "Touches no device and no network. Ends with 0, 65 (a model is at fault), 66 (no such file) or 78.\n\n"
            + "Example: edgeinfer check -c edgeinfer.yaml")
        {
            path, file, json, modelsDir,
        };
        verb.SetAction(parsed =>
        {
            AgentConfigurationReader reader = RunCommand.ConfigurationReader(parsed.GetValue(modelsDir)!);
            return Check(parsed.GetValue(file) ?? parsed.GetValue(path) ?? RunCommand.DefaultFile, reader, parsed.GetValue(json), parsed.InvocationConfiguration.Output);
        });
        return verb;
    }

    /// <summary>Checks and prints.</summary>
    /// <returns>0 or the sysexits code.</returns>
    public static int Check(string path, AgentConfigurationReader reader, bool isJson, TextWriter output)
    {
        FaultList faults = new();
        AgentConfiguration? configuration = reader.Draft(path, faults);
        Dictionary<string, Model> models = configuration is null ? [] : new ConfigurationCheck(ModelLoader.Load).Check(configuration, faults);
        if (isJson) output.WriteLine(Json(path, faults));
        else Print(path, configuration, models, faults, output);
        return ExitCode(faults);
    }

    private static void Print(
        string path, AgentConfiguration? configuration, Dictionary<string, Model> models, FaultList faults, TextWriter output)
    {
        foreach (Fault fault in faults.Faults) output.WriteLine(fault);
        foreach (Fault warning in faults.Warnings) output.WriteLine($"warning: {warning}");
        if (!faults.IsEmpty || configuration is null)
        {
            output.WriteLine($"{path}: {Count(faults.Faults.Count, "fault")}, {Count(faults.Warnings.Count, "warning")}");
            return;
        }

        foreach (PipelineOptions pipeline in configuration.Pipelines)
            if (pipeline.Record is { } record) output.WriteLine($"pipelines.{pipeline.Name}.record: takes up to {record.Bytes >> 20} MiB of memory");
        string named = models.Count == 0 ? "" : $" ({string.Join(", ", models.Select(m => $"{m.Key} = {m.Value.Name} {m.Value.Version}"))})";
        output.WriteLine($"ok: {path}: device {configuration.Device.Id}, {Count(configuration.Pipelines.Count, "pipeline")}, "
            + $"{Count(models.Count, "model")}{named}, broker {configuration.Mqtt.Url.GetLeftPart(UriPartial.Authority)}, {Count(faults.Warnings.Count, "warning")}");
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private static int ExitCode(FaultList faults)
    {
        if (faults.IsEmpty) return CommandLine.Success;
        FaultKind first = faults.Faults[0].Kind;
        return (int)(faults.Faults.All(f => f.Kind == first) ? first : FaultKind.Configuration);
    }

    private static string Json(string path, FaultList faults)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("file", path);
            json.WriteBoolean("ok", faults.IsEmpty);
            FaultJson.Write(json, "faults", faults.Faults);
            FaultJson.Write(json, "warnings", faults.Warnings);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}

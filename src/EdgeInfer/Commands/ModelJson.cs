using System.Text;
using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Commands;

/// <summary>Models as JSON, one document a call.</summary>
internal static class ModelJson
{
    private static readonly JsonWriterOptions s_options = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A list of models; one that cannot be served has <c>faults</c> instead of its contract.</summary>
    public static void WriteList(TextWriter output, IReadOnlyList<ModelInspection> models) => Write(output, json =>
    {
        json.WriteStartArray();
        foreach (ModelInspection inspection in models)
        {
            json.WriteStartObject();
            json.WriteString("name", Path.GetFileName(inspection.Path));
            if (inspection.Model is { } model) Summary(json, model);
            else json.WriteString("path", inspection.Path);
            if (inspection.Model is null) FaultJson.Write(json, "faults", [.. inspection.Faults, .. inspection.Missing.Select(m => m.ToFault(inspection))]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>A model with its labels.</summary>
    public static void WriteModel(TextWriter output, Model model) => Write(output, json =>
    {
        json.WriteStartObject();
        json.WriteString("name", model.Name);
        Summary(json, model);
        json.WriteString("decoder", ModelWords.Of(ModelWords.Decoders, model.Output.Decoder));
        json.WriteNumber("threshold", model.Threshold);
        Texts(json, "labels", model.Labels);
        json.WriteEndObject();
    });

    /// <summary>Each value with its origin, what is missing and what is wrong.</summary>
    public static void WriteInspection(TextWriter output, ModelInspection inspection) => Write(output, json =>
    {
        json.WriteStartObject();
        json.WriteString("path", inspection.Path);
        json.WriteBoolean("is_complete", inspection.Model is not null);
        json.WriteStartArray("values");
        foreach (ContractValue value in inspection.Values)
        {
            json.WriteStartObject();
            json.WriteString("key", value.Key);
            json.WriteString("value", value.Value);
            json.WriteString("origin", ModelWords.Of(ModelWords.Origins, value.Origin));
            if (value.Detail.Length > 0) json.WriteString("detail", value.Detail);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("missing");
        foreach (MissingValue missing in inspection.Missing)
        {
            json.WriteStartObject();
            json.WriteString("key", missing.Key);
            Texts(json, "choices", missing.Choices);
            json.WriteString("why", missing.Why);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        FaultJson.Write(json, "faults", inspection.Faults);
        FaultJson.Write(json, "warnings", inspection.Warnings);
        json.WriteEndObject();
    });

    private static void Summary(Utf8JsonWriter json, Model model)
    {
        json.WriteString("version", model.Version);
        json.WriteString("task", ModelWords.Of(ModelWords.Tasks, model.Task));
        json.WriteString("digest", model.Digest);
        json.WriteString("path", model.Path);
        json.WriteStartObject("input");
        json.WriteNumber("width", model.Input.Width);
        json.WriteNumber("height", model.Input.Height);
        json.WriteString("color", ModelWords.Of(ModelWords.Colors, model.Input.Color));
        json.WriteString("type", ModelWords.Of(model.Input.Type));
        json.WriteEndObject();
    }

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void Write(TextWriter output, Action<Utf8JsonWriter> content)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, s_options)) content(json);
        output.WriteLine(Encoding.UTF8.GetString(stream.ToArray()));
    }
}

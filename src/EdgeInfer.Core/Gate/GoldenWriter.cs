using System.Buffers;
using System.Text.Json;
using EdgeInfer.Models;
using EdgeInfer.Results;

namespace EdgeInfer.Gate;

/// <summary>A prediction as golden results, and those as the members of an envelope: exact, where messages are rounded.</summary>
internal static class GoldenWriter
{
    /// <summary>What a prediction holds, its best first, at most as many as are read.</summary>
    /// <param name="prediction">The prediction.</param>
    /// <param name="model">The model that gave it.</param>
    /// <returns>Null where a number in it is not finite.</returns>
    public static GoldenResult? Of(Prediction prediction, Model model)
    {
        GoldenResult result = new() { Kind = GoldenResult.KindOf(model.Task), FrameWidth = prediction.FrameWidth, FrameHeight = prediction.FrameHeight };
        result = result.Kind switch
        {
            GoldenKind.Detections => result with { Boxes = [.. prediction.Detections.Take(GoldenReader.MostObjects).Select(d => new GoldenBox(Label(model, d.Class), d.Score, d.X, d.Y, d.Width, d.Height))] },
            GoldenKind.Classes => result with { Classes = [.. prediction.Classes.Take(GoldenReader.MostObjects).Select(c => new GoldenClass(Label(model, c.Class), c.Score))] },
            _ => result with { Values = Outputs(prediction) },
        };
        return IsFinite(result) ? result : null;
    }

    /// <summary>An expectation: the envelope that <see cref="GoldenReader"/> reads, exact where a message is rounded, because whole pixels are much of a small box.</summary>
    /// <param name="result">What the reference model made of an input; its digests are written.</param>
    /// <param name="source">The input's name.</param>
    /// <param name="name">The model's name.</param>
    /// <param name="version">The model's version.</param>
    /// <returns>One line of UTF-8.</returns>
    public static byte[] Envelope(GoldenResult result, string source, string name, string version)
    {
        ArrayBufferWriter<byte> bytes = new(1024);
        using (Utf8JsonWriter json = new(bytes))
        {
            json.WriteStartObject();
            json.WriteString("schema", GoldenReader.Schema);
            json.WriteString("source", source);
            json.WriteStartObject("model");
            json.WriteString("name", name);
            json.WriteString("version", version);
            if (result.Digest is { } digest) json.WriteString("digest", digest);
            if (result.Graph is { } graph) json.WriteString("graph", graph);
            json.WriteEndObject();
            Write(json, result);
            json.WriteEndObject();
        }

        bytes.Write("\n"u8);
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Writes <c>frame</c> and the results.</summary>
    public static void Write(Utf8JsonWriter json, GoldenResult result)
    {
        json.WriteStartObject("frame");
        json.WriteNumber("width", result.FrameWidth);
        json.WriteNumber("height", result.FrameHeight);
        json.WriteEndObject();
        switch (result.Kind)
        {
            case GoldenKind.Detections:
                json.WriteStartArray("detections");
                foreach (GoldenBox box in result.Boxes) Write(json, box.Label, box.Score, [box.X, box.Y, box.Width, box.Height]);
                json.WriteEndArray();
                break;
            case GoldenKind.Classes:
                json.WriteStartArray("classes");
                foreach (GoldenClass c in result.Classes) Write(json, c.Label, c.Score, null);
                json.WriteEndArray();
                break;
            case GoldenKind.Embedding:
                Write(json, "embedding", result.Embedding);
                break;
            default:
                json.WriteStartObject("values");
                foreach (GoldenOutput output in result.Values) Write(json, output.Name, output.Numbers);
                json.WriteEndObject();
                break;
        }
    }

    private static void Write(Utf8JsonWriter json, string label, double score, IReadOnlyList<double>? box)
    {
        json.WriteStartObject();
        json.WriteString("label", label);
        Write(json, "score", score);
        if (box is not null) Write(json, "box", box);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<double> numbers)
    {
        json.WriteStartArray(name);
        foreach (double number in numbers) json.WriteNumberValue((float)number);
        json.WriteEndArray();
    }

    // What a model gives is single precision: its shortest text is half as long.
    private static void Write(Utf8JsonWriter json, string name, double number) => json.WriteNumber(name, (float)number);

    private static List<GoldenOutput> Outputs(Prediction prediction)
    {
        List<GoldenOutput> outputs = [];
        int at = 0;
        foreach ((string name, int count) in prediction.RawOutputs)
        {
            outputs.Add(new(name, [.. prediction.RawValues.Skip(at).Take(count).Select(static v => (double)v)]));
            at += count;
        }

        return outputs;
    }

    private static bool IsFinite(GoldenResult result)
        => result.Boxes.All(static b => double.IsFinite(b.Score) && double.IsFinite(b.X) && double.IsFinite(b.Y) && double.IsFinite(b.Width) && double.IsFinite(b.Height))
            && result.Classes.All(static c => double.IsFinite(c.Score)) && result.Values.All(static v => v.Numbers.All(double.IsFinite));

    private static string Label(Model model, int @class)
        => @class < model.Labels.Count ? model.Labels[@class] : @class.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

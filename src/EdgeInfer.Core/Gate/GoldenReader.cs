using System.Text.Json;

namespace EdgeInfer.Gate;

/// <summary>
/// Reads envelopes of <c>predict --json</c> strictly: whatever is not what it should be, or not a finite number, is refused. Members that
/// do not matter here are passed over, because the schema grows; results of a kind that this version cannot compare are refused by name.
/// </summary>
internal static class GoldenReader
{
    /// <summary>The schema of what is read.</summary>
    public const string Schema = "edgeinfer/prediction/1";

    /// <summary>The largest envelope.</summary>
    public const int MostBytes = 8 << 20;

    /// <summary>The most objects or classes in one.</summary>
    public const int MostObjects = 1000;

    /// <summary>The most numbers in one.</summary>
    public const int MostNumbers = 1 << 20;

    private const int MostSide = 1 << 20;
    private const int LeastDigest = 12, MostDigest = 64;

    private static readonly (string Member, GoldenKind Kind)[] s_kinds =
        [("detections", GoldenKind.Detections), ("classes", GoldenKind.Classes), ("embedding", GoldenKind.Embedding), ("values", GoldenKind.Values)];

    private static readonly string[] s_incomparable = ["segments", "texts", "anomaly", "speech"];

    /// <summary>How documents are parsed: nothing twice, nothing deep.</summary>
    public static JsonDocumentOptions Strict { get; } = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    /// <summary>Reads an envelope.</summary>
    /// <param name="json">UTF-8.</param>
    /// <exception cref="InvalidDataException">What is wrong with it, in words.</exception>
    public static GoldenResult Read(ReadOnlyMemory<byte> json)
    {
        if (json.Length > MostBytes) throw new InvalidDataException($"{json.Length} bytes are more than {MostBytes}");
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Strict);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw new InvalidDataException("it is no JSON object");
            if (Text(root, "schema", 64) is var schema && schema != Schema) throw new InvalidDataException($"its schema is '{schema}', not {Schema}");
            GoldenResult result = Results(root);
            return !root.TryGetProperty("model", out JsonElement model) ? result : result with { Digest = Digest(model, "digest"), Graph = Digest(model, "graph") };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"it is no JSON that can be used: {e.Message.Split(['\r', '\n', '|'])[0]}", e);
        }
    }

    /// <summary>Reads frame and results of an object that has them as an envelope does.</summary>
    /// <exception cref="InvalidDataException">What is wrong with it, in words.</exception>
    /// <exception cref="InvalidOperationException">A member is of another type.</exception>
    public static GoldenResult Results(JsonElement root)
    {
        foreach (string member in s_incomparable)
            if (root.TryGetProperty(member, out _)) throw new InvalidDataException($"this version cannot compare '{member}'");
        (string Member, GoldenKind Kind)[] there = [.. s_kinds.Where(k => root.TryGetProperty(k.Member, out _))];
        if (there.Length != 1) throw new InvalidDataException(there.Length == 0 ? "it holds no results" : $"it holds {there[0].Member} and {there[1].Member}");
        JsonElement frame = root.TryGetProperty("frame", out JsonElement size) ? size : throw new InvalidDataException("'frame' is missing");
        JsonElement results = root.GetProperty(there[0].Member);
        GoldenResult result = new() { Kind = there[0].Kind, FrameWidth = Side(frame, "width"), FrameHeight = Side(frame, "height") };
        return there[0].Kind switch
        {
            GoldenKind.Detections => result with { Boxes = List(results, "detections", MostObjects, Box) },
            GoldenKind.Classes => result with { Classes = List(results, "classes", MostObjects, static c => new GoldenClass(Label(c), Number(Member(c, "score"), "score"))) },
            GoldenKind.Embedding => result with { Embedding = List(results, "embedding", MostNumbers, static n => Number(n, "embedding")) },
            _ => result with { Values = Outputs(results) },
        };
    }

    private static GoldenBox Box(JsonElement box)
    {
        if (box.ValueKind != JsonValueKind.Object) throw new InvalidDataException("a detection is no object");
        if (box.TryGetProperty("keypoints", out _)) throw new InvalidDataException("this version cannot compare 'keypoints'");
        double[] edges = List(Member(box, "box"), "box", 4, static n => Number(n, "box"));
        if (edges.Length != 4) throw new InvalidDataException("a box is not [x, y, width, height]");

        // What has no score is there for certain: a box of the ground truth.
        double score = box.TryGetProperty("score", out JsonElement given) ? Number(given, "score") : 1;
        return new(Label(box), score, edges[0], edges[1], edges[2], edges[3]);
    }

    private static List<GoldenOutput> Outputs(JsonElement values)
    {
        if (values.ValueKind != JsonValueKind.Object) throw new InvalidDataException("'values' is no object");
        List<GoldenOutput> outputs = [];
        int left = MostNumbers;
        foreach (JsonProperty value in values.EnumerateObject())
        {
            double[] numbers = value.Value.ValueKind == JsonValueKind.Array ? List(value.Value, value.Name, left, n => Number(n, value.Name)) : [Number(value.Value, value.Name)];
            left -= numbers.Length;
            outputs.Add(new(value.Name, numbers));
        }

        return outputs;
    }

    private static T[] List<T>(JsonElement list, string name, int most, Func<JsonElement, T> read)
    {
        if (list.ValueKind != JsonValueKind.Array) throw new InvalidDataException($"'{name}' is no list");
        if (list.GetArrayLength() is var count && count > most) throw new InvalidDataException($"'{name}' has {count} entries, more than {most}");
        return [.. list.EnumerateArray().Select(read)];
    }

    private static int Side(JsonElement frame, string name)
        => Member(frame, name).TryGetInt32(out int side) && side is > 0 and <= MostSide ? side : throw new InvalidDataException($"frame.{name} is no size of a picture");

    private static string Label(JsonElement of) => Text(of, "label", 256);

    private static string Text(JsonElement of, string name, int most)
    {
        if (of.ValueKind != JsonValueKind.Object || !of.TryGetProperty(name, out JsonElement value)) throw new InvalidDataException($"'{name}' is missing");
        if (value.ValueKind != JsonValueKind.String) throw new InvalidDataException($"'{name}' is no text");
        string text = value.GetString()!;
        return text.Length <= most && !text.Any(char.IsControl) ? text : throw new InvalidDataException($"'{name}' is no text of at most {most} characters");
    }

    private static string? Digest(JsonElement model, string name)
    {
        if (model.ValueKind != JsonValueKind.Object || !model.TryGetProperty(name, out _)) return null;
        string digest = Text(model, name, MostDigest);
        return digest.Length >= LeastDigest && digest.All(char.IsAsciiHexDigitLower) ? digest : throw new InvalidDataException($"model.{name} is not {LeastDigest} to {MostDigest} hexadecimal digits");
    }

    private static JsonElement Member(JsonElement of, string name)
        => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out JsonElement value) ? value : throw new InvalidDataException($"'{name}' is missing");

    // 1e999 parses, as infinity.
    private static double Number(JsonElement value, string name)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)) return number;
        string found = value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? Shortened(value.GetRawText()) : value.ValueKind.ToString();
        throw new InvalidDataException($"'{name}' holds {found}, which is no finite number");
    }

    private static string Shortened(string text) => text.Length <= 24 ? text : text[..24] + "…";
}

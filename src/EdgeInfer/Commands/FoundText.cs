using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EdgeInfer.Commands;

/// <summary>What a prediction message found, short enough for a terminal's line: <c>2 bolt 0.93 0.88, nut 0.91</c>.</summary>
internal static class FoundText
{
    private const int MostScores = 3;

    private const int FewestCharacters = 20;

    /// <summary>The labels of detections with their number and best scores, classes as they come, values by name; <c>nothing</c> where there is none.</summary>
    /// <param name="message">An envelope of <c>edgeinfer/prediction/1</c>, of whatever shape.</param>
    /// <param name="columns">How long the text may be; what no longer fits is counted.</param>
    public static string Of(JsonElement message, int columns)
    {
        List<string> found = [];
        if (List(message, "detections") is { } detections) found.AddRange(Groups(detections));
        if (List(message, "classes") is { } classes) found.AddRange(classes.EnumerateArray().Select(static c => $"{Label(c)} {Score(c)}"));
        if (message.TryGetProperty("values", out JsonElement values) && values.ValueKind == JsonValueKind.Object)
            found.AddRange(values.EnumerateObject().Select(static v => $"{v.Name} {Value(v.Value)}"));
        return found.Count == 0 ? "nothing" : Fitting(found, Math.Max(columns, FewestCharacters));
    }

    private static JsonElement? List(JsonElement message, string name)
        => message.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list : null;

    private static IEnumerable<string> Groups(JsonElement detections)
    {
        foreach (IGrouping<string, JsonElement> group in detections.EnumerateArray().GroupBy(Label).OrderBy(static g => g.Key, StringComparer.Ordinal))
        {
            int count = group.Count();
            string scores = string.Join(' ', group.Take(MostScores).Select(Score));
            yield return $"{(count > 1 ? $"{count} " : "")}{group.Key} {scores}{(count > MostScores ? " …" : "")}";
        }
    }

    // The first is always shown.
    private static string Fitting(List<string> found, int columns)
    {
        StringBuilder line = new(found[0]);
        for (int i = 1; i < found.Count; i++)
        {
            string rest = string.Create(CultureInfo.InvariantCulture, $", and {found.Count - i} more");
            int needed = line.Length + found[i].Length + 2 + (i + 1 < found.Count ? rest.Length : 0);
            if (needed > columns) return line.Append(rest).ToString();
            line.Append(", ").Append(found[i]);
        }

        return line.ToString();
    }

    private static string Label(JsonElement item)
        => item.ValueKind == JsonValueKind.Object && item.TryGetProperty("label", out JsonElement label) && label.ValueKind == JsonValueKind.String ? label.GetString()! : "?";

    private static string Score(JsonElement item)
        => (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("score", out JsonElement score) && score.ValueKind == JsonValueKind.Number ? score.GetDouble() : 0)
            .ToString("0.00", CultureInfo.InvariantCulture);

    private static string Value(JsonElement value) => value.ValueKind == JsonValueKind.Array ? $"[{value.GetArrayLength()} values]" : value.ToString();
}

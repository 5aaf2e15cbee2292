using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EdgeInfer.Commands;

/// <summary>Prediction messages in one readable line, for a terminal.</summary>
internal static class PredictionText
{
    /// <summary>What was found in one prediction: <c>#184467 belt  2 bolt 0.93 0.88, nut 0.91  (21 ms old)</c>.</summary>
    /// <param name="message">An envelope of <c>edgeinfer/prediction/1</c>.</param>
    public static string Of(JsonElement message)
    {
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"{Text(message, "pipeline")} #{Number(message, "seq"):0}  ");
        AppendFound(line, message);
        line.Append(CultureInfo.InvariantCulture, $"  ({Number(message, "age_ms"):0} ms)");
        return ReceivedText.Printable(line.ToString());
    }

    /// <summary>What was found alone: <c>2 bolt 0.93 0.88, nut 0.91</c>.</summary>
    public static string Found(JsonElement message)
    {
        StringBuilder line = new();
        AppendFound(line, message);
        return ReceivedText.Printable(line.ToString());
    }

    private static void AppendFound(StringBuilder line, JsonElement message)
    {
        int length = line.Length;
        if (message.TryGetProperty("detections", out JsonElement detections)) AppendGroups(line, detections);
        if (message.TryGetProperty("classes", out JsonElement classes)) AppendGroups(line, classes);
        if (message.TryGetProperty("values", out JsonElement values)) AppendValues(line, values);
        if (line.Length == length) line.Append("nothing");
    }

    private static void AppendGroups(StringBuilder line, JsonElement results)
    {
        bool isFirst = true;
        foreach (IGrouping<string, JsonElement> group in results.EnumerateArray().GroupBy(static r => Text(r, "label")).OrderBy(static g => g.Key, StringComparer.Ordinal))
        {
            if (!isFirst) line.Append(", ");
            isFirst = false;
            if (group.Count() > 1) line.Append(CultureInfo.InvariantCulture, $"{group.Count()} ");
            line.Append(group.Key);
            foreach (JsonElement result in group) line.Append(CultureInfo.InvariantCulture, $" {Number(result, "score"):0.00}");
        }
    }

    private static void AppendValues(StringBuilder line, JsonElement values)
    {
        bool isFirst = true;
        foreach (JsonProperty value in values.EnumerateObject())
        {
            if (!isFirst) line.Append(", ");
            isFirst = false;
            string text = value.Value.ValueKind == JsonValueKind.Number ? value.Value.ToString() : $"[{value.Value.GetArrayLength()} values]";
            line.Append(CultureInfo.InvariantCulture, $"{value.Name} {text}");
        }
    }

    private static string Text(JsonElement element, string name)
        => element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "?";

    private static double Number(JsonElement element, string name)
        => element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0;
}

using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EdgeInfer.Commands;

/// <summary>Prints what arrives on MQTT: predictions and changes of status as readable lines, or each message as a line of JSON.</summary>
/// <param name="output">Where lines go.</param>
/// <param name="isJson">JSON as it arrived, without line breaks.</param>
/// <param name="zone">The zone of the times shown.</param>
internal sealed class WatchPrinter(TextWriter output, bool isJson, TimeZoneInfo zone)
{
    private const int Columns = 100;

    // As in "  29.9/s  1234 ms".
    private const int RateAndAge = 17;

    private static readonly TimeSpan s_rateOver = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, (long Sequence, DateTimeOffset Since, double? PerSecond)> _rates = [];
    private readonly Dictionary<string, string> _lastStatus = [];

    /// <summary>Prints one message.</summary>
    /// <param name="topic">Where it came from.</param>
    /// <param name="payload">UTF-8.</param>
    public void Print(string topic, ReadOnlySpan<byte> payload)
    {
        JsonDocument? document = ReceivedText.Parse(payload);
        if (document is null)
        {
            output.WriteLine(isJson ? NotJson(topic, payload.Length) : $"{ReceivedText.Printable(topic)}  {payload.Length} bytes that are not JSON");
            return;
        }

        using (document)
        {
            string? line = isJson ? Compact(document.RootElement) : Line(topic, document.RootElement);
            if (line is not null) output.WriteLine(line);
        }
    }

    private string? Line(string topic, JsonElement message) => Text(message, "schema") switch
    {
        "edgeinfer/prediction/1" => Prediction(message),
        "edgeinfer/status/1" => Status(message),
        "edgeinfer/gap/1" => Gap(message),
        _ => $"{ReceivedText.Printable(topic)}  {ReceivedText.Printable(Compact(message))}",
    };

    /// <summary><c>20:15:03.123  press-3/belt  2 bolt 0.93 0.88, nut 0.91  4.9/s  21 ms</c>; boxes are for <c>--json</c>.</summary>
    private string Prediction(JsonElement message)
    {
        StringBuilder line = new();
        string name = $"{Text(message, "device")}/{Text(message, "pipeline")}";
        DateTimeOffset at = default;
        bool isTimed = message.TryGetProperty("captured_at", out JsonElement captured) && captured.ValueKind == JsonValueKind.String
            && captured.TryGetDateTimeOffset(out at);
        line.Append(isTimed ? TimeZoneInfo.ConvertTime(at, zone).ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture) : "--:--:--.---");
        line.Append("  ").Append(name).Append("  ");
        line.Append(FoundText.Of(message, Columns - line.Length - RateAndAge));
        bool isHistorical = Property(message, "historical") is { ValueKind: JsonValueKind.True };
        if (!isHistorical) AppendRate(line, name, (long)Number(message, "seq"), at);
        line.Append(CultureInfo.InvariantCulture, $"  {Number(message, "age_ms"):0} ms");
        if (isHistorical) line.Append("  late");
        return ReceivedText.Printable(line.ToString());
    }

    // The sequence counts the device's messages, whatever of them came here. Over a second or more, for messages come in bursts.
    private void AppendRate(StringBuilder line, string name, long sequence, DateTimeOffset at)
    {
        if (!_rates.TryGetValue(name, out (long Sequence, DateTimeOffset Since, double? PerSecond) rate) || sequence < rate.Sequence || at < rate.Since)
            _rates[name] = rate = (sequence, at, null);
        else if (at - rate.Since >= s_rateOver)
            _rates[name] = rate = (sequence, at, (sequence - rate.Sequence) / (at - rate.Since).TotalSeconds);
        if (rate.PerSecond is { } perSecond) line.Append(CultureInfo.InvariantCulture, $"  {perSecond:0.0}/s");
    }

    /// <summary><c>-- press-3/belt: 330 results are lost (seq 4711 to 5040 of boot 12): quota</c>.</summary>
    private static string Gap(JsonElement message)
    {
        double from = Number(message, "from_seq"), to = Number(message, "to_seq"), boot = Number(message, "boot");
        string what = Property(message, "at_most") is { ValueKind: JsonValueKind.Number }
            ? string.Create(CultureInfo.InvariantCulture, $"at most {Number(message, "at_most"):0} results are lost (boot {boot:0})")
            : to == 0 ? string.Create(CultureInfo.InvariantCulture, $"what was waiting is lost (boot {boot:0})")
            : string.Create(CultureInfo.InvariantCulture, $"{to - from + 1:0} results are lost (seq {from:0} to {to:0} of boot {boot:0})");
        return ReceivedText.Printable($"-- {Text(message, "device")}/{Text(message, "stream")}: {what}: {Text(message, "reason")}");
    }

    /// <summary>A line for a device that changed; null while it says the same as before.</summary>
    private string? Status(JsonElement message)
    {
        StringBuilder line = new();
        List<string> causes = [];
        string device = Text(message, "device");
        line.Append(device).Append(' ').Append(Text(message, "state"));
        if (message.TryGetProperty("pipelines", out JsonElement pipelines) && pipelines.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty pipeline in pipelines.EnumerateObject())
            {
                line.Append("; ").Append(pipeline.Name).Append(' ').Append(Text(pipeline.Value, "state"));
                // On lines of their own: a cause with its cure fills one.
                string cause = Text(pipeline.Value, "cause");
                if (cause != "?") causes.Add($"--   {pipeline.Name}: {cause}");
                string provider = Text(pipeline.Value, "provider");
                if (provider != "?") line.Append(" on ").Append(provider);
            }
        }

        string text = string.Join('\n', ((string[])[$"-- {line}", .. causes]).Select(static l => ReceivedText.Printable(l)));
        if (_lastStatus.TryGetValue(device, out string? last) && last == text) return null;
        _lastStatus[device] = text;
        return text;
    }

    private static string Compact(JsonElement element)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) element.WriteTo(json);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static string NotJson(string topic, int bytes)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text))
        {
            json.WriteStartObject();
            json.WriteString("topic", topic);
            json.WriteNumber("bytes", bytes);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    private static string Text(JsonElement element, string name)
        => Property(element, name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : "?";

    private static double Number(JsonElement element, string name)
        => Property(element, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number) ? number : 0;

    private static JsonElement? Property(JsonElement element, string name)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) ? value : null;
}

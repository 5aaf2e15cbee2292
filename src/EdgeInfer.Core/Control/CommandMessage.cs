using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Control;

/// <summary>What a command over MQTT says besides its operation: a JSON object, or nothing.</summary>
internal sealed record CommandMessage
{
    /// <summary>The longest id.</summary>
    public const int LongestIdCharacters = 64;

    /// <summary>The longest message.</summary>
    public const int LongestBytes = 16 << 10;

    /// <summary>Names the command: a second one of the same id is answered from record.</summary>
    public string? Id { get; init; }

    /// <summary>From when on it is not to be done any more.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The pipeline.</summary>
    public string? Pipeline { get; init; }

    /// <summary>Reads a message.</summary>
    /// <param name="operation">The operation, for the words of a fault.</param>
    /// <param name="takesPipeline">Whether the operation is about a pipeline.</param>
    /// <param name="message">The message.</param>
    /// <param name="fault">What is wrong; null where nothing is.</param>
    /// <returns>What could be read; its id, where it has a sound one, also of a message that is at fault.</returns>
    public static CommandMessage Read(string operation, bool takesPipeline, ReadOnlyMemory<byte> message, out Fault? fault)
    {
        fault = null;
        if (message.IsEmpty) return new();
        if (message.Length > LongestBytes)
        {
            fault = Wrong(operation, $"the message has {message.Length} bytes, more than {LongestBytes}", "write less");
            return new();
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(message);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return Read(operation, takesPipeline, document.RootElement, out fault);
            fault = Wrong(operation, $"found {Kind(document.RootElement)}", Cure(takesPipeline));
        }
        catch (JsonException)
        {
            fault = Wrong(operation, $"found {Quoted.Text(Encoding.UTF8.GetString(message.Span))}, which is no JSON", Cure(takesPipeline));
        }

        return new();
    }

    private static CommandMessage Read(string operation, bool takesPipeline, JsonElement root, out Fault? fault)
    {
        CommandMessage read = new();
        fault = null;
        string[] known = takesPipeline ? ["id", "expires_at", "pipeline"] : ["id", "expires_at"];
        foreach (JsonProperty property in root.EnumerateObject())
        {
            string? text = TextOf(property.Value);
            switch (property.Name)
            {
                case "id" when text is { Length: > 0 and <= LongestIdCharacters }:
                    read = read with { Id = text };
                    break;
                case "id":
                    fault ??= Wrong(operation, $"id: found {Kind(property.Value)}", $"write a text of 1 to {LongestIdCharacters} characters");
                    break;
                case "expires_at" when text is not null && TryTime(text, out DateTimeOffset time):
                    read = read with { ExpiresAt = time };
                    break;
                case "expires_at":
                    fault ??= Wrong(operation, $"expires_at: found {(text is null ? Kind(property.Value) : Quoted.Text(text))}", "write a time of RFC 3339 with its offset, such as 2026-11-25T18:40:01Z");
                    break;
                case "pipeline" when takesPipeline && text is not null:
                    read = read with { Pipeline = text };
                    break;
                case "pipeline" when takesPipeline:
                    fault ??= Wrong(operation, $"pipeline: found {Kind(property.Value)}", "write a pipeline's name");
                    break;
                default:
                    string cure = NearestKey.Find(property.Name, known) is { } near ? $"did you mean '{near}'?" : $"known here: {string.Join(", ", known)}";
                    fault ??= Wrong(operation, $"unknown field {Quoted.Text(property.Name)}", cure);
                    break;
            }
        }

        return read;
    }

    // RFC 3339 wants date, time and offset: without its offset nobody knows when that is.
    private static bool TryTime(string text, out DateTimeOffset time)
    {
        time = default;
        string[] forms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];
        string upper = text.ToUpperInvariant().Replace(' ', 'T');
        return (upper.EndsWith('Z') || upper.LastIndexOfAny(['+', '-']) > upper.IndexOf('T', StringComparison.Ordinal))
            && DateTimeOffset.TryParseExact(upper, forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }

    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return null;
        }
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text that it cannot be",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };

    private static string Cure(bool takesPipeline)
        => takesPipeline ? """send a JSON object such as {"pipeline":"NAME"}""" : """send nothing, or a JSON object such as {"id":"a7"}""";

    private static Fault Wrong(string operation, string what, string cure) => new(FaultKind.Usage, operation, what, cure);
}

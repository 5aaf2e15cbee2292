using System.Text.Json;

namespace EdgeInfer.Commands;

/// <summary>What came from a broker, on its way to a terminal: whoever may publish there may send anything.</summary>
internal static class ReceivedText
{
    private const int LongestSayCharacters = 400;

    /// <summary>A payload that is one JSON object and nothing else; null where it is not.</summary>
    public static JsonDocument? Parse(ReadOnlySpan<byte> payload)
    {
        try
        {
            Utf8JsonReader reader = new(payload);
            if (!JsonDocument.TryParseValue(ref reader, out JsonDocument? document)) return null;
            bool isObjectAlone = reader.BytesConsumed == payload.Length && document.RootElement.ValueKind == JsonValueKind.Object;
            if (isObjectAlone) return document;
            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A line of bounded length without control characters: no message reaches the terminal with escape sequences.</summary>
    /// <param name="text">What came.</param>
    /// <param name="longestCharacters">What is longer is cut.</param>
    public static string Printable(string text, int longestCharacters = LongestSayCharacters)
    {
        if (text.Length > longestCharacters) text = text[..longestCharacters] + "…";
        return string.Create(text.Length, text, static (span, from) =>
        {
            for (int i = 0; i < span.Length; i++) span[i] = char.IsControl(from[i]) ? '\uFFFD' : from[i];
        });
    }
}

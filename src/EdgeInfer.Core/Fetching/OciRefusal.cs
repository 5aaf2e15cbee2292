using System.Text.Json;
using EdgeInfer.Configuration;

namespace EdgeInfer.Fetching;

/// <summary>What a registry says of its refusal: the first error of the list that the distribution specification has in such an answer.</summary>
/// <param name="Code">As in <c>DENIED</c>; empty where it says none.</param>
/// <param name="Message">In its words; empty where it says none.</param>
internal readonly record struct OciRefusal(string Code, string Message)
{
    /// <summary>The most that is read of an answer.</summary>
    public const int MostBytes = 16 << 10;

    private const int LongestCode = 40;

    /// <summary>For people, with a colon before it; empty where nothing is said.</summary>
    public string Display => Code is not { Length: > 0 } ? "" : Message.Length == 0 ? $": {Code}" : $": {Code}, {Quoted.Text(Message)}";

    /// <summary>Reads an answer's body, which may be anything.</summary>
    public static OciRefusal Read(byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, new() { MaxDepth = 16 });
            if (document.RootElement is not { ValueKind: JsonValueKind.Object } root || !root.TryGetProperty("errors", out JsonElement errors)) return default;
            if (errors.ValueKind != JsonValueKind.Array || errors.GetArrayLength() == 0 || errors[0] is not { ValueKind: JsonValueKind.Object } first) return default;
            string code = Text(first, "code");
            bool isCode = code.Length is > 0 and <= LongestCode && code.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
            return isCode ? new(code, Text(first, "message")) : default;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    private static string Text(JsonElement from, string name) => from.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}

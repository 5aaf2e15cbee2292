using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Slots;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing.Fleet;

/// <summary>The job in <see cref="DeviceUpdate"/>.</summary>
/// <param name="State">How far it is.</param>
/// <param name="Manifest">sha256 of the release's manifest; null while that is not known.</param>
/// <param name="Code">Why it ended or waits, in one word; null where that is not said.</param>
/// <param name="Reason">The same in one line; of jobs that ended badly alone.</param>
internal sealed record DeviceJob(JobState State, string? Manifest, string? Code, string? Reason);

/// <summary>What a device says of one managed model, as far as counting needs it: <c>edgeinfer/update/1</c>, from whoever may publish at that topic.</summary>
internal sealed record DeviceUpdate
{
    private const int LongestBytes = 64 << 10;
    private const int LongestCode = 32;
    private const int LongestReason = 200;
    private const string Schema = "edgeinfer/update/1";

    /// <summary>sha256 of the manifest of what serves; null where nothing does.</summary>
    public string? ActiveManifest { get; init; }

    /// <summary>Its number; 0 for what the device began with.</summary>
    public long? ActiveSeq { get; init; }

    /// <summary>The running or last job.</summary>
    public DeviceJob? Job { get; init; }

    /// <summary>sha256 of the manifest that was refused last and is remembered.</summary>
    public string? RefusedManifest { get; init; }

    /// <summary>Why; null where an operator rolled it back.</summary>
    public string? RefusedCode { get; init; }

    /// <summary>Why nothing new can be learnt of the repository; null where it can.</summary>
    public string? RepositoryCode { get; init; }

    /// <summary>Reads a message.</summary>
    /// <param name="payload">UTF-8.</param>
    /// <returns>Null where it is none.</returns>
    public static DeviceUpdate? Read(ReadOnlySpan<byte> payload)
    {
        using JsonDocument? document = FleetJson.Parse(payload, LongestBytes);
        if (document is null || FleetJson.Text(document.RootElement, "schema") != Schema) return null;
        JsonElement root = document.RootElement;
        JsonElement active = FleetJson.Member(root, "active"), refused = FleetJson.Member(root, "refused");
        return new()
        {
            ActiveManifest = Digest(active),
            ActiveSeq = FleetJson.Number(active, "seq"),
            Job = Read(FleetJson.Member(root, "job")),
            RefusedManifest = Digest(refused),
            RefusedCode = Code(refused, "code"),
            RepositoryCode = Code(root, "repository_code"),
        };
    }

    private static DeviceJob? Read(JsonElement job)
    {
        if (FleetJson.Text(job, "state") is not { } word || JobStates.OfWord(word) is not { } state) return null;
        string? reason = state is JobState.Failed or JobState.RolledBack && FleetJson.Text(job, "reason") is { } text ? OneLine.Of(text.Length > LongestReason ? text[..LongestReason] + "…" : text) : null;
        return new(state, Digest(job), Code(job, "code"), reason);
    }

    private static string? Digest(JsonElement from) => FleetJson.Text(from, "manifest") is { } text && ContentHash.IsSha256(text) ? text : null;

    // Words of ours, or of a later version's: they are printed, so they are words.
    private static string? Code(JsonElement from, string name)
        => FleetJson.Text(from, name) is { Length: >= 1 and <= LongestCode } text && text.All(static c => char.IsAsciiLetterLower(c) || c == '-') ? text : null;
}

/// <summary>JSON that came from a broker: whatever is not as expected is absent.</summary>
internal static class FleetJson
{
    private const int MaxDepth = 32;

    /// <summary>A JSON object; null for anything else.</summary>
    public static JsonDocument? Parse(ReadOnlySpan<byte> payload, int longestBytes)
    {
        if (payload.Length == 0 || payload.Length > longestBytes) return null;
        try
        {
            Utf8JsonReader reader = new(payload, new JsonReaderOptions { MaxDepth = MaxDepth });
            JsonDocument document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A member that is an object; undefined for anything else.</summary>
    public static JsonElement Member(JsonElement from, string name)
        => from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Object ? value : default;

    /// <summary>A member that is a text; null for anything else.</summary>
    public static string? Text(JsonElement from, string name)
        => from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out JsonElement value) ? Text(value) : null;

    /// <summary>A text; null for anything else.</summary>
    public static string? Text(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, or bytes that are not UTF-8.
            return null;
        }
    }

    /// <summary>A member that is a whole number from 0 on; null for anything else.</summary>
    public static long? Number(JsonElement from, string name)
        => from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= 0 ? number : null;
}

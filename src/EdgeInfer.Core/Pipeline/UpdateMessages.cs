using System.Text.Json;
using System.Text.Json.Serialization;

namespace EdgeInfer.Pipeline;

/// <summary>What comes from the broker about updates. Unknown members are passed over: nothing here decides anything.</summary>
internal static class UpdateMessages
{
    private const int LongestBytes = 4096;

    /// <summary>Reads a hint: <c>{"model": "parts", "serial": 12}</c>, both of them free to be left out.</summary>
    /// <param name="payload">The message; empty (a cleared topic) is no hint.</param>
    /// <param name="model">The model that it is about; null for any.</param>
    public static bool TryHint(ReadOnlySpan<byte> payload, out string? model)
    {
        UpdateHint? hint = Read(payload, UpdateMessageJson.Default.UpdateHint);
        model = hint?.Model;
        return hint is not null;
    }

    /// <summary>Reads an approval: empty, or <c>{"seq": 12}</c>.</summary>
    /// <param name="payload">The message.</param>
    /// <param name="seq">The number that is meant; null for whichever waits.</param>
    public static bool TryInstall(ReadOnlySpan<byte> payload, out long? seq)
    {
        seq = null;
        if (payload.IsEmpty) return true;
        if (Read(payload, UpdateMessageJson.Default.UpdateApproval) is not { } approval) return false;
        seq = approval.Seq;
        return true;
    }

    private static T? Read<T>(ReadOnlySpan<byte> payload, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        if (payload.Length is 0 or > LongestBytes) return null;
        try
        {
            return JsonSerializer.Deserialize(payload, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A hint.</summary>
/// <param name="Model">The model; null for any.</param>
/// <param name="Serial">Of the rollout, for whoever reads along.</param>
internal sealed record UpdateHint(string? Model = null, long? Serial = null);

/// <summary>An approval.</summary>
/// <param name="Seq">The release's number; null for whichever waits.</param>
internal sealed record UpdateApproval(long? Seq = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(UpdateHint))]
[JsonSerializable(typeof(UpdateApproval))]
internal sealed partial class UpdateMessageJson : JsonSerializerContext;

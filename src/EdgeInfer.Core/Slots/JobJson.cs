using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Slots;

/// <summary>A release that failed here or was rolled back, and is not tried again by itself.</summary>
/// <param name="Manifest">sha256 of its manifest.</param>
/// <param name="Seq">Its number.</param>
/// <param name="IsRolledBack">Whether it served on trial.</param>
/// <param name="Code">Why.</param>
/// <param name="Reason">The same in one line.</param>
/// <param name="At">When, UTC.</param>
internal sealed record RefusedRelease(
    string Manifest, long Seq, bool IsRolledBack, [property: JsonConverter(typeof(UpdateCodeConverter)), JsonIgnore(Condition = JsonIgnoreCondition.Never)] UpdateCode? Code, string Reason, DateTimeOffset At);

/// <summary>The content of a job's file.</summary>
internal sealed record StoredJob(string Schema, UpdateJob Job);

/// <summary>The content of a file of refusals, the latest last.</summary>
internal sealed record StoredRefusals(string Schema, string Model, IReadOnlyList<RefusedRelease> Releases);

internal sealed class JobStateConverter : JsonConverter<JobState>
{
    public override JobState Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => JobStates.OfWord(reader.GetString() ?? "") ?? throw new JsonException("no state of a job");

    public override void Write(Utf8JsonWriter writer, JobState value, JsonSerializerOptions options) => writer.WriteStringValue(value.Word());
}

internal sealed class UpdateCodeConverter : JsonConverter<UpdateCode?>
{
    public override UpdateCode? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => UpdateCodes.OfWord(reader.GetString() ?? "") ?? throw new JsonException("no code of an update");

    public override void Write(Utf8JsonWriter writer, UpdateCode? value, JsonSerializerOptions options)
    {
        if (value is { } code) writer.WriteStringValue(code.Word());
        else writer.WriteNullValue();
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(StoredJob))]
[JsonSerializable(typeof(StoredRefusals))]
internal sealed partial class JobJson : JsonSerializerContext;

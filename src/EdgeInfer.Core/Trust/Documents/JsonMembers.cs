using System.Globalization;
using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>Takes the members of one JSON object by name and expected kind; what nobody took is kept for whoever writes the object again.</summary>
internal sealed class JsonMembers
{
    /// <summary>The one form of a date that the specification has.</summary>
    public const string TimeForm = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>The largest integer that every JSON reader keeps exactly.</summary>
    public const long MaxInteger = (1L << 53) - 1;

    private readonly Dictionary<string, JsonElement> _left = new(StringComparer.Ordinal);
    private readonly string _where;
    private readonly string _of;

    /// <summary>Begins with an object.</summary>
    /// <param name="element">The object.</param>
    /// <param name="where">The file, for the fault.</param>
    /// <param name="path">The object's place within the file, for the fault.</param>
    /// <exception cref="UpdateException">It is no object (<see cref="UpdateCode.Signature"/>), as with all that is taken from it.</exception>
    public JsonMembers(JsonElement element, string where, string path)
    {
        (_where, _of) = (where, OneLine.Short(path));
        if (element.ValueKind != JsonValueKind.Object) throw Refused("is not an object");
        foreach (JsonProperty member in element.EnumerateObject()) _left.Add(member.Name, member.Value);
    }

    /// <summary>A member that has to be there.</summary>
    public JsonElement Take(string name) => TakeOptional(name) ?? throw Refused($"has no member {name}");

    /// <summary>A member; null where there is none.</summary>
    public JsonElement? TakeOptional(string name) => _left.Remove(name, out JsonElement value) ? value : null;

    /// <summary>A text.</summary>
    public string Text(string name) => TextOf(Take(name), name);

    /// <summary>An integer from <paramref name="least"/> to <see cref="MaxInteger"/>.</summary>
    public long Integer(string name, long least) => IntegerOf(Take(name), name, least);

    /// <summary>An integer; null where there is none.</summary>
    public long? OptionalInteger(string name, long least) => TakeOptional(name) is JsonElement value ? IntegerOf(value, name, least) : null;

    /// <summary>A flag; false where there is none.</summary>
    public bool Flag(string name) => TakeOptional(name)?.ValueKind switch
    {
        null or JsonValueKind.False => false,
        JsonValueKind.True => true,
        _ => throw Refused($"has no true or false in {name}"),
    };

    /// <summary>A time in UTC.</summary>
    public DateTimeOffset Time(string name) => TimeOf(Take(name), name);

    /// <summary>A time in UTC; null where there is none.</summary>
    public DateTimeOffset? OptionalTime(string name) => TakeOptional(name) is JsonElement value ? TimeOf(value, name) : null;

    /// <summary>The members of an object.</summary>
    public IEnumerable<(string Name, JsonElement Value)> Object(string name) => ObjectOf(Take(name), name);

    /// <summary>A list of texts; null where there is none.</summary>
    public IReadOnlyList<string>? OptionalTexts(string name) => TakeOptional(name) is JsonElement list ? [.. ItemsOf(list, name).Select(i => TextOf(i, name))] : null;

    /// <summary>The items of a list.</summary>
    public IEnumerable<JsonElement> List(string name) => ItemsOf(Take(name), name);

    /// <summary>Texts by name; null where there are none.</summary>
    public IReadOnlyDictionary<string, string>? OptionalTextsByName(string name) => TakeOptional(name) is JsonElement texts
        ? ObjectOf(texts, name).ToDictionary(t => t.Name, t => TextOf(t.Value, name), StringComparer.Ordinal) : null;

    /// <summary>What nobody took; null where nothing is left.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Rest() => _left.Count == 0 ? null : _left;

    /// <summary>Writes members that were left when the object was read.</summary>
    public static void WriteRest(Utf8JsonWriter writer, IReadOnlyDictionary<string, JsonElement>? rest)
    {
        if (rest is null) return;
        foreach ((string name, JsonElement value) in rest)
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }
    }

    /// <summary>A time as metadata write it.</summary>
    public static string TimeText(DateTimeOffset time) => time.UtcDateTime.ToString(TimeForm, CultureInfo.InvariantCulture);

    /// <summary>Says what is wrong with this object.</summary>
    public UpdateException Refused(string what) => UpdateException.Of(UpdateCode.Signature, _where, $"{_of} {what}");

    private string TextOf(JsonElement value, string name)
        => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Refused($"has no text in {name}");

    private long IntegerOf(JsonElement value, string name, long least)
        => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= least && number <= MaxInteger
            ? number : throw Refused($"has no integer from {least} on in {name}");

    private DateTimeOffset TimeOf(JsonElement value, string name)
        => DateTimeOffset.TryParseExact(TextOf(value, name), TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time : throw Refused($"has no time like 2030-01-01T00:00:00Z in {name}");

    private IEnumerable<(string Name, JsonElement Value)> ObjectOf(JsonElement value, string name)
        => value.ValueKind == JsonValueKind.Object ? value.EnumerateObject().Select(m => (m.Name, m.Value)) : throw Refused($"has no object in {name}");

    private IEnumerable<JsonElement> ItemsOf(JsonElement value, string name)
        => value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Refused($"has no list in {name}");
}

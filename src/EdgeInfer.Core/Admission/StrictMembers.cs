using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Admission;

/// <summary>Takes the members of one JSON object by name, kind and bounds.</summary>
internal sealed class StrictMembers
{
    /// <summary>The largest integer that every JSON reader keeps exactly.</summary>
    public const long MaxInteger = JsonMembers.MaxInteger;

    private const string PublishAgain = "publish it again";

    private readonly Dictionary<string, JsonElement> _left = new(StringComparer.Ordinal);
    private readonly UpdateCode _code;
    private readonly string _where;
    private readonly string _path;

    /// <summary>Begins with an object.</summary>
    /// <param name="element">The object.</param>
    /// <param name="code">What everything that is wrong with it is refused with.</param>
    /// <param name="where">The document, for faults.</param>
    /// <param name="path">The object's place in it, for faults.</param>
    /// <exception cref="UpdateException">It is no object.</exception>
    public StrictMembers(JsonElement element, UpdateCode code, string where, string path)
    {
        (_code, _where, _path) = (code, where, path);
        if (element.ValueKind != JsonValueKind.Object) throw Refused("is no object");
        try
        {
            foreach (JsonProperty member in element.EnumerateObject())
                if (!_left.TryAdd(member.Name, member.Value)) throw Refused($"has {Quoted(member.Name)} twice");
        }
        catch (InvalidOperationException e)
        {
            throw Refused("has a member whose name is not Unicode", e);
        }
    }

    /// <summary>A member; null where there is none.</summary>
    public JsonElement? Optional(string name) => _left.Remove(name, out JsonElement value) ? value : null;

    /// <summary>A member that has to be there.</summary>
    public JsonElement Required(string name) => Optional(name) ?? throw Refused($"has no '{name}'");

    /// <summary>The members of an object that has to be there.</summary>
    public StrictMembers Object(string name) => new(Required(name), _code, _where, Inner(name));

    /// <summary>The members of an object; null where there is none.</summary>
    public StrictMembers? OptionalObject(string name) => Optional(name) is { } value ? new(value, _code, _where, Inner(name)) : null;

    /// <summary>A text of 1 to <paramref name="most"/> characters without control characters; null where there is none.</summary>
    public string? OptionalText(string name, int most) => Optional(name) is { } value ? TextOf(value, name, most) : null;

    /// <summary>A text of 1 to <paramref name="most"/> characters without control characters.</summary>
    public string Text(string name, int most) => TextOf(Required(name), name, most);

    /// <summary>An integer within bounds; null where there is none.</summary>
    public long? OptionalInteger(string name, long least, long most = MaxInteger) => Optional(name) is { } value ? IntegerOf(value, name, least, most) : null;

    /// <summary>An integer within bounds.</summary>
    public long Integer(string name, long least, long most = MaxInteger) => IntegerOf(Required(name), name, least, most);

    /// <summary>A flag; null where there is none.</summary>
    public bool? OptionalFlag(string name) => Optional(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Refused($"has no true or false in '{name}'"),
    };

    /// <summary>The items of a list of at most <paramref name="most"/>; null where there is none.</summary>
    public IReadOnlyList<JsonElement>? OptionalList(string name, int least, int most)
    {
        if (Optional(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Array) throw Refused($"has no list in '{name}'");
        int count = value.GetArrayLength();
        return count >= least && count <= most ? [.. value.EnumerateArray()] : throw Refused($"has {count} items in '{name}', {least} to {most} are taken");
    }

    /// <summary>An item of a list as text.</summary>
    public string TextOf(JsonElement value, string name, int most)
    {
        string? text = null;
        try
        {
            if (value.ValueKind == JsonValueKind.String) text = value.GetString();
        }
        catch (InvalidOperationException e)
        {
            throw Refused($"has a text in '{name}' that is not Unicode", e);
        }

        if (text is null) throw Refused($"has no text in '{name}'");
        bool isFit = text.Length >= 1 && text.Length <= most && !text.Any(char.IsControl);
        return isFit ? text : throw Refused($"has {Quoted(text)} in '{name}': 1 to {most} characters, no control characters");
    }

    /// <summary>Members that nobody has taken, by name.</summary>
    public IEnumerable<KeyValuePair<string, JsonElement>> Rest => _left;

    /// <summary>Refuses members that nobody has taken: each is a demand of a newer publisher that this program would pass over.</summary>
    /// <exception cref="UpdateException">There is one (<see cref="UpdateCode.AgentTooOld"/>).</exception>
    public void Close()
    {
        foreach (string name in _left.Keys.Order(StringComparer.Ordinal))
            throw UpdateException.Of(UpdateCode.AgentTooOld, _where, $"{_path} asks for {Quoted(name)}, which this version does not know", "update EdgeInfer on this device");
    }

    /// <summary>Says what is wrong with this object.</summary>
    public UpdateException Refused(string what, Exception? inner = null) => UpdateException.Of(_code, _where, $"{_path} {what}", PublishAgain, inner);

    /// <summary>A text of others in a message: one line, not too long.</summary>
    public static string Quoted(string text) => $"'{OneLine.Short(text)}'";

    private string Inner(string name) => $"{_path}.{name}";

    private long IntegerOf(JsonElement value, string name, long least, long most)
        => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= least && number <= most
            ? number : throw Refused($"has no integer from {least} to {most} in '{name}'");
}

using System.Globalization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>
/// Reads one mapping key by key, by the type each key expects, and collects every fault with its place.
/// <see cref="Close"/> reports the keys nobody asked for, with the nearest known one.
/// </summary>
public sealed class MappingReader
{
    private readonly YamlMapping _mapping;
    private readonly FaultList _faults;
    private readonly HashSet<string> _known = [];
    private readonly HashSet<string> _refused = [];

    /// <summary>Reads a mapping that stands at <paramref name="path"/> of its document (dotted; empty at the root).</summary>
    public MappingReader(YamlMapping mapping, string path, FaultList faults)
    {
        _mapping = mapping;
        _faults = faults;
        Path = path;
    }

    /// <summary>The dotted path of this mapping.</summary>
    public string Path { get; }

    /// <summary>Where the mapping begins.</summary>
    public Mark Mark => _mapping.Mark;

    /// <summary>Key and value as written.</summary>
    public IReadOnlyList<KeyValuePair<YamlScalar, YamlNode>> Entries => _mapping.Entries;

    /// <summary>Where the faults go.</summary>
    public FaultList Faults => _faults;

    /// <summary>The dotted path of a key of this mapping.</summary>
    public string PathOf(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    /// <summary>Whether the key is written and says something; marks it as known.</summary>
    public bool Has(string key) => Node(key) is not null;

    /// <summary>Whether the key is written at all, even with nothing behind it; does not mark it as known.</summary>
    public bool Contains(string key) => _mapping.Find(key) is not null;

    /// <summary>Where the value of a key stands, or the mapping where the key is absent.</summary>
    public Mark MarkOf(string key) => _mapping.Find(key)?.Mark ?? Mark;

    /// <summary>Where a key itself stands, or the mapping where it is absent.</summary>
    public Mark MarkOfKey(string key)
    {
        foreach ((YamlScalar written, _) in _mapping.Entries)
            if (written.Value == key) return written.Mark;
        return Mark;
    }

    /// <summary>The node under a key, null where it is absent or says nothing; marks the key as known.</summary>
    public YamlNode? Node(string key)
    {
        _known.Add(key);
        YamlNode? node = _mapping.Find(key);
        return node is YamlScalar { IsNull: true } ? null : node;
    }

    /// <summary>A text.</summary>
    public string? Text(string key) => Node(key) switch
    {
        null => null,
        YamlScalar scalar => scalar.Value,
        YamlNode other => Wrong<string>(other, key, "a text"),
    };

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool? Boolean(string key) => Value<bool>(key, "true or false", static (string text, out bool value) =>
    {
        value = text == "true";
        return text is "true" or "false";
    });

    /// <summary>A whole number within bounds.</summary>
    public int? Integer(string key, int minimum = int.MinValue, int maximum = int.MaxValue)
        => Value(key, Range("a whole number", minimum, maximum, int.MinValue, int.MaxValue), (string text, out int value)
            => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= minimum && value <= maximum);

    /// <summary>A number within bounds; <c>1/255</c> is one too.</summary>
    public double? Number(string key, double minimum = double.MinValue, double maximum = double.MaxValue)
        => Value(key, Range("a number", minimum, maximum, double.MinValue, double.MaxValue), (string text, out double value)
            => ScalarText.TryNumber(text, out value) && value >= minimum && value <= maximum);

    /// <summary>A duration such as <c>250ms</c>, <c>5s</c>, <c>2h</c>.</summary>
    public TimeSpan? Duration(string key, TimeSpan minimum, TimeSpan maximum)
    {
        string expected = $"a duration such as 250ms, 5s, 2h, from {ScalarText.Duration(minimum)} to {ScalarText.Duration(maximum)}";
        return Value(key, expected, (string text, out TimeSpan value)
            => ScalarText.TryDuration(text, out value) && value >= minimum && value <= maximum);
    }

    /// <summary>A number of bytes such as <c>64MiB</c>.</summary>
    public long? Bytes(string key, long minimum, long maximum)
        => Value(key, $"a size such as 64MiB, from {minimum} to {maximum} bytes", (string text, out long value)
            => ScalarText.TryBytes(text, out value) && value >= minimum && value <= maximum);

    /// <summary>A picture size such as <c>640x480</c>.</summary>
    public (int Width, int Height)? Size(string key)
        => Value<(int, int)>(key, "a size such as 640x480", ScalarText.TrySize);

    /// <summary>One of a few words.</summary>
    /// <param name="key">The key.</param>
    /// <param name="choices">Each word and what it means.</param>
    public T? Choice<T>(string key, IReadOnlyList<KeyValuePair<string, T>> choices)
        where T : struct
        => Value(key, "one of " + string.Join(", ", choices.Select(c => c.Key)), (string text, out T value) =>
        {
            foreach ((string word, T meaning) in choices)
            {
                if (word != text) continue;
                value = meaning;
                return true;
            }

            value = default;
            return false;
        });

    /// <summary>One of a few words, as it is.</summary>
    public string? Word(string key, IReadOnlyList<string> words)
    {
        if (Node(key) is not { } node) return null;
        if (node is YamlScalar scalar && words.Contains(scalar.Value)) return scalar.Value;
        return Wrong<string>(node, key, "one of " + string.Join(", ", words));
    }

    /// <summary>A mapping under a key.</summary>
    public MappingReader? Mapping(string key) => Node(key) switch
    {
        null => null,
        YamlMapping mapping => new(mapping, PathOf(key), _faults),
        YamlNode other => Wrong<MappingReader>(other, key, "a mapping"),
    };

    /// <summary>A list under a key.</summary>
    public IReadOnlyList<YamlNode>? List(string key) => Node(key) switch
    {
        null => null,
        YamlSequence sequence => sequence.Items,
        YamlNode other => Wrong<IReadOnlyList<YamlNode>>(other, key, "a list"),
    };

    /// <summary>A list of texts.</summary>
    public IReadOnlyList<string>? Texts(string key)
    {
        if (List(key) is not { } items) return null;
        List<string> texts = [];
        foreach (YamlNode item in items)
        {
            if (item is YamlScalar scalar) texts.Add(scalar.Value);
            else Wrong(item, key, "a list of texts");
        }

        return texts;
    }

    /// <summary>A list of numbers; a single number counts as a list of one.</summary>
    public IReadOnlyList<double>? Numbers(string key)
    {
        IReadOnlyList<YamlNode>? items = Node(key) switch
        {
            null => null,
            YamlSequence sequence => sequence.Items,
            YamlNode other => [other],
        };
        if (items is null) return null;
        List<double> numbers = [];
        foreach (YamlNode item in items)
        {
            if (item is YamlScalar scalar && ScalarText.TryNumber(scalar.Value, out double number)) numbers.Add(number);
            else Wrong(item, key, "a number or a list of numbers");
        }

        return numbers;
    }

    /// <summary>Adds a fault at the value of a key (or at the mapping where the key is absent).</summary>
    public void Fault(string key, string what, string cure)
        => _faults.Add(FaultKind.Configuration, MarkOf(key).ToString(), $"{PathOf(key)}: {what}", cure);

    /// <summary>Adds a fault that quotes the value found, at its place.</summary>
    public void Wrong(YamlNode node, string key, string expected)
        => _faults.Add(FaultKind.Configuration, node.Mark.ToString(), $"{PathOf(key)}: found {Quoted.Node(node)}", $"expected {expected}");

    /// <summary>Adds a fault at one of a key's values.</summary>
    public void Refuse(YamlNode node, string key, string what, string cure)
        => _faults.Add(FaultKind.Configuration, node.Mark.ToString(), $"{PathOf(key)}: {what}", cure);

    /// <summary>Adds the fault that a key is not there.</summary>
    public void Missing(string key, string cure)
        => _faults.Add(FaultKind.Configuration, MarkOf(key).ToString(), $"{PathOf(key)}: missing", cure);

    /// <summary>Refuses keys that a later version will know, by name.</summary>
    public void NotYet(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            _refused.Add(key);
            if (_mapping.Find(key) is null) continue;
            _faults.Add(FaultKind.Configuration, MarkOfKey(key).ToString(), $"{PathOf(key)}: this version does not have '{key}' yet",
                "remove it");
        }
    }

    /// <summary>Reports every key that no call has asked for.</summary>
    public void Close()
    {
        foreach ((YamlScalar key, _) in _mapping.Entries)
        {
            if (_known.Contains(key.Value) || _refused.Contains(key.Value)) continue;
            string? near = NearestKey.Find(key.Value, _known.Concat(_refused));
            string cure = near is null ? $"known here: {string.Join(", ", _known.Order(StringComparer.Ordinal))}" : $"did you mean '{near}'?";
            _faults.Add(FaultKind.Configuration, key.Mark.ToString(), $"unknown key {Quoted.Text(PathOf(key.Value))}", cure);
        }
    }

    private delegate bool Parse<T>(string text, out T value);

    private T? Value<T>(string key, string expected, Parse<T> parse)
        where T : struct
    {
        YamlNode? node = Node(key);
        if (node is null) return null;
        if (node is YamlScalar scalar && parse(scalar.Value, out T value)) return value;
        Wrong(node, key, expected);
        return null;
    }

    private T? Wrong<T>(YamlNode node, string key, string expected)
        where T : class
    {
        Wrong(node, key, expected);
        return null;
    }

    private static string Range<T>(string what, T minimum, T maximum, T lowest, T highest)
        where T : IComparable<T>, IFormattable
    {
        if (minimum.CompareTo(lowest) == 0 && maximum.CompareTo(highest) == 0) return what;
        if (maximum.CompareTo(highest) == 0) return string.Create(CultureInfo.InvariantCulture, $"{what}, at least {minimum}");
        if (minimum.CompareTo(lowest) == 0) return string.Create(CultureInfo.InvariantCulture, $"{what}, at most {maximum}");
        return string.Create(CultureInfo.InvariantCulture, $"{what} from {minimum} to {maximum}");
    }
}

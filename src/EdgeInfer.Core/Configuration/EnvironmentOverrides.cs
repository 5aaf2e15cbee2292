using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>
/// Lays environment variables over the tree before it is read: <c>EDGEINFER__PIPELINES__BELT__FPS=2</c> is <c>pipelines.belt.fps: 2</c>.
/// Names are compared without case and with <c>-</c> written <c>_</c>; values are YAML; an empty value takes the key away.
/// What they put into the tree carries the variable's name as its place, so that every later fault names it.
/// </summary>
internal static class EnvironmentOverrides
{
    private const string Prefix = "EDGEINFER__";
    private const string Separator = "__";

    // Keys whose children the user names. A variable may add a child only where the file has none:
    // otherwise a misspelt name would silently become a second pipeline.
    private static readonly string[] s_namedByUser = ["pipelines", "models"];

    /// <summary>The tree with every override in it.</summary>
    public static YamlMapping Apply(YamlMapping root, IReadOnlyDictionary<string, string> environment, FaultList faults)
    {
        Dictionary<string, string> seen = new(StringComparer.OrdinalIgnoreCase);
        HashSet<string> namedInFile = [.. s_namedByUser.Where(key => root.Find(key) is YamlMapping { Entries.Count: > 0 })];

        // Whole mappings before the keys inside them.
        IEnumerable<string> variables = environment.Keys
            .Where(name => name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            .OrderBy(name => name.Split(Separator).Length).ThenBy(name => name, StringComparer.Ordinal);
        foreach (string name in variables)
        {
            string where = $"environment variable {name}";
            if (!seen.TryAdd(name, name))
            {
                faults.Add(FaultKind.Configuration, where, $"says the same as {seen[name]}", "keep one of them");
                continue;
            }

            string[] levels = name[Prefix.Length..].Split(Separator);
            if (levels.Contains(""))
            {
                faults.Add(FaultKind.Configuration, where, "the name has an empty level",
                    "write EDGEINFER__SECTION__KEY, with two underscores between levels");
                continue;
            }

            bool isSecret = levels.Any(level => SecretReader.IsSecretKey(level.ToLowerInvariant()));
            if (Value(environment[name], where, isSecret, faults) is { } value)
                root = With(root, levels, 0, value, new(where, namedInFile, faults));
        }

        return root;
    }

    private readonly record struct Override(string Variable, HashSet<string> NamedInFile, FaultList Faults)
    {
        public Mark Mark => new(Variable, 0, 0);
    }

    private static YamlNode? Value(string text, string where, bool isSecret, FaultList faults)
    {
        Mark whole = new(where, 0, 0);
        if (text.Trim() is "" or "~" or "null") return new YamlScalar(whole, "", isQuoted: false);
        FaultList own = new();
        YamlNode? node = YamlTree.Parse(text, where, own, isSecret);
        foreach (Fault fault in own.Faults) faults.Add(fault);
        return node switch
        {
            YamlScalar scalar => new YamlScalar(whole, scalar.Value, scalar.IsQuoted),
            _ => node,
        };
    }

    private static YamlMapping With(YamlMapping mapping, string[] levels, int depth, YamlNode value, Override over)
    {
        if (Key(mapping, levels, depth, over) is not { } key) return mapping;
        YamlNode? old = mapping.Find(key);
        YamlNode replacement = value;
        if (depth + 1 < levels.Length)
        {
            if (old is not (null or YamlMapping or YamlScalar { IsNull: true }))
            {
                over.Faults.Add(FaultKind.Configuration, over.Variable, $"'{key}' is {old.Kind}, with nothing inside it to set",
                    $"set it whole: {Prefix}{string.Join(Separator, levels[..(depth + 1)])}");
                return mapping;
            }

            replacement = With(old as YamlMapping ?? new(over.Mark, []), levels, depth + 1, value, over);
            if (replacement is YamlMapping { Entries.Count: 0 } && old is null) return mapping;
        }

        List<KeyValuePair<YamlScalar, YamlNode>> entries = [.. mapping.Entries];
        int index = entries.FindIndex(entry => entry.Key.Value == key);
        YamlScalar written = new(over.Mark, key, isQuoted: false);
        if (index < 0) entries.Add(new(written, replacement));
        else if (replacement is YamlScalar { IsNull: true }) entries.RemoveAt(index);
        else entries[index] = new(depth + 1 < levels.Length ? entries[index].Key : written, replacement);
        return new(mapping.Mark, entries);
    }

    /// <summary>The key of <paramref name="mapping"/> that a level means, or a new one; null with a fault where it can be neither.</summary>
    private static string? Key(YamlMapping mapping, string[] levels, int depth, Override over)
    {
        string wanted = Normal(levels[depth]);
        string[] matches = [.. mapping.Entries.Select(entry => entry.Key.Value).Where(key => Normal(key) == wanted)];
        if (matches.Length == 1) return matches[0];
        if (matches.Length > 1)
        {
            over.Faults.Add(FaultKind.Configuration, over.Variable, $"means both '{matches[0]}' and '{matches[1]}'", "rename one of them");
            return null;
        }

        string parent = depth == 1 ? Normal(levels[0]) : "";
        if (!over.NamedInFile.Contains(parent)) return wanted;
        string[] names = [.. mapping.Entries.Select(entry => entry.Key.Value)];
        string cure = NearestKey.Find(wanted, names) is { } near ? $"did you mean '{near}'?" : $"{parent} here: {string.Join(", ", names)}";
        over.Faults.Add(FaultKind.Configuration, over.Variable, $"{parent} has no '{wanted}'", cure);
        return null;
    }

    private static string Normal(string key) => key.ToLowerInvariant().Replace('-', '_');
}

namespace EdgeInfer.Models.Contract;

/// <summary>Reads what exporters put into a graph's metadata.</summary>
internal static class MetadataReader
{
    private const int SideLimit = 16_384;

    /// <summary>Ultralytics' <c>imgsz</c>: rows, then columns.</summary>
    public static int[]? ImageSize(IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue("imgsz", out string? text)) return null;
        return PythonLiteral.Parse(text, out _) switch
        {
            PythonList { Items: [PythonNumber height, PythonNumber width] } when IsSide(height) && IsSide(width) => [(int)height.Value, (int)width.Value],
            PythonNumber side when IsSide(side) => [(int)side.Value, (int)side.Value],
            _ => null,
        };
    }

    /// <summary>Labels: Ultralytics' <c>names</c> as a Python literal, or <c>labels</c> as a literal, a JSON list, or names between commas or on lines.</summary>
    /// <param name="metadata">The graph's metadata.</param>
    /// <param name="key">Under which key they were found; empty where there are none.</param>
    /// <param name="problem">Why what was found cannot be read; empty where it can.</param>
    public static IReadOnlyList<string>? Labels(IReadOnlyDictionary<string, string> metadata, out string key, out string problem)
    {
        problem = "";
        key = metadata.ContainsKey("names") ? "names" : metadata.ContainsKey("labels") ? "labels" : "";
        if (key.Length == 0) return null;
        string text = metadata[key].Trim();
        if (text.Length > 0 && text[0] is '{' or '[' or '(') return FromLiteral(text, out problem);
        char separator = text.Contains('\n', StringComparison.Ordinal) ? '\n' : ',';
        string[] names = [.. text.Split(separator).Select(n => n.Trim())];
        if (!names.Any(n => n.Length == 0)) return names;
        problem = "an empty name";
        return null;
    }

    private static List<string>? FromLiteral(string text, out string problem)
    {
        PythonValue? value = PythonLiteral.Parse(text, out problem);
        if (value is null) return null;
        IEnumerable<PythonValue>? items = value switch
        {
            PythonList list => list.Items,
            PythonMapping mapping => InOrder(mapping),
            _ => null,
        };
        List<string> names = [];
        foreach (PythonValue item in items ?? [])
        {
            if (item is not PythonText { Value.Length: > 0 } name)
            {
                problem = "a name that is no text";
                return null;
            }

            names.Add(name.Value);
        }

        if (names.Count == 0) problem = "no list of names numbered from 0";
        return names.Count == 0 ? null : names;
    }

    // {0: 'a', 1: 'b'}, the keys in any order but without gaps; JSON has to write them as texts.
    private static PythonValue[]? InOrder(PythonMapping mapping)
    {
        PythonValue?[] items = new PythonValue?[mapping.Entries.Count];
        foreach ((PythonValue key, PythonValue value) in mapping.Entries)
        {
            double index = key switch
            {
                PythonNumber number => number.Value,
                PythonText text when int.TryParse(text.Value, out int parsed) => parsed,
                _ => -1,
            };
            if (index < 0 || index >= items.Length || index != Math.Floor(index) || items[(int)index] is not null) return null;
            items[(int)index] = value;
        }

        return items!;
    }

    private static bool IsSide(PythonNumber number) => number.Value is >= 1 and <= SideLimit && number.Value == Math.Floor(number.Value);
}

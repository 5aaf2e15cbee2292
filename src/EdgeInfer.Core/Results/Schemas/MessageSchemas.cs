namespace EdgeInfer.Results.Schemas;

/// <summary>The JSON schemas (draft 2020-12) of the messages, as <c>edgeinfer schema</c> prints them.</summary>
internal static class MessageSchemas
{
    private static readonly string[] s_names = ["prediction", "gap", "status", "answer", "state", "doctor", "update", "fleet"];

    /// <summary>Every name: <c>prediction/1</c>, …</summary>
    public static IEnumerable<string> Names => s_names.Select(static name => $"{name}/1");

    /// <summary>A schema.</summary>
    /// <param name="name"><c>prediction</c>, <c>prediction/1</c> or, as in messages, <c>edgeinfer/prediction/1</c>.</param>
    /// <returns>The JSON text; null where there is none of this name.</returns>
    public static string? Find(string name)
    {
        const string Family = "edgeinfer/";
        if (name.StartsWith(Family, StringComparison.Ordinal)) name = name[Family.Length..];
        if (name.EndsWith("/1", StringComparison.Ordinal)) name = name[..^2];
        if (!s_names.Contains(name)) return null;

        // Beside this class in the source tree, embedded by the project file.
        using Stream stream = typeof(MessageSchemas).Assembly.GetManifestResourceStream($"{name}-1.json")
            ?? throw new InvalidOperationException($"the schema '{name}' was not embedded");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}

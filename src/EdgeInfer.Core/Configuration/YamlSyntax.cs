namespace EdgeInfer.Configuration;

/// <summary>
/// Says in plain words why a text is not YAML. The parser's own sentence names its state; here the text around the place is looked at,
/// for the mistakes that people make. Nothing of the text is quoted: it may be a secret.
/// </summary>
/// <param name="text">The document.</param>
internal sealed class YamlSyntax(string text)
{
    private const string Colon = "write 'key: value', with a space behind the colon";
    private const string SameIndentation = "indent the keys of one mapping by the same number of spaces";

    private readonly string[] _lines = text.Split('\n');

    /// <summary>What is wrong, where, and the cure.</summary>
    /// <param name="line">Where the parser stopped, from 1.</param>
    /// <param name="column">Where the parser stopped, from 1.</param>
    /// <param name="reason">The parser's sentence; empty where it gave none.</param>
    public (int Line, int Column, string What, string Cure) Explain(int line, int column, string reason)
    {
        if (Tab(line, reason) is { } tab) return tab;
        if (Says(reason, "quoted scalar") && (Says(reason, "end of stream") || Says(reason, "wrong indentation") || Says(reason, "document indicator")))
            return (line, column, "a quote that is opened here is not closed", "close it on the same line");
        if (Says(reason, "escape") || Says(reason, "hexadecimal") || Says(reason, "surrogates"))
            return (line, column, "an unknown escape behind '\\' in double quotes", "use single quotes, in which '\\' has no meaning");
        if (Says(reason, "cannot start any token"))
            return (line, column, "a value cannot begin with this character", "put the value in quotes");
        if (Says(reason, "multiline plain scalar")) return NoColon(Above(line));
        if (Says(reason, "plain scalar value"))
        {
            return Upto(line, column).Contains(": ", StringComparison.Ordinal)
                ? (line, column, "a second ': ' in one value", "put the value in quotes")
                : (line, Indentation(line) + 1, "this line is indented deeper than the key above it, which has a value already", SameIndentation);
        }

        if (Says(reason, "Block sequence entries"))
            return (line, column, "a list cannot begin with '- ' on the line of its key", "put each '- ' on a line of its own below the key, or write [a, b]");
        if (Says(reason, "block scalar"))
            return (line, column, "something stands behind '|' or '>'", "put the text on the lines below it, or in quotes");
        if (Says(reason, "'-' indicator"))
            return (line, column, "a key stands among the items of a list", "begin each item of a list with '- ', indented alike");
        if (new YamlBrackets(text).FirstUnmatched() is { } bracket) return bracket;
        if (Says(reason, "expected ',' or")) return (line, column, "a ',' is missing before this", "separate the entries in braces and brackets by ', '");
        if (Says(reason, "node content")) return (line, column, "an entry is missing before this", "write it, or remove the ',' too much");
        if (Says(reason, "expected key") || Says(reason, "<document end>")) return Misplaced(line, column);
        string said = reason.Length == 0 ? "from about here on" : reason;
        return (line, column, said, "mind the indentation and quote special characters");
    }

    private (int, int, string, string)? Tab(int line, string reason)
    {
        // The parser names the start of the mapping.
        for (int at = line; at <= _lines.Length && (at == line || Says(reason, " tab ")); at++)
        {
            int tab = Line(at).IndexOf('\t', StringComparison.Ordinal);
            if (tab >= 0 && string.IsNullOrWhiteSpace(Line(at)[..tab]) && !string.IsNullOrWhiteSpace(Line(at)))
                return (at, tab + 1, "a tab in the indentation", "use spaces alone");
        }

        return null;
    }

    private (int, int, string, string) NoColon(int line)
    {
        string first = Line(line).TrimStart().Split(' ')[0];
        return (line, Indentation(line) + 1, first.Contains(':', StringComparison.Ordinal) ? "a ':' without a space behind it" : "a key without ':'", Colon);
    }

    private (int, int, string, string) Misplaced(int line, int column)
    {
        string written = Line(line).Trim();
        if (Upto(line, column).TrimEnd() is [.., '"' or '\'']) return (line, column, "something stands behind the closing quote", "put the whole value in quotes");
        if (written.StartsWith("- ", StringComparison.Ordinal)) return (line, column, "an item of a list ('- ') stands among keys", "put the list below a key of its own");
        if (!written.Contains(':', StringComparison.Ordinal)) return NoColon(line);
        return (line, Indentation(line) + 1, "this line's indentation is that of no key above it", SameIndentation);
    }

    /// <summary>The line with something on it that stands above another.</summary>
    private int Above(int line)
    {
        do line--;
        while (line > 1 && string.IsNullOrWhiteSpace(Line(line)));
        return Math.Max(1, line);
    }

    private string Line(int line) => line >= 1 && line <= _lines.Length ? _lines[line - 1].TrimEnd('\r') : "";

    private string Upto(int line, int column) => Line(line)[..Math.Clamp(column - 1, 0, Line(line).Length)];

    private int Indentation(int line) => Line(line).Length - Line(line).TrimStart(' ').Length;

    private static bool Says(string reason, string part) => reason.Contains(part, StringComparison.OrdinalIgnoreCase);
}

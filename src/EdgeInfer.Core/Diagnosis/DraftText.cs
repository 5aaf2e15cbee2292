using System.Text;

namespace EdgeInfer.Diagnosis;

/// <summary>Lines of a commented configuration: keys that are set, keys that are not, and remarks beside them in one column.</summary>
internal sealed class DraftText
{
    private const int RemarkColumn = 40;

    private readonly StringBuilder _text = new();

    /// <summary>An empty line.</summary>
    public void Gap() => _text.Append('\n');

    /// <summary>A line of explanation.</summary>
    public void Say(int indent, string remark) => _text.Append(' ', indent).Append(remark.Length > 0 ? "# " : "#").Append(Plain(remark)).Append('\n');

    /// <summary>A key with its value, or one that begins a mapping.</summary>
    public void Set(int indent, string line, string remark = "") => Line(new string(' ', indent) + line, remark);

    /// <summary>A key that is not set: its default, or an example.</summary>
    public void Unset(int indent, string line, string remark = "") => Line(new string(' ', indent) + "# " + line, remark);

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    /// <summary>A value as YAML reads it back: plain where that is safe, else in single quotes.</summary>
    public static string Value(string text)
    {
        bool isPlain = text.Length > 0 && text[0] is '/' or '.' or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9')
            && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or ':' or '+' or '@') && text[^1] != ':';
        return isPlain && text is not ("null" or "true" or "false") ? text : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
    }

    private void Line(string line, string remark)
    {
        _text.Append(line);
        if (remark.Length > 0) _text.Append(' ', Math.Max(2, RemarkColumn - line.Length)).Append("# ").Append(Plain(remark));
        _text.Append('\n');
    }

    // Names that devices and files give themselves: none may end the line that it stands in.
    private static string Plain(string remark)
    {
        StringBuilder plain = new();
        foreach (char c in remark) plain.Append(char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' or '\u0085' or '\uFEFF' ? '?' : c);
        return plain.ToString();
    }
}

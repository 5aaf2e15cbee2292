using System.Text;

namespace EdgeInfer.Configuration;

/// <summary>How what was found is shown inside a one-line fault: in quotes, without control characters, not too long.</summary>
public static class Quoted
{
    private const int LongestCharacters = 80;

    /// <summary>A text in single quotes.</summary>
    public static string Text(string text)
    {
        StringBuilder shown = new("'");
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, LongestCharacters)))
            shown.Append(char.IsControl(c) || char.IsSurrogate(c) ? '�' : c);
        if (text.Length > LongestCharacters) shown.Append('…');
        return shown.Append('\'').ToString();
    }

    /// <summary>A single value in quotes; anything else by what it is.</summary>
    public static string Node(YamlNode node) => node is YamlScalar { IsNull: false } scalar ? Text(scalar.Value) : node.Kind;

    /// <summary>An address in quotes without what may hold a password: the user information and the query.</summary>
    public static string Address(string text)
    {
        int query = text.IndexOf('?', StringComparison.Ordinal);
        if (query >= 0) text = text[..query] + "?***";
        int at = text.LastIndexOf('@');
        if (at < 0) return Text(text);
        int slashes = text.IndexOf("//", StringComparison.Ordinal);
        string scheme = slashes >= 0 && slashes < at ? text[..(slashes + 2)] : "";
        return Text($"{scheme}***@{text[(at + 1)..]}");
    }
}

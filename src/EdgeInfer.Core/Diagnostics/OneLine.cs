namespace EdgeInfer.Diagnostics;

/// <summary>Words of others (a library, a driver, a camera, a broker) on their way to a terminal or a log.</summary>
internal static class OneLine
{
    private const int LongestCharacters = 80;

    /// <summary>As <see cref="Of"/>, and not long.</summary>
    public static string Short(string text) => Of(text.Length > LongestCharacters ? text[..LongestCharacters] + "…" : text);

    /// <summary>The text without line ends and other control characters, which could pass for lines of our own or give a terminal orders.</summary>
    public static string Of(string text)
    {
        string line = text.ReplaceLineEndings(" ");
        return line.Any(char.IsControl) ? string.Create(line.Length, line, static (to, from) =>
        {
            for (int i = 0; i < to.Length; i++) to[i] = char.IsControl(from[i]) ? ' ' : from[i];
        }) : line;
    }
}

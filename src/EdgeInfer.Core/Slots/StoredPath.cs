using System.Globalization;
using System.Text;

namespace EdgeInfer.Slots;

/// <summary>Paths of files in a release. They come from outside, become names on this disk, and are shown on terminals.</summary>
internal static class StoredPath
{
    private const int BytesLimit = 200;
    private const int DepthLimit = 8;
    private const string Marks = "._-+@=,() ";

    /// <summary>What is wrong with a path; null where nothing is.</summary>
    public static string? WhyNot(string path)
    {
        if (path.Length == 0) return "an empty path";
        if (path.Length > BytesLimit || Encoding.UTF8.GetByteCount(path) > BytesLimit) return string.Create(CultureInfo.InvariantCulture, $"more than {BytesLimit} bytes");
        if (path[0] == '/') return "an absolute path";
        string[] names = path.Split('/');
        if (names.Length > DepthLimit) return string.Create(CultureInfo.InvariantCulture, $"more than {DepthLimit} folders deep");
        foreach (string name in names)
            if (WhyNotName(name) is { } why) return why;
        return null;
    }

    private static string? WhyNotName(string name)
    {
        if (name.Length == 0) return "an empty name of a folder or file";
        if (name is "." or "..") return "a path that leads elsewhere";
        if (name[0] == '.') return "a hidden name";
        // A hyphen would be an option of some program, a blank is not seen, and some disks drop both at the end.
        if (name[0] is '-' or ' ') return "a name that begins with a hyphen or a blank";
        if (name[^1] is '.' or ' ') return "a name that ends with a dot or a blank";
        foreach (Rune rune in name.EnumerateRunes())
        {
            // Half of a surrogate pair is enumerated as this.
            if (rune == Rune.ReplacementChar || !IsTaken(rune)) return "a character that is no letter, no digit and none of '._-+@=,()' or blank";
        }

        return null;
    }

    // Neither control characters nor those that turn or hide text, nor separators of other systems.
    private static bool IsTaken(Rune rune) => rune.IsAscii
        ? Rune.IsLetterOrDigit(rune) || Marks.Contains((char)rune.Value, StringComparison.Ordinal)
        : Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}

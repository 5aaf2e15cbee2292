using System.Text;

namespace EdgeInfer.Models;

/// <summary>Names of models: 1 to 64 of letters, digits, dot, hyphen and underscore, beginning with a letter or digit.</summary>
internal static class ModelName
{
    /// <summary>The rule in words.</summary>
    public const string Rule = "1 to 64 letters, digits, '.', '-' or '_', beginning with a letter or digit";

    private const int LengthLimit = 64;

    /// <summary>Whether a name follows the rule.</summary>
    public static bool IsValid(string name)
        => name.Length is >= 1 and <= LengthLimit && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>The nearest valid name to a file's.</summary>
    public static string From(string fileName)
    {
        StringBuilder name = new();
        foreach (char c in fileName)
        {
            if (name.Length == LengthLimit) break;
            if (char.IsAsciiLetterOrDigit(c)) name.Append(c);
            else if (name.Length > 0) name.Append(c is '.' or '_' ? c : '-');
        }

        string trimmed = name.ToString().TrimEnd('-', '.', '_');
        return trimmed.Length == 0 ? "model" : trimmed;
    }
}

using System.Globalization;
using EdgeInfer.Models;

namespace EdgeInfer.Admission;

/// <summary>The name of a release among the targets: <c>models/parts/12</c>, or <c>models/parts/12-arm64</c> for some devices.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Sequence">Counts the model's releases, from 1 on.</param>
/// <param name="Variant">Which of several of one number; empty for the only one.</param>
internal readonly record struct ReleasePath(string Model, long Sequence, string Variant = "")
{
    /// <summary>Folder of all releases.</summary>
    public const string Root = "models/";

    private const int VariantLength = 32;

    /// <summary>Reads a path.</summary>
    /// <returns>Null where it is none, or is not written as it would be written here.</returns>
    public static ReleasePath? Parse(string path)
    {
        if (!path.StartsWith(Root, StringComparison.Ordinal)) return null;
        string[] parts = path[Root.Length..].Split('/');
        if (parts.Length != 2 || !ModelName.IsValid(parts[0])) return null;
        int hyphen = parts[1].IndexOf('-', StringComparison.Ordinal);
        string number = hyphen < 0 ? parts[1] : parts[1][..hyphen];
        string variant = hyphen < 0 ? "" : parts[1][(hyphen + 1)..];
        if (hyphen >= 0 && !IsVariant(variant)) return null;
        if (number.StartsWith('0') || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long sequence)) return null;
        return sequence is >= 1 and <= StrictMembers.MaxInteger ? new(parts[0], sequence, variant) : null;
    }

    /// <summary>Whether a text may name a variant: 1 to 32 ASCII letters, digits, dots, hyphens and underscores.</summary>
    public static bool IsVariant(string text) => text.Length is >= 1 and <= VariantLength && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>The path.</summary>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{Root}{Model}/{Sequence}{(Variant.Length > 0 ? "-" : "")}{Variant}");
}

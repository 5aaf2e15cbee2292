using System.Text.RegularExpressions;

namespace EdgeInfer.Configuration;

/// <summary>The names that users give to pipelines and models: they become topic levels and file names.</summary>
internal static partial class ConfiguredName
{
    /// <summary>What a name may be, in words.</summary>
    public const string Expected = "expected 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit";

    // Levels that stand beside pipelines under {prefix}/{device}/.
    private static readonly string[] s_reserved = ["status", "cmd", "update", "gap"];

    /// <summary>Whether a text can be a name.</summary>
    public static bool IsSound(string text) => Name().IsMatch(text);

    /// <summary>Whether a name is a topic level of the agent's own.</summary>
    public static bool IsReserved(string text) => s_reserved.Contains(text);

    /// <summary>The reserved names, listed.</summary>
    public static string Reserved => string.Join(", ", s_reserved);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9_-]{0,31}\z")]
    private static partial Regex Name();
}

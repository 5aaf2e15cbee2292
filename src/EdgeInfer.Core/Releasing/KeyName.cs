using System.Globalization;

namespace EdgeInfer.Releasing;

/// <summary>What a publisher's key is for.</summary>
internal enum KeyPurpose
{
    /// <summary>Signs root and the top-level targets, which only delegate; kept away from every network.</summary>
    Root,

    /// <summary>Signs models, rollout, snapshot and timestamp.</summary>
    Ci,

    /// <summary>Where the keys are separate: signs models; a human's.</summary>
    Models,

    /// <summary>Where the keys are separate: signs rollout, snapshot and timestamp; cron's.</summary>
    Online,
}

/// <summary>Names of keys: the purpose, and a number where there are or were several of it: <c>root-2</c>.</summary>
internal static class KeyName
{
    private static readonly (string Word, KeyPurpose Purpose)[] s_words =
        [("root", KeyPurpose.Root), ("ci", KeyPurpose.Ci), ("models", KeyPurpose.Models), ("online", KeyPurpose.Online)];

    /// <summary>The words of <c>--role</c>.</summary>
    public static IReadOnlyList<string> Words { get; } = [.. s_words.Select(static w => w.Word)];

    /// <summary>A purpose's word.</summary>
    public static string Word(this KeyPurpose purpose) => s_words.First(w => w.Purpose == purpose).Word;

    /// <summary>A word's purpose; null where it is none.</summary>
    public static KeyPurpose? Purpose(string word)
    {
        foreach ((string known, KeyPurpose purpose) in s_words)
            if (known == word) return purpose;
        return null;
    }

    /// <summary>The purpose that a name begins with; null where it is none of ours.</summary>
    public static KeyPurpose? PurposeOf(string name)
    {
        int dash = name.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0) return Purpose(name);
        return int.TryParse(name.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and < 10_000 ? Purpose(name[..dash]) : null;
    }

    /// <summary>The first name of a purpose that nobody has.</summary>
    public static string Next(KeyPurpose purpose, IReadOnlyCollection<string> taken)
    {
        string name = purpose.Word();
        for (int number = 2; taken.Contains(name) || (number == 2 && taken.Contains(name + "-1")); number++)
            name = string.Create(CultureInfo.InvariantCulture, $"{purpose.Word()}-{number}");
        return name;
    }
}

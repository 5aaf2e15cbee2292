namespace EdgeInfer.Admission;

/// <summary>A version by Semantic Versioning 2.0.0, compared by its precedence; build metadata do not count.</summary>
internal sealed class SemanticVersion : IComparable<SemanticVersion>
{
    private const int LengthLimit = 128;

    private readonly string _text;
    private readonly string[] _core;
    private readonly string[] _preRelease;

    private SemanticVersion(string text, string[] core, string[] preRelease) => (_text, _core, _preRelease) = (text, core, preRelease);

    /// <summary>Reads a version.</summary>
    /// <returns>Null where the text is none.</returns>
    public static SemanticVersion? Parse(string text)
    {
        if (text.Length > LengthLimit) return null;
        int plus = text.IndexOf('+', StringComparison.Ordinal);
        string precedence = plus < 0 ? text : text[..plus];
        if (plus >= 0 && !text[(plus + 1)..].Split('.').All(IsIdentifier)) return null;
        int hyphen = precedence.IndexOf('-', StringComparison.Ordinal);
        string[] core = (hyphen < 0 ? precedence : precedence[..hyphen]).Split('.');
        string[] preRelease = hyphen < 0 ? [] : precedence[(hyphen + 1)..].Split('.');
        bool isVersion = core.Length == 3 && core.All(static n => IsNumber(n) && IsShortest(n)) && preRelease.All(static i => IsIdentifier(i) && (!IsNumber(i) || IsShortest(i)));
        return isVersion ? new(text, core, preRelease) : null;
    }

    /// <inheritdoc/>
    public int CompareTo(SemanticVersion? other)
    {
        if (other is null) return 1;
        for (int i = 0; i < 3; i++)
            if (CompareNumbers(_core[i], other._core[i]) is var order and not 0) return order;
        // A version comes after its own pre-releases.
        if (_preRelease.Length == 0 || other._preRelease.Length == 0) return other._preRelease.Length.CompareTo(_preRelease.Length);
        for (int i = 0; i < Math.Min(_preRelease.Length, other._preRelease.Length); i++)
            if (CompareIdentifiers(_preRelease[i], other._preRelease[i]) is var order and not 0) return order;
        return _preRelease.Length.CompareTo(other._preRelease.Length);
    }

    /// <summary>As it was written.</summary>
    public override string ToString() => _text;

    private static int CompareIdentifiers(string a, string b) => (IsNumber(a), IsNumber(b)) switch
    {
        (true, true) => CompareNumbers(a, b),
        (true, false) => -1,
        (false, true) => 1,
        _ => string.CompareOrdinal(a, b),
    };

    // Without leading zeros the longer one is larger: no number is too large.
    private static int CompareNumbers(string a, string b) => a.Length != b.Length ? a.Length.CompareTo(b.Length) : string.CompareOrdinal(a, b);

    private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);

    private static bool IsShortest(string number) => number.Length == 1 || number[0] != '0';

    private static bool IsIdentifier(string text) => text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-');
}

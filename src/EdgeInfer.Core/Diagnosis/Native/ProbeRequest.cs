namespace EdgeInfer.Diagnosis.Native;

/// <summary>What a child is asked to try, as its arguments say it.</summary>
/// <param name="File">The configuration; empty for none.</param>
/// <param name="Done">Steps that an earlier child came through: done again where others need them, and not told again.</param>
/// <param name="Fatal">Steps that ended an earlier child: left out.</param>
internal sealed record ProbeRequest(string File, IReadOnlySet<string> Done, IReadOnlySet<string> Fatal)
{
    // Hidden: nobody but this program starts itself so.
    private const string Mark = "--probe-native";
    private const string DonePrefix = "done:";
    private const string FatalPrefix = "fatal:";

    /// <summary>Reads the arguments of this process; null where it was started for something else.</summary>
    public static ProbeRequest? Parse(string[] arguments)
    {
        if (arguments is not [Mark, var file, .. var steps]) return null;
        return new(file, With(DonePrefix), With(FatalPrefix));

        HashSet<string> With(string prefix) => [.. steps.Where(s => s.StartsWith(prefix, StringComparison.Ordinal)).Select(s => s[prefix.Length..])];
    }

    /// <summary>The arguments that ask for this.</summary>
    public IEnumerable<string> Arguments() => [Mark, File, .. Done.Select(static s => DonePrefix + s), .. Fatal.Select(static s => FatalPrefix + s)];
}

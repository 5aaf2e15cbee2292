using System.Globalization;
using EdgeInfer.Posix;

namespace EdgeInfer.Heat;

/// <summary>A Jetson's power mode, from the files of <c>nvpmodel</c>, which anyone may read: <c>pmode:0002</c> and the modes by number.</summary>
internal static class JetsonPowerMode
{
    private const string Status = "/var/lib/nvpmodel/status";
    private const string Modes = "/etc/nvpmodel.conf";
    private const string Mark = "pmode:";

    /// <summary>The mode by name, by number where its name is not known; null on other devices.</summary>
    public static string? Read(SystemFiles files)
    {
        if (files.Text(Status) is not { } status || status.IndexOf(Mark, StringComparison.Ordinal) is not (>= 0 and var at)) return null;
        ReadOnlySpan<char> rest = status.AsSpan(at + Mark.Length);
        int digits = rest.IndexOfAnyExceptInRange('0', '9');
        if (!int.TryParse(digits < 0 ? rest : rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out int mode)) return null;
        return Name(files.Lines(Modes), mode) ?? mode.ToString(CultureInfo.InvariantCulture);
    }

    // < POWER_MODEL ID=2 NAME=MODE_30W >
    private static string? Name(string[] lines, int mode)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"ID={mode}");
        foreach (string line in lines)
        {
            string[] words = line.Split([' ', '\t', '<', '>'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 3 || words[0] != "POWER_MODEL" || !words.Contains(id)) continue;
            string? name = words.FirstOrDefault(static w => w.StartsWith("NAME=", StringComparison.Ordinal));
            if (name is { Length: > 5 and <= 69 }) return name[5..];
        }

        return null;
    }
}

using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Releasing.Fleet;

/// <summary>How many devices may fail before a rollout is held: a share of those that are heard, or a number.</summary>
/// <param name="Percent">In percent; null where it is a number.</param>
/// <param name="Devices">A number; null where it is a share.</param>
internal sealed record FailureBound(decimal? Percent, int? Devices)
{
    /// <summary>Whether so many are too many. A share has no least number: one of three is 33 %, and more than 2 %.</summary>
    /// <param name="failed">Devices that failed.</param>
    /// <param name="heard">Devices that can tell, those that failed among them.</param>
    public bool IsPassed(int failed, int heard) => Percent is { } percent ? failed * 100m > percent * heard : failed > Devices;

    /// <inheritdoc/>
    public override string ToString() => Percent is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{percent:0.##} %") : string.Create(CultureInfo.InvariantCulture, $"{Devices}");
}

/// <summary>The steps of a rollout.</summary>
/// <param name="Hundredths">Shares of the fleet, growing, each in hundredths of a percent.</param>
/// <param name="Soak">The longest that a step is waited for.</param>
/// <param name="MaxFailed">How many may fail.</param>
internal sealed record WavePlan(IReadOnlyList<int> Hundredths, TimeSpan Soak, FailureBound MaxFailed)
{
    private const int MostWaves = 100;

    private static readonly TimeSpan s_shortestSoak = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestSoak = TimeSpan.FromDays(30);

    /// <summary>Reads a plan as it is typed.</summary>
    /// <param name="waves">As in <c>1,10,50,100</c>.</param>
    /// <param name="soak">As in <c>1h</c>.</param>
    /// <param name="maxFailed">As in <c>2%</c> or <c>3</c>.</param>
    /// <exception cref="FaultException">It is none.</exception>
    public static WavePlan Parse(string waves, string soak, string maxFailed)
    {
        string[] parts = waves.Split(',', StringSplitOptions.TrimEntries);
        int[] hundredths = [.. parts.Select(static p => Percent(p) is { } percent and > 0 && decimal.IsInteger(percent * 100) ? (int)(percent * 100) : 0)];
        bool isGrowing = hundredths.Length <= MostWaves && hundredths.All(static h => h > 0) && hundredths.Zip(hundredths.Skip(1)).All(static p => p.First < p.Second);
        if (!isGrowing) throw FaultException.Of(FaultKind.Usage, "--waves", $"found {Quoted.Text(waves)}", "give growing percentages above 0 up to 100, with at most two decimals, as in 1,10,50,100");
        if (!ScalarText.TryDuration(soak, out TimeSpan time) || time < s_shortestSoak || time > s_longestSoak)
            throw FaultException.Of(FaultKind.Usage, "--soak", $"found {Quoted.Text(soak)}", "give a duration from 1s to 30d, such as 1h");
        return new(hundredths, time, Bound(maxFailed));
    }

    /// <summary>A share in words.</summary>
    public static string Words(int hundredths) => string.Create(CultureInfo.InvariantCulture, $"{hundredths / 100m:0.##} %");

    /// <summary>The share that comes after one; null after the last.</summary>
    public int? After(int hundredths) => Hundredths.Where(h => h > hundredths).Select(static h => (int?)h).FirstOrDefault();

    /// <summary>A share with its place among the waves.</summary>
    public string Name(int hundredths)
    {
        int at = Hundredths.TakeWhile(h => h < hundredths).Count();
        bool isOwn = at < Hundredths.Count && Hundredths[at] == hundredths;
        return isOwn ? string.Create(CultureInfo.InvariantCulture, $"wave {at + 1} of {Hundredths.Count} ({Words(hundredths)})") : Words(hundredths);
    }

    private static FailureBound Bound(string text)
    {
        if (text.EndsWith('%') && Percent(text[..^1].TrimEnd()) is { } percent) return new(percent, null);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int devices) ? new(null, devices)
            : throw FaultException.Of(FaultKind.Usage, "--max-failed", $"found {Quoted.Text(text)}", "give a share such as 2%, or a number of devices such as 3");
    }

    private static decimal? Percent(string text)
        => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal percent) && percent is >= 0 and <= 100 ? percent : null;
}

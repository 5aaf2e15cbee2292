using System.Globalization;
using EdgeInfer.Updates;

namespace EdgeInfer.Commands;

/// <summary>A model's updates in lines.</summary>
internal static class UpdateText
{
    /// <summary>The lines: what serves, what is under way, what was refused.</summary>
    public static IEnumerable<string> Of(UpdateReport report)
    {
        yield return $"{report.Model}: {Active(report)}";
        if (report.StandIn is { } standIn) yield return $"  {StandIn(standIn)}";
        if (report.Job is { } job) yield return $"  {Job(job)}";
        if (report.Progress is { } progress) yield return string.Create(CultureInfo.InvariantCulture, $"  {progress.Bytes >> 10} of {progress.Total >> 10} KiB");
        if (report.Trial is { } trial) yield return $"  {Trial(trial)}";
        if (report.Refused is { } refused) yield return string.Create(CultureInfo.InvariantCulture, $"  release {refused.Seq} is not tried again{Code(refused.Code)} before 'edgeinfer update retry {report.Model}': {refused.Reason}");
        if (report.Repository is { } repository) yield return $"  nothing new is learnt{Code(report.RepositoryCode)}: {repository}";
    }

    private static string Active(UpdateReport report)
    {
        if (report is { Trial: { } trial, StandIn: null })
            return $"serves {Release(trial.Seq, trial.Version)} on trial, before it {(report.Active is { } last ? Name(last) : "nothing")}";
        string serves = report.Active is { } active ? report.StandIn is null ? $"serves {Name(active)}" : $"{Name(active)} should serve" : "nothing serves";
        if (report.Previous is { } previous) serves += $", before it {Name(previous)}";
        return report.Pin is not null ? $"{serves}, pinned ('edgeinfer update resume {report.Model}' lets it follow its releases)" : serves;
    }

    private static string StandIn(StandInReport standIn)
    {
        if (standIn.Seq is not { } seq) return standIn.Why;
        return $"{Release(seq, standIn.Version)} cannot serve: {standIn.Why}; meanwhile {standIn.Serves ?? "nothing"} does; {(standIn.Waits is { } waits ? $"it is mended later: {waits}" : "it is being mended")}";
    }

    private static string Job(JobReport job)
    {
        string line = job.Seq is { } seq ? string.Create(CultureInfo.InvariantCulture, $"release {seq}{(job.Version is null ? "" : $" ({job.Version})")}: {job.State}") : job.State;
        if (job.Since is { } since) line += string.Create(CultureInfo.InvariantCulture, $" since {since:u}");
        line += Code(job.Code);
        if (job.Reason is { } reason) line += $": {reason}";
        if (job.Retries > 0 && job.NotBefore is { } next) line += string.Create(CultureInfo.InvariantCulture, $"; tried {job.Retries} times, next at {next:u}");
        return line;
    }

    private static string Trial(TrialReport trial)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"on trial: {trial.Results} results in {trial.ServedS:0} s, {trial.Errors} errors");
        if (trial.P95Ms is { } p95) line += string.Create(CultureInfo.InvariantCulture, $", 95 of 100 within {p95} ms{(trial.P95BeforeMs is { } before ? string.Create(CultureInfo.InvariantCulture, $" ({before} ms before)") : "")}");
        return line;
    }

    private static string Name(GenerationReport generation) => Release(generation.Seq, generation.Version);

    private static string Release(long seq, string? version) => string.Create(
        CultureInfo.InvariantCulture, $"{(seq == 0 ? "what the device began with" : $"release {seq}")}{(version is null ? "" : $" ({version})")}");

    private static string Code(string? code) => code is null ? "" : $" ({code})";
}

using System.Globalization;
using System.Text;
using EdgeInfer.Pipeline;
using EdgeInfer.Sinks;

namespace EdgeInfer.Hosting;

/// <summary>The agent in one line, as <c>systemctl status</c> shows it: what runs, what ails, the broker.</summary>
internal static class ServiceLine
{
    /// <summary>The longest line, in characters: what is longer is cut.</summary>
    public const int LongestCharacters = 500;

    private const double Mebibyte = 1 << 20;

    /// <summary>The line; no control characters, and no secrets, which no cause holds.</summary>
    public static string Of(AgentCondition condition)
    {
        int running = condition.Pipelines.Count(static p => p.State == PipelineState.Running);
        string pipelines = condition.Pipelines.Count == 1 ? "pipeline runs" : "pipelines run";
        StringBuilder line = new(string.Create(CultureInfo.InvariantCulture, $"{running} of {condition.Pipelines.Count} {pipelines}, broker {condition.Broker}"));
        foreach (var stuck in condition.Stuck) line.Append(CultureInfo.InvariantCulture, $"; {stuck}");
        if (condition.Memory is { Cause: not null, UsedBytes: { } used } memory)
            line.Append(CultureInfo.InvariantCulture, $"; memory nearly used up: {used / Mebibyte:0} of {memory.LimitBytes / Mebibyte:0} MiB");
        if (condition.ConfigurationFault is { } fault) line.Append(CultureInfo.InvariantCulture, $"; configuration not reloaded: {fault}");
        foreach ((string name, PipelineState state, var cause) in condition.Pipelines)
        {
            if (state == PipelineState.Running && cause is null) continue;
            line.Append(CultureInfo.InvariantCulture, $"; {name} {Word(state)}");
            if (cause is not null) line.Append(CultureInfo.InvariantCulture, $": {cause}");
        }

        return Printable(line);
    }

    private static string Word(PipelineState state) => state switch
    {
        PipelineState.NoSignal => "has no signal",
        PipelineState.NoModel => "has no model",
        PipelineState.Starting => "starts",
        PipelineState.Disabled => "is turned off",
        PipelineState.Failed => "has failed",
        _ => "runs",
    };

    private static string Printable(StringBuilder line)
    {
        for (int i = 0; i < line.Length; i++)
            if (char.IsControl(line[i])) line[i] = ' ';
        if (line.Length <= LongestCharacters) return line.ToString();

        // Half of a surrogate pair would make the whole message invalid.
        int end = char.IsHighSurrogate(line[LongestCharacters - 2]) ? LongestCharacters - 2 : LongestCharacters - 1;
        return line.ToString(0, end) + "…";
    }
}

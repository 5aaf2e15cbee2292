using EdgeInfer.Configuration;

namespace EdgeInfer.Settings;

/// <summary>What can be set of a pipeline while it runs: the last level of <c>P/{pipeline}/set/{key}</c>.</summary>
internal static class SettingKey
{
    /// <summary>Whether the pipeline is at work: <c>true</c> or <c>false</c>.</summary>
    public const string Enabled = "enabled";

    /// <summary>The score threshold of labels without one of their own, from 0 to 1.</summary>
    public const string Threshold = "threshold";

    /// <summary><c>publish.min_interval</c>: seconds, or a duration.</summary>
    public const string Interval = "interval";

    private static readonly string[] s_later = ["motion", "zones"];

    /// <summary>Every key of this version.</summary>
    public static IReadOnlyList<string> All { get; } = [Enabled, Threshold, Interval];

    /// <summary>Every key that has a state: those of later versions too, which then says why it is refused.</summary>
    public static IReadOnlyList<string> AllWithState { get; } = [Enabled, Threshold, Interval, .. s_later];

    /// <summary>Whether a later version will have the key.</summary>
    public static bool IsLater(string key) => s_later.Contains(key);

    /// <summary>Whether there is such a key, now or later.</summary>
    public static bool IsKnown(string key) => All.Contains(key) || IsLater(key);

    /// <summary>What the configuration says of a key; null where it leaves it to the model.</summary>
    public static SettingValue? Configured(PipelineOptions pipeline, string key) => key switch
    {
        Enabled => SettingValue.Of(true),
        Threshold => pipeline.Threshold is { } threshold ? SettingValue.Of(threshold) : null,
        Interval => SettingValue.Of(pipeline.Publish.MinInterval.TotalSeconds),
        _ => null,
    };
}

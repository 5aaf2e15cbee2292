using EdgeInfer.Configuration;

namespace EdgeInfer.Settings;

/// <summary>What a pipeline goes by that can be set while it runs. Immutable: another value is another object.</summary>
/// <param name="IsEnabled">Whether it is at work.</param>
/// <param name="Threshold">The score threshold of labels without one of their own; null for the model's.</param>
/// <param name="MinInterval">The shortest time between two messages.</param>
internal sealed record PipelineSettings(bool IsEnabled, double? Threshold, TimeSpan MinInterval)
{
    /// <summary>The keys that were set over the configuration, in the order of <see cref="SettingKey.All"/>.</summary>
    public IReadOnlyList<string> Overridden { get; init; } = [];

    /// <summary>As the configuration says.</summary>
    public static PipelineSettings Of(PipelineOptions pipeline) => Of(pipeline, static _ => null);

    /// <summary>As the configuration says, but for what was set.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="find">What was set, by key.</param>
    public static PipelineSettings Of(PipelineOptions pipeline, Func<string, SettingValue?> find) => new(
        find(SettingKey.Enabled) is not { } enabled || enabled.IsTrue,
        find(SettingKey.Threshold) is { } threshold ? threshold.Number : pipeline.Threshold,
        find(SettingKey.Interval) is { } interval ? TimeSpan.FromSeconds(interval.Number) : pipeline.Publish.MinInterval)
    {
        Overridden = [.. SettingKey.All.Where(key => find(key) is not null)],
    };
}

/// <summary>The settings of one pipeline now: written by whoever sets them, read by the pipeline once a frame. Any thread.</summary>
/// <param name="first">To begin with.</param>
internal sealed class LiveSettings(PipelineSettings first)
{
    private PipelineSettings _now = first;

    /// <summary>The settings now; the same object until they are others.</summary>
    public PipelineSettings Now => Volatile.Read(ref _now);

    /// <summary>Others from now on.</summary>
    public void Replace(PipelineSettings next)
    {
        if (next.Overridden.SequenceEqual(_now.Overridden) && next with { Overridden = _now.Overridden } == _now) return;
        Volatile.Write(ref _now, next);
    }
}

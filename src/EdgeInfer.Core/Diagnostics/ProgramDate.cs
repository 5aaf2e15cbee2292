namespace EdgeInfer.Diagnostics;

/// <summary>A moment that no right clock can be before: this version was not written yet.</summary>
public static class ProgramDate
{
    /// <summary>Moved on with each release.</summary>
    public static DateTimeOffset WrittenAt { get; } = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
}

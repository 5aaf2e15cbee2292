using EdgeInfer.Models;

namespace EdgeInfer.Slots;

/// <summary>What the store of managed models may take.</summary>
internal sealed record StoreLimits
{
    /// <summary>Of all files that were fetched or are being fetched together; files that several releases share count once.</summary>
    public long StoreBytes { get; init; } = 4L << 30;

    /// <summary>Of the files of one release together.</summary>
    public long ReleaseBytes { get; init; } = ReleaseBounds.Bytes;

    /// <summary>Of files that were set aside as damaged together: they are kept to be looked at, and must not take the room of those that come for them.</summary>
    public long QuarantineBytes { get; init; } = 64L << 20;

    /// <summary>How long what nobody names stays in staging: parts of files, and files set aside as damaged.</summary>
    public TimeSpan StagingAge { get; init; } = TimeSpan.FromDays(7);
}

using EdgeInfer.Models;

namespace EdgeInfer.Admission;

/// <summary>What a release may have at most, before a byte of its files is fetched.</summary>
internal sealed record ReleaseLimits
{
    /// <summary>Bytes of a manifest: as many files as there may be take two thirds of it.</summary>
    public const int ManifestBytes = 1 << 20;

    /// <summary>Bytes of all files together.</summary>
    public long Bytes { get; init; } = ReleaseBounds.Bytes;

    /// <summary>Files.</summary>
    public int Files { get; init; } = ReleaseBounds.Files;
}

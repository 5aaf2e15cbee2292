namespace EdgeInfer.Admission;

/// <summary>What a release may have at most, before a byte of its files is fetched.</summary>
internal sealed record ReleaseLimits
{
    /// <summary>Bytes of a manifest: a thousand files take a third of it.</summary>
    public const int ManifestBytes = 1 << 20;

    /// <summary>Bytes of all files together.</summary>
    public long Bytes { get; init; } = 8L << 30;

    /// <summary>Files; golden inputs with ground truth are a few hundred.</summary>
    public int Files { get; init; } = 2048;
}

using System.Text.Json.Serialization;
using EdgeInfer.Models;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Slots;

/// <summary>Which release a generation is. With it every byte of it is known: all its digests hang on these two.</summary>
internal sealed record Generation
{
    /// <summary>Largest number: what JSON carries exactly everywhere.</summary>
    public const long SeqLimit = JsonMembers.MaxInteger;

    private const int VersionLimit = 64;
    private const int TargetLimit = 256;

    /// <summary>Its number in the order of releases; 0 for the model that was there before any release.</summary>
    public required long Seq { get; init; }

    /// <summary>sha256 of the release's manifest.</summary>
    public required string Manifest { get; init; }

    /// <summary>The model's digest: sha256 of the listing of its files.</summary>
    public required string Digest { get; init; }

    /// <summary>What its publisher calls it; null where that is not said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Version { get; init; }

    /// <summary>The path of its target, where its manifest is signed; null for what was there before any release, and where that is not known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Target { get; init; }

    /// <summary>The name of its folder.</summary>
    [JsonIgnore]
    public string Name => ManagedModel.GenerationName(Seq, Manifest);

    /// <summary>Whether number, digests, target and version are what they must be.</summary>
    [JsonIgnore]
    public bool IsSound => Seq is >= 0 and <= SeqLimit && BlobName.IsValid(Manifest) && BlobName.IsValid(Digest)
        && (Target is null || (Target.Length is > 0 and <= TargetLimit && !Target.Any(char.IsControl))) && (Version is null || (Version.Length is > 0 and <= VersionLimit && !Version.Any(char.IsControl)));

    /// <summary>The same release, whatever it is called.</summary>
    public bool IsSame(Generation? other) => other is not null && Seq == other.Seq && Manifest == other.Manifest && Digest == other.Digest;

    /// <inheritdoc/>
    public override string ToString() => Version is null ? Name : $"{Name} ({Version})";
}

/// <summary>A generation that is built, and has not taken its name yet.</summary>
/// <param name="Model">Of which model.</param>
/// <param name="Generation">Which.</param>
/// <param name="Folder">Where it lies: a whole model's folder, to be inspected and probed.</param>
/// <param name="IsPlaced">Whether that is under its name already.</param>
internal sealed record PreparedGeneration(string Model, Generation Generation, string Folder, bool IsPlaced);

/// <summary>What reading all bytes of a generation has shown.</summary>
/// <param name="Plan">Its files; null where the listing is damaged or gone.</param>
/// <param name="Problems">What is wrong, each with its path; empty where it is whole.</param>
internal sealed record GenerationCheck(ReleasePlan? Plan, IReadOnlyList<string> Problems)
{
    /// <summary>Whether every byte is right and nothing is there besides.</summary>
    public bool IsWhole => Problems.Count == 0;
}

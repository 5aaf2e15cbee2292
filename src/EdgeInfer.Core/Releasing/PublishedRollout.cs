using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>The rollout of a model, as it is published.</summary>
internal static class PublishedRollout
{
    /// <summary>Its path among the targets.</summary>
    public static string PathOf(string model) => $"{RoleLifetimes.Rollout}/{model}.json";

    /// <summary>Models that have one, in the order of their names.</summary>
    public static IEnumerable<string> Models(ReleaseDesk desk)
    {
        const string Prefix = RoleLifetimes.Rollout + "/", Suffix = ".json";
        return desk.Published.Rollout.Document.Targets.Keys.Select(static p => p[Prefix.Length..^Suffix.Length]).Order(StringComparer.Ordinal);
    }

    /// <summary>sha256 of a release's manifest; null where there is no such release.</summary>
    /// <param name="releases">What is published of models.</param>
    /// <param name="release">The release.</param>
    public static string? ManifestOf(TargetsDocument releases, ReleasePath? release)
        => release is { } path && releases.Targets.TryGetValue(path.ToString(), out TargetFile? target) ? target.Hashes.GetValueOrDefault(ContentHash.Sha256) : null;

    /// <summary>Reads and verifies it.</summary>
    /// <returns>Null where there is none.</returns>
    /// <exception cref="FaultException">It is damaged.</exception>
    public static RolloutDocument? Read(ReleaseDesk desk, string model)
    {
        string path = PathOf(model);
        if (!desk.Published.Rollout.Document.Targets.TryGetValue(path, out TargetFile? target)) return null;
        string file = desk.Folder.FileOf(RoleName.TargetsFile(path, ContentHash.Preferred(target.Hashes, path)));
        try
        {
            byte[] bytes = BoundedFile.Read(file, RolloutDocument.MaxBytes);
            ContentHash.Require(target.Hashes, bytes, file);
            return RolloutDocument.Read(bytes, model);
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, file, "take the repository from a copy");
            throw FaultException.Of(BoundedFile.KindOf(e), file, what, cure, e);
        }
    }
}

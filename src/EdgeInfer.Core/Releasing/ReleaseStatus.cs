using System.Security.Cryptography;
using EdgeInfer.Admission;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>A role, as it is published.</summary>
/// <param name="Role">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Expires">Until when it holds.</param>
/// <param name="IsDue">Whether a third of its time or less is left.</param>
/// <param name="SignedBy">Names of the keys that signed it.</param>
internal sealed record RoleStatus(string Role, long Version, DateTimeOffset Expires, bool IsDue, IReadOnlyList<string> SignedBy);

/// <summary>A release, as it is published.</summary>
/// <param name="Path">What it is called.</param>
/// <param name="Version">The model's version; null where unsaid.</param>
/// <param name="Sha256">Digest of its manifest.</param>
/// <param name="IsRevoked">Whether no device may take it any more.</param>
internal sealed record ReleaseEntry(string Path, string? Version, string Sha256, bool IsRevoked);

/// <summary>A model's rollout.</summary>
/// <param name="Model">The model.</param>
/// <param name="Rules">Its rules, in words.</param>
internal sealed record RolloutEntry(string Model, IReadOnlyList<string> Rules);

/// <summary>What <c>release status</c> says.</summary>
/// <param name="Url">Where devices find the repository; null where unsaid.</param>
/// <param name="RootSha256">Digest of the newest root, with which a new device is enrolled.</param>
/// <param name="Roles">Roles.</param>
/// <param name="Releases">Releases.</param>
/// <param name="Rollouts">Who gets which.</param>
/// <param name="Pending">What is packed and not published.</param>
/// <param name="Now">Time of looking.</param>
internal sealed record ReleaseStatus(
    string? Url, string RootSha256, IReadOnlyList<RoleStatus> Roles, IReadOnlyList<ReleaseEntry> Releases, IReadOnlyList<RolloutEntry> Rollouts, IReadOnlyList<string> Pending, DateTimeOffset Now)
{
    /// <summary>What there is to say of a release folder.</summary>
    public static ReleaseStatus Of(ReleaseDesk desk)
    {
        PublishedRoles published = desk.Published;
        DateTimeOffset now = desk.Time.GetUtcNow();
        return new(
            desk.Settings.Url,
            Convert.ToHexStringLower(SHA256.HashData(published.Root.Bytes)),
            [
                Role(RoleName.Root, published.Root), Role(RoleName.Targets, published.Targets), Role(RoleLifetimes.Models, published.Models),
                Role(RoleLifetimes.Rollout, published.Rollout), Role(RoleName.Snapshot, published.Snapshot), Role(RoleName.Timestamp, published.Timestamp),
            ],
            [.. published.Models.Document.Targets.Select(Entry).OrderBy(static e => ReleasePath.Parse(e.Path)?.Model, StringComparer.Ordinal).ThenBy(static e => ReleasePath.Parse(e.Path)?.Sequence)],
            [.. PublishedRollout.Models(desk).Select(model => new RolloutEntry(model, [.. (PublishedRollout.Read(desk, model)?.Rules ?? []).Select(ReleaseRollout.Words)]))],
            [.. new PendingReleases(desk.Folder).Paths().Select(static p => p.ToString())],
            now);

        RoleStatus Role<T>(string name, PublishedRole<T> role)
            where T : RoleDocument
            => new(name, role.Document.Version, role.Document.Expires, RoleLifetimes.IsDue(name, role.Document.Expires, now), [.. role.Envelope.Signatures.Select(s => desk.Keys.NameOf(s.KeyId))]);
    }

    private static ReleaseEntry Entry(KeyValuePair<string, TargetFile> target)
    {
        ReleaseCustom? custom = ReleasePath.Parse(target.Key) is { } path ? ReleaseCustom.Read(target.Value.Custom, path) : null;
        return new(target.Key, custom?.Version, target.Value.Hashes.GetValueOrDefault(ContentHash.Sha256) ?? "", custom?.Sequence < custom?.RevokedBelow);
    }
}

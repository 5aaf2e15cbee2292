using EdgeInfer.Admission;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing.Fleet;

/// <summary>How far a rollout in waves is, by what is signed: nothing else is kept of it, so that it can go on after any interruption.</summary>
/// <param name="Rollout">The rules; null where the model has none yet.</param>
/// <param name="Target">The release that is rolled out.</param>
/// <param name="Manifest">sha256 of its manifest.</param>
/// <param name="Hundredths">The share that has it, in hundredths of a percent; null where it has not begun.</param>
/// <param name="IsHeld">Whether the rollout is held.</param>
/// <param name="SignedAt">When the role that says so was signed, which is when the share was, or later; null where that is not said.</param>
/// <param name="Serial">The version of that role.</param>
internal sealed record SignedWave(RolloutDocument? Rollout, ReleasePath Target, string Manifest, int? Hundredths, bool IsHeld, DateTimeOffset? SignedAt, long Serial)
{
    /// <summary>Reads it.</summary>
    /// <exception cref="Diagnostics.FaultException">There is no such release.</exception>
    public static SignedWave Of(ReleaseDesk desk, RolloutOptions options)
    {
        ReleasePath target = ReleaseRollout.Target(desk, options);
        RolloutDocument? rollout = PublishedRollout.Read(desk, options.Model);
        TargetsDocument role = desk.Published.Rollout.Document;
        IReadOnlyList<RolloutRule> rules = rollout?.Rules ?? [];
        return new(
            rollout, target, PublishedRollout.ManifestOf(desk.Published.Models.Document, target)!, rules.Select(r => ShareOf(r, target, options)).FirstOrDefault(static s => s is not null),
            ReleaseRollout.IsHeld(rules), role.SignedAt, role.Version);
    }

    /// <summary>Devices that get the release by these rules.</summary>
    public IReadOnlyList<FleetDevice> Chosen(IReadOnlyList<FleetDevice> fleet) => Rollout is null ? [] : [.. fleet.Where(d => Rollout.Decide(d.Id, d.Labels).Target == Target)];

    private static int? ShareOf(RolloutRule rule, ReleasePath target, RolloutOptions options)
    {
        bool isOwn = rule.Target == target && rule.Devices is null
            && (rule.Labels is null ? options.Labels.Count == 0 : rule.Labels.Count == options.Labels.Count && rule.Labels.All(l => options.Labels.TryGetValue(l.Key, out string? value) && value == l.Value));
        if (!isOwn) return null;
        return rule.Share is null ? RolloutShare.All : rule.Share.Salt == ReleaseRollout.SaltOf(target) ? rule.Share.Hundredths : null;
    }
}

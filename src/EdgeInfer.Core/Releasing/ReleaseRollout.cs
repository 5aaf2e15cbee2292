using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>Who shall get what.</summary>
/// <param name="Model">What devices call the model.</param>
internal sealed record RolloutOptions(string Model)
{
    /// <summary>Number of the release, with its variant; null where only <see cref="Hold"/> changes.</summary>
    public string? To { get; init; }

    /// <summary>For these devices alone; empty for any.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>For devices with all of these labels; empty for any.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>For this share of the fleet, in percent; null for all.</summary>
    public decimal? Percent { get; init; }

    /// <summary>Whether no device may return by itself to what is below its floor.</summary>
    public bool IsHard { get; init; }

    /// <summary>Whether no device shall begin anything (true), or may again (false); null leaves that.</summary>
    public bool? Hold { get; init; }

    /// <summary>Whether it is for every device.</summary>
    public bool IsForAll => Devices.Count == 0 && Labels.Count == 0 && Percent is null;
}

/// <summary><c>release rollout</c>: says and signs who gets which release.</summary>
internal static class ReleaseRollout
{
    private const int SaltDigits = 16;

    private static readonly RolloutRule s_hold = new();

    /// <summary>Changes a model's rollout.</summary>
    /// <returns>Its rules, in words, and what they cannot do.</returns>
    /// <exception cref="FaultException">There is no such release, or it makes no sense beside what is there.</exception>
    public static IReadOnlyList<string> Run(ReleaseDesk desk, RolloutOptions options)
    {
        if (!ModelName.IsValid(options.Model)) throw FaultException.Of(FaultKind.Usage, "MODEL", $"{Quoted.Text(options.Model)} is no name of a model", ModelName.Rule);
        if (options.Devices.FirstOrDefault(static d => !RolloutRules.IsDevice(d)) is { } device)
            throw FaultException.Of(FaultKind.Usage, "--device", $"{Quoted.Text(device)} is no id of a device", RolloutRules.DeviceRule);
        if (options.Labels.FirstOrDefault(static l => !RolloutRules.IsLabel(l.Key) || !RolloutRules.IsLabel(l.Value)) is { Key: not null } label)
            throw FaultException.Of(FaultKind.Usage, "--label", $"{Quoted.Text($"{label.Key}={label.Value}")} is no label", RolloutRules.LabelRule);
        IReadOnlyList<RolloutRule> before = PublishedRollout.Read(desk, options.Model)?.Rules ?? [];
        ReleasePath? target = options.Hold is null ? Target(desk, options) : null;
        IReadOnlyList<RolloutRule> after = target is { } named ? Targeted(before, options, named) : Held(before, options.Hold is true, options);
        RolloutDocument document = RolloutDocument.Of(options.Model, after);
        byte[] bytes = document.Write();
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)), path = PublishedRollout.PathOf(options.Model);
        TargetsDocument rollout = desk.Published.Rollout.Document;
        SortedDictionary<string, TargetFile> targets = new(rollout.Targets.ToDictionary(), StringComparer.Ordinal)
        {
            [path] = new(bytes.Length, new Dictionary<string, string> { [ContentHash.Sha256] = sha256 }),
        };
        RepositoryEdit edit = desk.Edit();
        edit.Add(RoleName.TargetsFile(path, sha256), bytes);
        edit.Change(RoleLifetimes.Rollout, rollout with { Targets = targets });
        edit.Commit();
        return [.. after.Select(Words), .. Late(before, target)];
    }

    /// <summary>A rule in words: <c>press-3, press-4: models/parts/12</c>.</summary>
    public static string Words(RolloutRule rule)
    {
        List<string> who = [];
        if (rule.Devices is { } devices) who.Add(string.Join(", ", devices));
        if (rule.Labels is { } labels) who.Add(string.Join(", ", labels.Select(static l => $"{l.Key}={l.Value}")));
        if (rule.Share is { } share) who.Add(string.Create(CultureInfo.InvariantCulture, $"{share.Hundredths / 100m:0.##} %"));
        return $"{(who.Count == 0 ? "everybody" : string.Join(" and ", who))}: {(rule.Target is { } target ? target.ToString() : "no change")}{(rule.IsHard ? ", no return" : "")}";
    }

    // Whoever calls a release off learns here that it is too late for some, and what is left.
    private static IEnumerable<string> Late(IReadOnlyList<RolloutRule> before, ReleasePath? target)
    {
        if (before.Max(static r => r.Target?.Sequence) is not { } newest || target is not { } named || named.Sequence >= newest) return [];
        return [$"note: a device that has committed {newest} keeps it, and takes nothing older from here: publish the older model under a higher number, or say 'edgeinfer model rollback {named.Model}' on the device"];
    }

    private static IReadOnlyList<RolloutRule> Held(IReadOnlyList<RolloutRule> before, bool hold, RolloutOptions options)
    {
        if (options.To is not null || !options.IsForAll) throw FaultException.Of(FaultKind.Usage, hold ? "--hold" : "--resume", "it stands alone", "give it without --to, --device, --label and --percent");
        if (IsHeld(before) == hold) throw FaultException.Of(FaultKind.Usage, hold ? "--hold" : "--resume", hold ? "the rollout is held already" : "the rollout is not held", "see 'edgeinfer release status'");
        return hold ? [s_hold, .. before] : [.. before.Skip(1)];
    }

    private static List<RolloutRule> Targeted(IReadOnlyList<RolloutRule> before, RolloutOptions options, ReleasePath target)
    {
        RolloutRule rule = new()
        {
            Devices = options.Devices.Count == 0 ? null : [.. options.Devices.Distinct()],
            Labels = options.Labels.Count == 0 ? null : options.Labels,
            Share = options.Percent is { } percent ? Share(percent, target) : null,
            Target = target,
            IsHard = options.IsHard,
        };

        // What is for everybody ends everything before it, a halt too: this is also how a release is called off.
        if (options.IsForAll) return [rule];
        if (IsHeld(before)) throw FaultException.Of(FaultKind.Usage, options.Model, "the rollout is held: nobody would get it", "end that first, with --resume; or say --to SEQ for everybody");
        List<RolloutRule> after = [.. before.Where(r => !IsOfSame(r, rule))];
        int at = after.FindIndex(r => Rank(r) >= Rank(rule));
        if (at < 0) at = after.Count;
        after.Insert(at, rule);

        // Nobody gets past a share of all.
        return rule is { Devices: null, Labels: null, Share.Hundredths: RolloutShare.All } ? after[..(at + 1)] : after;
    }

    // The same devices, the same labels, or another share of the same release: the new one takes its place.
    private static bool IsOfSame(RolloutRule old, RolloutRule next)
        => (old.Devices ?? []).ToHashSet(StringComparer.Ordinal).SetEquals(next.Devices ?? [])
            && (old.Labels ?? new Dictionary<string, string>()).OrderBy(static l => l.Key, StringComparer.Ordinal).SequenceEqual((next.Labels ?? new Dictionary<string, string>()).OrderBy(static l => l.Key, StringComparer.Ordinal))
            && old.Share?.Salt == next.Share?.Salt;

    // Named devices before labels, those before shares, and everybody at the end: the first that matches counts.
    private static int Rank(RolloutRule rule) => rule.Devices is not null ? 0 : rule.Labels is not null ? 1 : rule.Share is not null ? 2 : 3;

    /// <summary>Whether no device begins anything.</summary>
    public static bool IsHeld(IReadOnlyList<RolloutRule> rules) => rules.Count > 0 && rules[0].Target is null && Rank(rules[0]) == 3;

    private static RolloutShare Share(decimal percent, ReleasePath target)
    {
        if (percent is <= 0 or > 100 || !decimal.IsInteger(percent * 100))
            throw FaultException.Of(FaultKind.Usage, "--percent", string.Create(CultureInfo.InvariantCulture, $"{percent} is no part of a fleet"), "give more than 0, at most 100, with at most two decimals");
        return new((int)(percent * 100), SaltOf(target));
    }

    /// <summary>The salt of a release's shares: the same for every step, so that a larger share contains the smaller; another for the next release, so that
    /// not always the same devices go first.</summary>
    public static string SaltOf(ReleasePath target) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(target.ToString())))[..SaltDigits];

    /// <summary>The release that is meant.</summary>
    /// <exception cref="FaultException">There is none of this number, or it is revoked.</exception>
    public static ReleasePath Target(ReleaseDesk desk, RolloutOptions options)
    {
        TargetsDocument models = desk.Published.Models.Document;
        if (options.To is not { } to) throw FaultException.Of(FaultKind.Usage, options.Model, "it is not said which release", "give --to SEQ, --hold or --resume");
        string wanted = $"{ReleasePath.Root}{options.Model}/{to}";
        if (ReleasePath.Parse(wanted) is not { } path || !models.Targets.TryGetValue(wanted, out TargetFile? target))
        {
            string[] known = [.. models.Targets.Keys.Where(k => ReleasePath.Parse(k)?.Model == options.Model)];
            throw FaultException.Of(
                FaultKind.NoInput, wanted, "there is no such release",
                known.Length == 0 ? ReleaseRevoke.KnownModels(models) : $"there is {string.Join(", ", known.TakeLast(5).Select(static k => k[(k.LastIndexOf('/') + 1)..]))}; what is packed counts once it is published");
        }

        if (path.Sequence < ReleaseCustom.Read(target.Custom, path).RevokedBelow) throw FaultException.Of(FaultKind.Usage, wanted, "this release is revoked, and no device takes it", "give a later one");
        return path;
    }
}

using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>What was taken back.</summary>
/// <param name="Paths">Releases.</param>
/// <param name="Warnings">What still names one of them.</param>
internal sealed record RevokedReleases(IReadOnlyList<string> Paths, IReadOnlyList<Fault> Warnings);

/// <summary><c>release revoke</c>: releases that no device may take any more.</summary>
internal static class ReleaseRevoke
{
    /// <summary>Revokes every release of a model below a number. Each of its releases says so from then on, those that come later too.</summary>
    /// <exception cref="FaultException">There is no such model, or none of its releases would be left.</exception>
    public static RevokedReleases Run(ReleaseDesk desk, string model, long below)
    {
        TargetsDocument models = desk.Published.Models.Document;
        (string Name, ReleasePath Path)[] own = [.. models.Targets.Keys.Select(static k => (k, Path: ReleasePath.Parse(k))).Where(p => p.Path?.Model == model).Select(static p => (p.k, p.Path!.Value))];
        if (own.Length == 0) throw FaultException.Of(FaultKind.NoInput, model, "no release of this model is published", KnownModels(models));
        long last = own.Max(static p => p.Path.Sequence);
        if (below < 2 || below > last)
        {
            throw FaultException.Of(
                FaultKind.Usage, "--below", below < 2 ? $"{below} revokes nothing" : $"{below} leaves none: the newest is {last}, and devices that are to refuse something need something to take instead",
                below < 2 ? "give the first number that stays good" : "publish a good release first");
        }

        SortedDictionary<string, TargetFile> targets = new(models.Targets.ToDictionary(), StringComparer.Ordinal);
        foreach ((string name, ReleasePath path) in own)
        {
            ReleaseCustom custom = ReleaseCustom.Read(targets[name].Custom, path);
            targets[name] = targets[name] with { Custom = (custom with { RevokedBelow = Math.Max(below, custom.RevokedBelow ?? 0) }).Write() };
        }

        RepositoryEdit edit = desk.Edit();
        edit.Change(RoleLifetimes.Models, models with { Targets = targets });
        edit.Commit();
        return new([.. own.Where(p => p.Path.Sequence < below).Select(static p => p.Name)], Warnings(desk, model, below));
    }

    /// <summary>A cure that names what there is.</summary>
    public static string KnownModels(TargetsDocument models)
    {
        string[] known = [.. models.Targets.Keys.Select(ReleasePath.Parse).Where(static p => p is not null).Select(static p => p!.Value.Model).Distinct()];
        return known.Length == 0 ? "publish one first: edgeinfer release pack MODEL_DIR --name NAME" : $"there is {string.Join(", ", known)}";
    }

    private static List<Fault> Warnings(ReleaseDesk desk, string model, long below)
    {
        if (PublishedRollout.Read(desk, model) is not { } rollout) return [];
        return [.. rollout.Rules.Select(static r => r.Target).OfType<ReleasePath>().Where(t => t.Sequence < below).Distinct()
            .Select(t => new Fault(FaultKind.Usage, $"rollout/{model}.json", $"{t} is still named there, and devices that it is for keep what they have", $"edgeinfer release rollout {model} --to SEQ"))];
    }
}

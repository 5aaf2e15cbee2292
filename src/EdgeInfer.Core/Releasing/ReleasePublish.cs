using System.Security.Cryptography;
using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary><c>release publish</c>: signs what was packed.</summary>
internal static class ReleasePublish
{
    /// <summary>Signs every packed release, and makes all of them count at once.</summary>
    /// <returns>What is published now.</returns>
    /// <exception cref="FaultException">Nothing is packed, a file of a release is missing, or a key is not at hand.</exception>
    public static IReadOnlyList<string> Run(ReleaseDesk desk)
    {
        PendingReleases pending = new(desk.Folder);
        IReadOnlyList<ReleasePath> paths = pending.Paths();
        if (paths.Count == 0) throw FaultException.Of(FaultKind.Usage, desk.Folder.Root, "nothing is packed that is not published already", "pack a model first: edgeinfer release pack MODEL_DIR --name NAME");
        TargetsDocument models = desk.Published.Models.Document;
        SortedDictionary<string, TargetFile> targets = new(models.Targets.ToDictionary(), StringComparer.Ordinal);
        RepositoryEdit edit = desk.Edit();
        foreach (ReleasePath path in paths)
        {
            PendingRelease release = pending.Read(path);
            string sha256 = Convert.ToHexStringLower(SHA256.HashData(release.Manifest));
            RequireFiles(desk.Folder, release);
            if (targets.TryGetValue(path.ToString(), out TargetFile? there))
            {
                // A command that was cut off after signing leaves what it had signed.
                if (there.Hashes.GetValueOrDefault(ContentHash.Sha256) == sha256) continue;
                throw FaultException.Of(FaultKind.Usage, path.ToString(), "it is published already with other files, and what is published never changes", "pack it again, without --seq");
            }

            long? revoked = RevokedBelow(models, path.Model);
            if (path.Sequence < revoked) throw FaultException.Of(FaultKind.Usage, path.ToString(), $"every release of {path.Model} below {revoked} is revoked", "pack it again, without --seq");
            targets[path.ToString()] = new(release.Manifest.Length, new Dictionary<string, string> { [ContentHash.Sha256] = sha256 }, (release.Custom with { RevokedBelow = revoked }).Write());
            edit.Add(RoleName.TargetsFile(path.ToString(), sha256), release.Manifest);
        }

        if (targets.Count > models.Targets.Count)
        {
            edit.Change(RoleLifetimes.Models, models with { Targets = targets });
            edit.Commit();
        }

        foreach (ReleasePath path in paths) pending.Remove(path);
        return [.. paths.Select(static p => p.ToString())];
    }

    /// <summary>Below which number releases of a model are revoked; null where none is.</summary>
    public static long? RevokedBelow(TargetsDocument models, string model)
        => models.Targets.Select(static t => (Path: ReleasePath.Parse(t.Key), t.Value.Custom)).Where(t => t.Path?.Model == model)
            .Max(static t => ReleaseCustom.Read(t.Custom, t.Path!.Value).RevokedBelow);

    private static void RequireFiles(ReleaseFolder folder, PendingRelease release)
    {
        BlobFolder blobs = new(folder);
        ReleaseManifest manifest = ReleaseManifest.Read(release.Manifest, new(), release.Path.ToString());
        foreach (ReleaseBlob blob in (IEnumerable<ReleaseBlob>)[manifest.Config, .. manifest.Files])
            if (!blobs.IsWhole(blob)) throw FaultException.Of(FaultKind.Data, blobs.PathOf(blob.Sha256), $"a file of {release.Path} is missing or damaged", "pack it again");
    }
}

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
        List<PendingRelease> packed = Packed(desk);
        if (packed.Count == 0) throw NothingPacked(desk);
        Sign(desk, packed);
        return [.. packed.Select(static p => p.Path.ToString())];
    }

    /// <summary>The same with a registry for the files: they are there before anything names them. What was published before is seen to as well.</summary>
    /// <param name="desk">The release folder.</param>
    /// <param name="registry">The registry.</param>
    /// <param name="keepsFiles">Whether files that the registry has stay in the repository too.</param>
    /// <param name="say">Told what deserves a look.</param>
    /// <param name="stop">Ends it; nothing is signed then, and what was sent stays there.</param>
    /// <returns>What is published now, each with its place in the registry.</returns>
    /// <exception cref="FaultException">As without; or the registry does not take it, and nothing was signed.</exception>
    public static async Task<IReadOnlyList<string>> RunAsync(ReleaseDesk desk, ReleaseRegistry registry, bool keepsFiles, Action<string> say, CancellationToken stop)
    {
        List<PendingRelease> packed = Packed(desk);
        Dictionary<ReleasePath, byte[]> all = Published(desk);
        if (packed.Count == 0 && all.Count == 0) throw NothingPacked(desk);
        foreach (PendingRelease release in packed) all[release.Path] = release.Manifest;
        RefuseSharedTags(all.Keys);
        BlobFolder blobs = new(desk.Folder);
        List<ReleasePath> there = [];
        foreach ((ReleasePath path, byte[] manifest) in all)
        {
            if (await registry.Push(path, manifest, blobs, !keepsFiles, stop).ConfigureAwait(false)) there.Add(path);
            else say($"{path}: the registry does not have it, and its files are not in {desk.Folder.Repository} any more; devices that want it will wait for it");
        }

        Sign(desk, packed);
        if (!keepsFiles) Drop(blobs, there.Select(p => ReleaseManifest.Read(all[p], new(), p.ToString())));
        return [.. packed.Select(p => $"{p.Path} as {registry.Display(p.Path)}")];
    }

    /// <summary>Below which number releases of a model are revoked; null where none is.</summary>
    public static long? RevokedBelow(TargetsDocument models, string model)
        => models.Targets.Select(static t => (Path: ReleasePath.Parse(t.Key), t.Value.Custom)).Where(t => t.Path?.Model == model)
            .Max(static t => ReleaseCustom.Read(t.Custom, t.Path!.Value).RevokedBelow);

    private static List<PendingRelease> Packed(ReleaseDesk desk)
    {
        PendingReleases pending = new(desk.Folder);
        List<PendingRelease> releases = [.. pending.Paths().Select(pending.Read)];
        TargetsDocument models = desk.Published.Models.Document;
        foreach (PendingRelease release in releases)
        {
            RequireFiles(desk.Folder, release);
            if (IsSigned(models, release)) continue;
            if (models.Targets.ContainsKey(release.Path.ToString()))
                throw FaultException.Of(FaultKind.Usage, release.Path.ToString(), "it is published already with other files, and what is published never changes", "pack it again, without --seq");
            long? revoked = RevokedBelow(models, release.Path.Model);
            if (release.Path.Sequence < revoked) throw FaultException.Of(FaultKind.Usage, release.Path.ToString(), $"every release of {release.Path.Model} below {revoked} is revoked", "pack it again, without --seq");
        }

        return releases;
    }

    private static void Sign(ReleaseDesk desk, List<PendingRelease> releases)
    {
        TargetsDocument models = desk.Published.Models.Document;
        SortedDictionary<string, TargetFile> targets = new(models.Targets.ToDictionary(), StringComparer.Ordinal);
        RepositoryEdit edit = desk.Edit();
        // A command that was cut off after signing leaves what it had signed.
        foreach (PendingRelease release in releases.Where(r => !IsSigned(models, r)))
        {
            string sha256 = Sha256(release);
            ReleaseCustom custom = release.Custom with { RevokedBelow = RevokedBelow(models, release.Path.Model) };
            targets[release.Path.ToString()] = new(release.Manifest.Length, new Dictionary<string, string> { [ContentHash.Sha256] = sha256 }, custom.Write());
            edit.Add(RoleName.TargetsFile(release.Path.ToString(), sha256), release.Manifest);
        }

        if (targets.Count > models.Targets.Count)
        {
            edit.Change(RoleLifetimes.Models, models with { Targets = targets });
            edit.Commit();
        }

        PendingReleases pending = new(desk.Folder);
        foreach (PendingRelease release in releases) pending.Remove(release.Path);
    }

    // What is revoked is wanted by no device.
    private static Dictionary<ReleasePath, byte[]> Published(ReleaseDesk desk)
    {
        TargetsDocument models = desk.Published.Models.Document;
        Dictionary<ReleasePath, byte[]> releases = [];
        foreach ((string name, TargetFile target) in models.Targets)
        {
            if (ReleasePath.Parse(name) is not { } path || path.Sequence < RevokedBelow(models, path.Model)) continue;
            string sha256 = target.Hashes[ContentHash.Sha256], file = desk.Folder.FileOf(RoleName.TargetsFile(name, sha256));
            byte[] manifest = File.Exists(file) && new FileInfo(file).Length == target.Length ? File.ReadAllBytes(file) : [];
            if (Convert.ToHexStringLower(SHA256.HashData(manifest)) != sha256)
                throw FaultException.Of(FaultKind.Data, file, $"the manifest of {path} is missing or damaged", "take it from a copy of the release folder");
            releases[path] = manifest;
        }

        return releases;
    }

    private static void RefuseSharedTags(IEnumerable<ReleasePath> paths)
    {
        foreach (IGrouping<string, ReleasePath> same in paths.GroupBy(ReleaseRegistry.TagOf, StringComparer.Ordinal).Where(static g => g.Count() > 1))
            throw FaultException.Of(FaultKind.Usage, $"{same.Last()}", $"its tag in the registry would be {same.Key}, which is that of {same.First()}", "pack one of the two under another number or variant");
    }

    private static void Drop(BlobFolder blobs, IEnumerable<ReleaseManifest> releases)
    {
        foreach (ReleaseManifest release in releases)
            foreach (ReleaseBlob blob in release.Blobs) File.Delete(blobs.PathOf(blob.Sha256));
    }

    private static void RequireFiles(ReleaseFolder folder, PendingRelease release)
    {
        BlobFolder blobs = new(folder);
        ReleaseManifest manifest = ReleaseManifest.Read(release.Manifest, new(), release.Path.ToString());
        foreach (ReleaseBlob blob in manifest.Blobs)
            if (!blobs.IsWhole(blob)) throw FaultException.Of(FaultKind.Data, blobs.PathOf(blob.Sha256), $"a file of {release.Path} is missing or damaged", "pack it again");
    }

    private static bool IsSigned(TargetsDocument models, PendingRelease release)
        => models.Targets.TryGetValue(release.Path.ToString(), out TargetFile? there) && there.Hashes.GetValueOrDefault(ContentHash.Sha256) == Sha256(release);

    private static string Sha256(PendingRelease release) => Convert.ToHexStringLower(SHA256.HashData(release.Manifest));

    private static FaultException NothingPacked(ReleaseDesk desk)
        => FaultException.Of(FaultKind.Usage, desk.Folder.Root, "nothing is packed that is not published already", "pack a model first: edgeinfer release pack MODEL_DIR --name NAME");
}

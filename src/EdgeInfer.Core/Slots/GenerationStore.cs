using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability.Interop;
using EdgeInfer.Models;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Slots;

/// <summary>
/// Generations: folders of hard links to fetched files under the paths of a release, with the manifest's exact bytes and the listing of the
/// files beside them. One is built in staging and takes its name by one rename, so that whatever has a name is whole.
/// </summary>
internal sealed class GenerationStore
{
    /// <summary>Largest manifest.</summary>
    public const int ManifestLimit = 1 << 20;

    private const string ManifestName = "manifest";
    private const string ListingName = "files";

    private readonly StoreFolders _folders;
    private readonly StoreDisk _disk;
    private readonly BlobStore _blobs;
    private readonly StoreLimits _limits;
    private readonly Action<Fault> _warn;
    private bool _isCopyingSaid;

    internal GenerationStore(StoreFolders folders, StoreDisk disk, BlobStore blobs, StoreLimits limits, Action<Fault> warn)
    {
        _folders = folders;
        _disk = disk;
        _blobs = blobs;
        _limits = limits;
        _warn = warn;
    }

    /// <summary>The folder of a generation; it need not be there.</summary>
    public string PathOf(string model, Generation generation) => Path.Combine(_folders.Generations(model), generation.Name);

    /// <summary>Names of the generations that a model has, in order. A folder of that name may be an unmanaged model's own: what is not one of ours is not listed.</summary>
    public IReadOnlyList<string> List(string model)
    {
        string folder = _folders.Generations(model);
        if (!StoreDisk.IsFolder(folder)) return [];
        return StoreFaults.Guard(folder, () => (IReadOnlyList<string>)
            [.. Directory.EnumerateDirectories(folder).Where(IsGeneration).Select(static p => Path.GetFileName(p)).Order(StringComparer.Ordinal)]);
    }

    /// <summary>Builds a generation of fetched files, all bytes read, ready to be inspected and probed. What is there already is taken as it is.</summary>
    /// <param name="model">Of which model.</param>
    /// <param name="seq">Its number.</param>
    /// <param name="version">What its publisher calls it; null where that is not said.</param>
    /// <param name="manifest">The exact bytes of the release's manifest.</param>
    /// <param name="plan">Its files.</param>
    /// <exception cref="UpdateException">Size: too large a manifest. Space: no room. Rollback: another release has its name.</exception>
    /// <exception cref="FaultException">A file is not here, or was damaged and is now in quarantine: fetch what <see cref="BlobStore.Lacking"/> names. Or the disk refused.</exception>
    public PreparedGeneration Prepare(string model, long seq, string? version, ReadOnlySpan<byte> manifest, ReleasePlan plan)
    {
        if (manifest.Length is 0 or > ManifestLimit)
            throw UpdateException.Of(UpdateCode.Size, model, string.Create(CultureInfo.InvariantCulture, $"the manifest has {manifest.Length} bytes, and 1 to {ManifestLimit} are taken"), "publish the release again");
        Generation generation = new() { Seq = seq, Manifest = BlobName.Of(manifest), Digest = plan.Digest, Version = version };
        if (!generation.IsSound) throw UpdateException.Of(UpdateCode.Inspect, model, "the release has no sound number or version", "publish it again");
        string target = PathOf(model, generation), staged = Path.Combine(_folders.Building(model), generation.Name);
        byte[] manifestBytes = manifest.ToArray();
        return StoreFaults.Guard(staged, () =>
        {
            if (StoreDisk.IsThere(target))
            {
                if (Check(target, generation).IsWhole)
                {
                    _disk.RemoveTree(staged);
                    return new PreparedGeneration(model, generation, target, IsPlaced: true);
                }

                RefuseOther(target, generation);
            }

            _disk.RemoveTree(staged);
            _disk.MakeInner(Path.GetDirectoryName(staged)!);
            Fill(staged, manifestBytes, plan);
            return new PreparedGeneration(model, generation, staged, IsPlaced: false);
        });
    }

    /// <summary>Syncs a generation, and gives it its name, in the place of a damaged one. Nothing uses it before the slots name it.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public void Place(PreparedGeneration prepared)
    {
        StoreFaults.Guard(prepared.Folder, () =>
        {
            string target = PathOf(prepared.Model, prepared.Generation);
            _disk.MakeFolder(Path.GetDirectoryName(target)!);
            if (prepared.IsPlaced)
            {
                // Whoever placed it may have died, or failed, before the last sync.
                _disk.SyncFolder(Path.GetDirectoryName(target)!);
                return;
            }

            // A file or a link in its place could not be exchanged with.
            if (StoreDisk.IsThere(target) && !StoreDisk.IsFolder(target)) _disk.RemoveFile(target);
            _disk.Place(prepared.Folder, target);
            _disk.RemoveTree(prepared.Folder);
        });
    }

    /// <summary>Reads all bytes of a generation.</summary>
    /// <exception cref="FaultException">The disk refused: nobody knows.</exception>
    public GenerationCheck Verify(string model, Generation generation) => Check(PathOf(model, generation), generation);

    /// <summary>Builds a damaged generation again of its own manifest and listing, and of what was fetched; damaged files of that go to quarantine.</summary>
    /// <returns>Whether it is whole now. Otherwise <see cref="BlobStore.Lacking"/> of its plan names what to fetch; without a plan it takes the whole release.</returns>
    /// <exception cref="UpdateException">Space: no room.</exception>
    /// <exception cref="FaultException">The disk refused.</exception>
    public bool TryRepair(string model, Generation generation)
    {
        GenerationCheck check = Verify(model, generation);
        if (check.IsWhole) return true;
        if (check.Plan is not { } plan || ManifestOf(model, generation) is not { } manifest || _blobs.Lacking(plan.Files).Count > 0) return false;
        Place(Prepare(model, generation.Seq, generation.Version, manifest, plan));
        return true;
    }

    /// <summary>The files of a generation, by its listing alone; null where that is damaged or gone.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public ReleasePlan? PlanOf(string model, Generation generation) => PlanAt(PathOf(model, generation), generation);

    /// <summary>The exact bytes of a generation's manifest; null where they are damaged or gone.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public byte[]? ManifestOf(string model, Generation generation)
        => Bounded(ReleaseFileOf(PathOf(model, generation), ManifestName), ManifestLimit) is { } bytes && BlobName.Of(bytes) == generation.Manifest ? bytes : null;

    /// <summary>Makes a model of this device a generation, number 0: what was there before any release.</summary>
    /// <param name="model">Of which managed model.</param>
    /// <param name="source">The model's folder, or its .onnx file; it stays.</param>
    /// <param name="version">What it is called; null where that is not said.</param>
    /// <exception cref="UpdateException">Its files are none that a release could have. Space: no room.</exception>
    /// <exception cref="FaultException">It cannot be read, or the disk refused.</exception>
    public Generation AdoptInitial(string model, string source, string? version)
    {
        List<StoredFile> files = [];
        Dictionary<string, string> sources = new(StringComparer.Ordinal);
        foreach (ModelFile file in ModelLoader.Files(source))
        {
            (string sha256, long bytes) = ModelDigest.OfFile(file.Path);
            files.Add(new(file.Name, sha256, bytes));
            // A link of the model's own is followed here, once.
            sources[sha256] = new FileInfo(file.Path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.Path;
        }

        ReleasePlan plan = ReleasePlan.Of(source, files, _limits);
        foreach (StoredFile file in plan.Files) _blobs.Import(file.Sha256, file.Bytes, sources[file.Sha256]);
        PreparedGeneration prepared = Prepare(model, 0, version, plan.Listing, plan);
        Place(prepared);
        return prepared.Generation;
    }

    /// <summary>Takes a generation's name away, by one rename, and then removes it. Whoever calls knows that nothing names it.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    internal void Remove(string model, string name)
    {
        string leaving = Path.Combine(_folders.Leaving(model), name);
        StoreFaults.Guard(leaving, () =>
        {
            _disk.MakeInner(_folders.Leaving(model));
            _disk.RemoveTree(leaving);
            _disk.Move(Path.Combine(_folders.Generations(model), name), leaving);
            _disk.RemoveTree(leaving);
        });
    }

    private static string ReleaseFileOf(string folder, string name) => Path.Combine(folder, ModelFolder.ReleaseName, name);

    private void Fill(string staged, byte[] manifest, ReleasePlan plan)
    {
        _disk.MakeInner(staged);
        foreach (StoredFile file in plan.Files)
        {
            string blob = _blobs.PathOf(file.Sha256), path = Path.Combine(staged, file.Path);
            if (!_blobs.Has(file.Sha256, file.Bytes)) throw Lacks(file, "is not in the store");
            MakeFolders(staged, file.Path);
            Name(blob, path);
            if (BlobStore.Hash(path) == file.Sha256) continue;
            string aside = _blobs.Quarantine(file.Sha256);
            throw Lacks(file, $"has other bytes than when it was fetched, and is now {aside}");
        }

        _disk.MakeInner(Path.Combine(staged, ModelFolder.ReleaseName));
        _disk.WriteInner(ReleaseFileOf(staged, ManifestName), manifest);
        _disk.WriteInner(ReleaseFileOf(staged, ListingName), plan.Listing);
    }

    private void MakeFolders(string staged, string path)
    {
        for (int slash = path.IndexOf('/'); slash >= 0; slash = path.IndexOf('/', slash + 1)) _disk.MakeInner(Path.Combine(staged, path[..slash]));
    }

    private void Name(string blob, string path)
    {
        if (_disk.TryLink(blob, path)) return;
        if (!_isCopyingSaid)
        {
            _isCopyingSaid = true;
            _warn(new(FaultKind.InputOutput, _folders.State, "the file system allows no second name of a file: each generation is a copy", "it takes more room; ext4, xfs, btrfs and f2fs do allow it"));
        }

        _disk.CopyInner(blob, path);
    }

    private static GenerationCheck Check(string folder, Generation generation)
    {
        if (!StoreDisk.IsFolder(folder)) return new(null, [$"{folder} is not there"]);
        List<string> problems = [];
        string manifest = ReleaseFileOf(folder, ManifestName);
        if (!IsPlain(manifest) || BlobStore.Hash(manifest) != generation.Manifest) problems.Add($"{manifest} is damaged or gone");
        ReleasePlan? plan = PlanAt(folder, generation);
        if (plan is null) return new(null, [.. problems, $"{ReleaseFileOf(folder, ListingName)} is damaged or gone"]);
        foreach (StoredFile file in plan.Files)
        {
            string path = Path.Combine(folder, file.Path);
            if (StoreDisk.Bytes(path) != file.Bytes || BlobStore.Hash(path) != file.Sha256) problems.Add($"{path} is damaged or gone");
        }

        HashSet<string> expected = [.. plan.Files.Select(f => Path.Combine(folder, f.Path)), manifest, ReleaseFileOf(folder, ListingName)];
        problems.AddRange(Entries(folder).Where(p => !expected.Contains(p)).Select(static p => $"{p} does not belong there"));
        return new(plan, problems);
    }

    private static ReleasePlan? PlanAt(string folder, Generation generation)
        => Bounded(ReleaseFileOf(folder, ListingName), ReleasePlan.ListingLimit) is { } bytes && BlobName.Of(bytes) == generation.Digest ? ReleasePlan.Read(bytes) : null;

    private static bool IsGeneration(string path)
    {
        string[] parts = Path.GetFileName(path).Split('-');
        return parts.Length == 2 && parts[0].Length > 0 && parts[0].All(char.IsAsciiDigit) && parts[1].Length == ManagedModel.NameDigits && parts[1].All(char.IsAsciiHexDigitLower)
            && StoreDisk.IsFolder(path) && StoreDisk.IsFolder(Path.Combine(path, ModelFolder.ReleaseName));
    }

    private static bool IsPlain(string path) => StoreDisk.Bytes(path) is not null;

    private static byte[]? Bounded(string path, int limit)
    {
        if (StoreDisk.Bytes(path) is not { } length || length > limit) return null;
        return StoreFaults.Guard(path, () =>
        {
            using SafeFileHandle? file = PosixFile.OpenRead(path);
            if (file is null) return null;
            byte[] bytes = new byte[length];
            int have = 0;
            for (int read; have < bytes.Length && (read = RandomAccess.Read(file, bytes.AsSpan(have), have)) > 0;) have += read;
            return have == bytes.Length ? bytes : null;
        });
    }

    // Everything that is no real folder.
    private static List<string> Entries(string folder)
    {
        List<string> entries = [];
        foreach (string path in Directory.EnumerateFileSystemEntries(folder))
        {
            if (StoreDisk.IsFolder(path)) entries.AddRange(Entries(path));
            else entries.Add(path);
        }

        return entries;
    }

    // The name has the first digits of the manifest's digest alone: two releases of one number could share them, by chance or on purpose.
    private static void RefuseOther(string target, Generation generation)
    {
        string manifest = ReleaseFileOf(target, ManifestName);
        string? there = IsPlain(manifest) ? BlobStore.Hash(manifest) : null;
        if (there is null || there == generation.Manifest || !there.StartsWith(generation.Manifest[..ManagedModel.NameDigits], StringComparison.Ordinal)) return;
        throw UpdateException.Of(UpdateCode.Rollback, target, $"another release has this number, and a manifest that begins with the same digits: {there}", "publish it under the next number");
    }

    private static FaultException Lacks(StoredFile file, string what)
        => FaultException.Of(FaultKind.InputOutput, file.Sha256, $"the file for '{file.Path}' {what}", "it is fetched again");
}

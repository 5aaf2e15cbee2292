using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Slots;

/// <summary>
/// Generations: folders of hard links to fetched files under the paths of a release, with the manifest's exact bytes and the listing of the
/// files beside them. One is built in staging and takes its name by one rename, so that whatever has a name is whole.
/// </summary>
internal sealed class GenerationStore
{
    /// <summary>Largest manifest.</summary>
    public const int ManifestLimit = 1 << 20;

    private readonly StoreFolders _folders;
    private readonly StoreDisk _disk;
    private readonly BlobStore _blobs;
    private readonly StoreLimits _limits;
    private readonly Action<Fault> _warn;
    private readonly GenerationReading _reading;
    private readonly Lock _building = new();
    private bool _isCopyingSaid;

    internal GenerationStore(StoreFolders folders, StoreDisk disk, BlobStore blobs, StoreLimits limits, Action<Fault> warn)
    {
        _folders = folders;
        _disk = disk;
        _blobs = blobs;
        _limits = limits;
        _warn = warn;
        _reading = new(disk);
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
                if (_reading.Check(target, generation, readsAll: true).IsWhole)
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
    /// <exception cref="FaultException">The disk refused, for another reason than damage: nobody knows.</exception>
    public GenerationCheck Verify(string model, Generation generation) => _reading.Check(PathOf(model, generation), generation, readsAll: true);

    /// <summary>Reads manifest and listing of a generation, and looks whether its files are there in their sizes: no more than a start can wait for.</summary>
    /// <exception cref="FaultException">The disk refused, for another reason than damage: nobody knows.</exception>
    public GenerationCheck Glance(string model, Generation generation) => _reading.Check(PathOf(model, generation), generation, readsAll: false);

    /// <summary>
    /// Builds a damaged generation again, under new names of files that were read whole; damaged ones go to quarantine, and with them what other
    /// generations link of them. To be called again once what is lacking has come.
    /// </summary>
    /// <param name="model">Of which model.</param>
    /// <param name="generation">Which.</param>
    /// <param name="manifest">The manifest's exact bytes, for where its own are damaged or gone; null for those alone.</param>
    /// <param name="plan">The same of its files.</param>
    /// <returns>What has to be fetched first; empty where it is whole now; null where nobody knows what it is made of.</returns>
    /// <exception cref="UpdateException">Space: no room.</exception>
    /// <exception cref="FaultException">The disk refused.</exception>
    public IReadOnlyList<StoredFile>? Repair(string model, Generation generation, byte[]? manifest = null, ReleasePlan? plan = null)
    {
        using Lock.Scope building = HoldBuilding();
        GenerationCheck check = Verify(model, generation);
        if (check.IsWhole) return [];
        manifest = ManifestOf(model, generation) ?? (manifest is not null && BlobName.Of(manifest) == generation.Manifest ? manifest : null);
        plan = check.Plan ?? (plan?.Digest == generation.Digest ? plan : null);
        if (manifest is null || plan is null) return null;
        IReadOnlyList<StoredFile> lacking = _blobs.Lacking(plan.Files);
        if (lacking.Count == 0) Place(Prepare(model, generation.Seq, generation.Version, manifest, plan));
        return lacking;
    }

    /// <summary>The files of a generation, by its listing alone; null where that is damaged or gone.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public ReleasePlan? PlanOf(string model, Generation generation) => GenerationReading.PlanAt(PathOf(model, generation), generation);

    /// <summary>The exact bytes of a generation's manifest; null where they are damaged or gone.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public byte[]? ManifestOf(string model, Generation generation) => GenerationReading.ManifestAt(PathOf(model, generation), generation);

    /// <summary>Makes a model of this device a generation, number 0: what was there before any release.</summary>
    /// <param name="model">Of which managed model.</param>
    /// <param name="source">The model's folder, or its .onnx file; it stays.</param>
    /// <param name="version">What it is called; null where that is not said.</param>
    /// <exception cref="UpdateException">Its files are none that a release could have. Space: no room.</exception>
    /// <exception cref="FaultException">It cannot be read, or the disk refused.</exception>
    public Generation AdoptInitial(string model, string source, string? version)
    {
        using Lock.Scope building = HoldBuilding();
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

    /// <summary>
    /// Held by whoever builds what is no release under way, and by a collection, which would take away what such a building stands on: a start mends one
    /// model while another one's update ends.
    /// </summary>
    internal Lock.Scope HoldBuilding() => _building.EnterScope();

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

    private void Fill(string staged, byte[] manifest, ReleasePlan plan)
    {
        _disk.MakeInner(staged);
        foreach (StoredFile file in plan.Files)
        {
            string blob = _blobs.PathOf(file.Sha256), path = Path.Combine(staged, file.Path);
            if (!_blobs.Has(file.Sha256, file.Bytes)) throw Lacks(file, "is not in the store");
            MakeFolders(staged, file.Path);
            Name(blob, path);
            if (_disk.Hash(path) == file.Sha256) continue;
            string aside = _blobs.Quarantine(file.Sha256);
            throw Lacks(file, $"has other bytes than when it was fetched, and is now {aside}");
        }

        _disk.MakeInner(Path.Combine(staged, ModelFolder.ReleaseName));
        _disk.WriteInner(GenerationReading.ManifestPath(staged), manifest);
        _disk.WriteInner(GenerationReading.ListingPath(staged), plan.Listing);
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

    private static bool IsGeneration(string path)
    {
        string[] parts = Path.GetFileName(path).Split('-');
        return parts.Length == 2 && parts[0].Length > 0 && parts[0].All(char.IsAsciiDigit) && parts[1].Length == ManagedModel.NameDigits && parts[1].All(char.IsAsciiHexDigitLower)
            && StoreDisk.IsFolder(path) && StoreDisk.IsFolder(Path.Combine(path, ModelFolder.ReleaseName));
    }

    // The name has the first digits of the manifest's digest alone: two releases of one number could share them, by chance or on purpose.
    private void RefuseOther(string target, Generation generation)
    {
        string manifest = GenerationReading.ManifestPath(target);
        string? there = StoreDisk.Bytes(manifest) is not null ? _disk.Hash(manifest) : null;
        if (there is null || there == generation.Manifest || !there.StartsWith(generation.Manifest[..ManagedModel.NameDigits], StringComparison.Ordinal)) return;
        throw UpdateException.Of(UpdateCode.Rollback, target, $"another release has this number, and a manifest that begins with the same digits: {there}", "publish it under the next number");
    }

    private static FaultException Lacks(StoredFile file, string what)
        => FaultException.Of(FaultKind.InputOutput, file.Sha256, $"the file for '{file.Path}' {what}", "it is fetched again");
}

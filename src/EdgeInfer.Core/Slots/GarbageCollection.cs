using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Slots;

/// <summary>What a collection has done.</summary>
/// <param name="Generations">Generations that are gone.</param>
/// <param name="Blobs">Fetched files that are gone.</param>
/// <param name="Others">Parts, buildings and damaged files that are gone.</param>
/// <param name="Bytes">Of what is gone, as far as nothing else names it.</param>
internal sealed record Collected(int Generations, int Blobs, int Others, long Bytes);

/// <summary>
/// Removes what no slots, no running job and no part of a file names. What a file does not tell any more (a damaged commit point, listing or
/// job) is taken to name everything. A generation loses its name by one rename first; a fetched file that goes by mistake takes nothing
/// along, since a generation has names of its own.
/// </summary>
internal sealed class GarbageCollection
{
    private readonly ManagedStore _store;
    private readonly StoreDisk _disk;
    private readonly TimeProvider _time;
    private readonly HashSet<(string Model, string Generation)> _generations = [];
    private readonly HashSet<string> _heldModels = new(StringComparer.Ordinal);
    private readonly HashSet<string> _blobs = new(StringComparer.Ordinal);
    private bool _isHoldingBlobs;
    private int _others;
    private long _bytes;

    internal GarbageCollection(ManagedStore store, StoreDisk disk, TimeProvider time)
    {
        _store = store;
        _disk = disk;
        _time = time;
    }

    private StoreFolders Folders => _store.Folders;

    /// <summary>Collects.</summary>
    /// <exception cref="FaultException">The disk refused; what is not gone goes the next time.</exception>
    public Collected Run()
    {
        foreach (string model in ModelFolders()) Mark(model);
        foreach (string model in _store.Jobs.Models()) MarkJob(model);
        return StoreFaults.Guard(Folders.State, () =>
        {
            int generations = ModelFolders().Sum(RemoveGenerations);
            CleanStaging();
            int blobs = RemoveBlobs();
            CleanQuarantine();
            return new Collected(generations, blobs, _others, _bytes);
        });
    }

    private string[] ModelFolders() => StoreFaults.Guard(Folders.Models, () =>
        (string[])[.. Directory.EnumerateDirectories(Folders.Models).Select(static p => Path.GetFileName(p)).Where(n => ModelName.IsValid(n) && StoreDisk.IsFolder(Folders.Model(n))).Order(StringComparer.Ordinal)]);

    private void Mark(string model)
    {
        try
        {
            if (SlotFile.Read(Folders.Slots(model), model, out _) is not { } slots) return;
            // A copy that is a write older may have to take the file's place, and then names what must be there.
            foreach (Generation generation in slots.Named.Concat(SlotFile.CopyOf(Folders.Slots(model), model)?.Named ?? []))
            {
                _generations.Add((model, generation.Name));
                _blobs.Add(generation.Manifest);
                _blobs.Add(generation.Digest);
                if (_store.Generations.PlanOf(model, generation) is { } plan) _blobs.UnionWith(plan.Files.Select(static f => f.Sha256));
                else _isHoldingBlobs = true;
            }
        }
        catch (FaultException)
        {
            // Said where the model is opened.
            _heldModels.Add(model);
            _isHoldingBlobs = true;
        }
    }

    private void MarkJob(string model)
    {
        bool wasThere = StoreDisk.IsThere(Folders.Job(model));
        if (_store.Jobs.Read(model) is { } job)
        {
            if (!job.IsRunning) return;
            _blobs.UnionWith(job.Blobs);
            if (job.Target is not { } target) return;
            _blobs.Add(target.Manifest);
            _generations.Add((model, ManagedModel.GenerationName(target.Seq, target.Manifest)));
        }
        else if (wasThere)
        {
            _heldModels.Add(model);
            _isHoldingBlobs = true;
        }
    }

    private int RemoveGenerations(string model)
    {
        if (_heldModels.Contains(model)) return 0;
        string[] unnamed = [.. _store.Generations.List(model).Where(name => !_generations.Contains((model, name)))];
        foreach (string name in unnamed)
        {
            Count(Path.Combine(Folders.Generations(model), name));
            _store.Generations.Remove(model, name);
        }

        return unnamed.Length;
    }

    private void CleanStaging()
    {
        foreach (string path in Directory.EnumerateFileSystemEntries(Folders.Staging).Order(StringComparer.Ordinal).ToArray())
        {
            string name = Path.GetFileName(path);
            if (StoreDisk.IsFolder(path)) CleanBuilding(name, path);
            else if (!IsPartInUse(name, path)) Remove(path);
        }
    }

    // One that is built at this moment is that of a running job: one process works here, one step at a time.
    private void CleanBuilding(string model, string path)
    {
        if (_heldModels.Contains(model)) return;
        string building = Path.Combine(path, ManagedModel.GenerationsName);
        foreach (string inner in Directory.EnumerateFileSystemEntries(path).Order(StringComparer.Ordinal).ToArray())
        {
            if (inner != building || !StoreDisk.IsFolder(inner))
            {
                Remove(inner);
                continue;
            }

            foreach (string generation in Directory.EnumerateFileSystemEntries(inner).Order(StringComparer.Ordinal).ToArray())
                if (!_generations.Contains((model, Path.GetFileName(generation))) || StoreDisk.IsFolder(Path.Combine(Folders.Models, model, ManagedModel.GenerationsName, Path.GetFileName(generation)))) Remove(generation);
            if (!Directory.EnumerateFileSystemEntries(inner).Any()) _disk.RemoveTree(inner);
        }

        if (!Directory.EnumerateFileSystemEntries(path).Any()) _disk.RemoveTree(path);
    }

    // Named by a running job, or young: a job that has failed for the line's sake comes back for it.
    private bool IsPartInUse(string name, string path)
    {
        string digest = name.Length > BlobName.Digits ? name[..BlobName.Digits] : "";
        if (!BlobName.IsValid(digest) || !(name[BlobName.Digits..] is ".part" or ".part.json")) return false;
        if (StoreDisk.IsThere(Folders.Blob(digest))) return false;
        return _blobs.Contains(digest) || !IsOld(path);
    }

    private int RemoveBlobs()
    {
        if (_isHoldingBlobs) return 0;
        string[] unnamed = [.. _store.Blobs.List().Where(digest => !_blobs.Contains(digest))];
        foreach (string digest in unnamed)
        {
            string path = Folders.Blob(digest);
            if (StoreDisk.Names(path) == 1) _bytes += StoreDisk.Bytes(path) ?? 0;
            _disk.RemoveTree(path);
        }

        if (unnamed.Length > 0) _disk.SyncFolder(Folders.Blobs);
        return unnamed.Length;
    }

    private void CleanQuarantine()
    {
        foreach (string path in Directory.EnumerateFileSystemEntries(Folders.Quarantine).Order(StringComparer.Ordinal).ToArray())
            if (IsOld(path)) Remove(path);
    }

    // A clock that stands in 1970 makes everything young.
    private bool IsOld(string path) => _time.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(path) > _store.Limits.StagingAge;

    private void Remove(string path)
    {
        Count(path);
        _others++;
        _disk.RemoveTree(path);
    }

    private void Count(string path)
    {
        if (!StoreDisk.IsFolder(path))
        {
            if (StoreDisk.Names(path) == 1) _bytes += StoreDisk.Bytes(path) ?? 0;
            return;
        }

        foreach (string inner in Directory.EnumerateFileSystemEntries(path)) Count(inner);
    }
}

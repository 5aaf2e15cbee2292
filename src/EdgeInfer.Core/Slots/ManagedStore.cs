using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Models;

namespace EdgeInfer.Slots;

/// <summary>
/// The device's managed models: what was fetched of them, their generations, which of these serves, and what is under way. One process at a
/// time, one step at a time; whatever step a power cut or a kill ends at, the state before or behind it is there, whole.
/// </summary>
internal sealed class ManagedStore : IDisposable
{
    private readonly StoreLock _lock;
    private readonly StoreDisk _disk;
    private readonly Action<Fault> _warn;
    private readonly TimeProvider _time;
    private bool _hasSyncedNames;

    private ManagedStore(StoreFolders folders, StoreLimits limits, StoreLock taken, StoreDisk disk, TimeProvider time, Action<Fault> warn)
    {
        Folders = folders;
        Limits = limits;
        _lock = taken;
        _disk = disk;
        _time = time;
        _warn = warn;
        Blobs = new(folders, disk, limits, time);
        Generations = new(folders, disk, Blobs, limits, warn);
        Jobs = new(folders, disk, warn);
    }

    /// <summary>Where everything lies.</summary>
    public StoreFolders Folders { get; }

    /// <summary>What it may take.</summary>
    public StoreLimits Limits { get; }

    /// <summary>Fetched files.</summary>
    public BlobStore Blobs { get; }

    /// <summary>The models' generations.</summary>
    public GenerationStore Generations { get; }

    /// <summary>What is under way, and what was refused.</summary>
    public JobJournal Jobs { get; }

    /// <summary>
    /// Opens the store of a state folder, and makes what is missing of it. A disk that refuses is said and is no reason not to serve what is on it:
    /// whatever has to be written says so itself, each time.
    /// </summary>
    /// <param name="stateFolder">The state folder.</param>
    /// <param name="limits">What it may take.</param>
    /// <param name="time">For ages.</param>
    /// <param name="warn">Is told what an operator should know and what stops nothing.</param>
    /// <exception cref="FaultException">Another process works in it, this user may not, or a folder of it is a link.</exception>
    public static ManagedStore Open(string stateFolder, StoreLimits limits, TimeProvider time, Action<Fault> warn) => Open(stateFolder, limits, time, warn, new());

    /// <summary>As the other, with a disk that tests watch.</summary>
    internal static ManagedStore Open(string stateFolder, StoreLimits limits, TimeProvider time, Action<Fault> warn, StoreDisk disk)
    {
        // The state folder itself may be a link: what counts is whose the folder is.
        string full = Path.GetFullPath(stateFolder);
        StoreFolders folders = new(StoreFaults.Guard(full, () => Directory.Exists(full) && new DirectoryInfo(full).ResolveLinkTarget(returnFinalTarget: true) is { } target ? target.FullName : full));
        if (!Directory.Exists(folders.State)) StoreFaults.Guard(folders.State, () => disk.MakeFolder(folders.State));
        StoreLock taken = StoreLock.Take(folders.State, warn);
        try
        {
            ManagedStore store = new(folders, limits, taken, disk, time, warn);
            if (Try(store.MakeFolders, warn)) Try(store.SyncNames, warn);
            return store;
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    /// <summary>The managed models, in order.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public IReadOnlyList<string> Models() => StoreFaults.Guard(Folders.Models, () => (IReadOnlyList<string>)
        [.. Directory.EnumerateDirectories(Folders.Models).Select(static p => Path.GetFileName(p)).Where(n => ModelName.IsValid(n) && ManagedModel.IsManaged(Folders.Model(n))).Order(StringComparer.Ordinal)]);

    /// <summary>The state of a model; a damaged file is replaced by its copy, and that is said.</summary>
    /// <returns>Null where the model is not managed.</returns>
    /// <exception cref="FaultException">It is damaged and has no whole copy, or the disk refused.</exception>
    public SlotFile? Slots(string model)
    {
        RefuseLink(model);
        return SlotFile.Open(Folders.Slots(model), model, _disk, _warn);
    }

    /// <summary>Makes a model managed, with nothing active; one that is managed already stays as it is.</summary>
    /// <exception cref="FaultException">The name is none, its folder is a link, or the disk refused.</exception>
    public SlotFile Manage(string model)
    {
        if (Slots(model) is { } slots) return slots;
        // Where the disk refused them when this was opened.
        if (!StoreDisk.IsFolder(Folders.Refused)) MakeFolders();
        return SlotFile.Create(Folders.Slots(model), model, _disk, _warn);
    }

    /// <summary>Removes what nothing names.</summary>
    /// <exception cref="FaultException">The disk refused; what is not gone goes the next time.</exception>
    public Collected Collect()
    {
        using Lock.Scope building = Generations.HoldBuilding();
        SyncNames();
        return new GarbageCollection(this, _disk, _time).Run();
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private void MakeFolders()
    {
        foreach (string folder in Folders.All)
        {
            // A check of the file system may have left that under the name. A link, somebody has made.
            if (StoreDisk.IsNeitherFolderNorLink(folder))
                _warn(new(FaultKind.InputOutput, folder, "something else is where a folder of the store of models has its place", $"{DurableMove.SetAside(folder)}; check the disk"));
            StoreFaults.Guard(folder, () => _disk.MakeFolder(folder));
            if (StoreDisk.IsFolder(folder)) continue;
            throw FaultException.Of(
                FaultKind.Configuration, folder, "a link, or no folder, in the store of managed models: its parts must lie on one file system", "put the whole state folder elsewhere (runtime.state_folder)");
        }
    }

    // What a process renamed that did not live to sync it must last before anything is built on it, or removed because of it.
    private void SyncNames()
    {
        if (_hasSyncedNames) return;
        StoreFaults.Guard(Folders.State, () =>
        {
            foreach (string folder in Folders.All) _disk.SyncFolder(folder);
            foreach (string model in Directory.EnumerateDirectories(Folders.Models).Order(StringComparer.Ordinal).ToArray())
            {
                if (!StoreDisk.IsFolder(model) || !ManagedModel.IsManaged(model)) continue;
                _disk.SyncFolder(model);
                string generations = Path.Combine(model, ManagedModel.GenerationsName);
                if (StoreDisk.IsFolder(generations)) _disk.SyncFolder(generations);
            }
        });
        _hasSyncedNames = true;
    }

    private static bool Try(Action work, Action<Fault> warn)
    {
        try
        {
            work();
            return true;
        }
        catch (FaultException e) when (StoreFaults.IsOfTheDisk(e))
        {
            warn(e.Fault);
            return false;
        }
    }

    private void RefuseLink(string model)
    {
        string folder = Folders.Model(model);
        if (StoreDisk.IsThere(folder) && !StoreDisk.IsFolder(folder))
            throw FaultException.Of(FaultKind.Configuration, folder, "the folder of this model is a link, or none: a managed model lies in the state folder itself", "remove it, or manage the model under another name");
    }
}

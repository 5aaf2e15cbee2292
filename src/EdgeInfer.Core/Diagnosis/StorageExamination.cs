using EdgeInfer.Posix;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Diagnosis;

/// <summary>The folders that the service writes: whether its user may, how much room there is, and whether what is to be in memory is.</summary>
/// <param name="files">The system.</param>
/// <param name="user">The service's user.</param>
/// <param name="rights">Owner, group and mode of a path.</param>
internal sealed class StorageExamination(SystemFiles files, ServiceUser user, Func<string, FileRights?> rights)
{
    private const long LeastBytes = 100L << 20;

    /// <summary>Examines the folders.</summary>
    /// <param name="state">State that must survive.</param>
    /// <param name="cache">What can be made again; empty for none.</param>
    /// <param name="run">What outlives the process and not the power; empty for none.</param>
    /// <param name="outboxBytes">The most that results waiting for the broker take in the state folder.</param>
    public Section Examine(string state, string cache, string run, long outboxBytes)
    {
        SectionBuilder section = new("storage", "Storage");
        Folder(section, "state", state, "runtime.state_folder");
        Outbox(section, state, outboxBytes);
        if (run.Length > 0) Run(section, run);
        if (cache.Length > 0) Folder(section, "cache", cache, "runtime.cache_folder");
        if (IsReadOnly("/"))
        {
            section.Fact("root_read_only", true);
            section.Add(Finding.Info(FindingId.StorageRootReadOnly, "the root file system is read-only, as on devices that survive power cuts: state needs a place of its own that can be written"));
        }

        return section.Build();
    }

    private void Folder(SectionBuilder section, string name, string folder, string key)
    {
        section.Fact($"{name}_folder", folder);
        string there = Nearest(folder);
        if (FreeBytes(there) is { } free)
        {
            section.Fact($"{name}_free_bytes", free);
            if (free < LeastBytes)
            {
                section.Add(Finding.Warning(FindingId.StorageFull, $"{MemoryExamination.Size(free)} free", there, $"make room (sudo journalctl --vacuum-size=100M, sudo apt-get clean), or set {key} to another disk"));
            }
        }

        bool isReadOnly = IsReadOnly(there);
        bool may = !isReadOnly && rights(there) is { } found && Allows(found);
        section.Fact($"{name}_writable", may);
        if (may)
        {
            section.Add(Finding.Ok(FindingId.StorageWritable, there == folder ? $"the {name} folder can be written by {user.Name}" : $"the {name} folder is made at the first start by {user.Name}", folder));
            return;
        }

        string why = isReadOnly ? "its file system is read-only" : there == folder ? $"user {user.Name} may not write it" : $"it does not exist, and user {user.Name} may not make it in {there}";
        string loss = name == "state" ? "starts are not counted and boot is 0, and what waits for the broker is in memory alone" : "models load at half the speed at each start";
        section.Add(Finding.Warning(FindingId.StorageNotWritable, $"the {name} folder cannot be written: {why}; {loss}", folder,
            isReadOnly ? $"set {key} to a folder that can be written" : $"sudo install -d -o {user.Name} {folder}, or StateDirectory= and CacheDirectory= of the unit"));
    }

    private void Outbox(SectionBuilder section, string state, long quotaBytes)
    {
        string there = Nearest(state);
        if (FreeBytes(there) is not { } free || free < LeastBytes) return;
        FileInfo database = new(files.At(Path.Combine(state, "outbox.db")));
        if (free + (database.Exists ? database.Length : 0) >= quotaBytes) return;
        section.Add(Finding.Warning(FindingId.OutboxLargerThanRoom, $"{MemoryExamination.Size(free)} free, less than outbox.size ({MemoryExamination.Size(quotaBytes)}): with the broker away for long, results are lost before that is reached",
            there, "make room, or set outbox.size to less"));
    }

    private void Run(SectionBuilder section, string folder)
    {
        string there = Nearest(folder);
        (bool isReadOnly, string kind) = Mount(there);
        bool may = !isReadOnly && rights(there) is { } found && Allows(found);
        section.Fact("run_folder", folder);
        section.Fact("run_writable", may);
        const string Loss = "without it results on their way are in the agent's own memory, which a killed agent loses";
        const string Cure = "RuntimeDirectory=edgeinfer of the unit, or set runtime.run_folder to a folder on tmpfs";
        if (!may && there != folder) section.Add(Finding.Info(FindingId.RunFolderAbsent, $"the run folder is not there, and user {user.Name} may not make it; {Loss}", folder, Cure));
        else if (!may) section.Add(Finding.Warning(FindingId.RunFolderNotWritable, $"the run folder cannot be written by {user.Name}; {Loss}", folder, Cure));
        else if (kind is not ("tmpfs" or "ramfs" or "")) section.Add(Finding.Warning(FindingId.RunFolderOnDisk, $"the run folder is on a disk ({kind}): results on their way wear it out", folder, "set runtime.run_folder to a folder on tmpfs"));
        else section.Add(Finding.Ok(FindingId.RunFolderReady, $"the run folder is in memory and can be written by {user.Name}", folder));
    }

    private string Nearest(string folder)
    {
        while (!files.Exists(folder) && folder.Length > 1) folder = Path.GetDirectoryName(folder) ?? "/";
        return folder;
    }

    private bool Allows(FileRights found)
    {
        if (user.Id == 0) return true;
        UnixFileMode wanted = user.Id == found.Owner ? UnixFileMode.UserWrite | UnixFileMode.UserExecute
            : user.Groups.Contains(found.Group) ? UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
            : UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        return (found.Mode & wanted) == wanted;
    }

    private bool IsReadOnly(string folder) => Mount(folder).IsReadOnly;

    // The mount that is nearest above the folder; of two at one place the later one counts.
    private (bool IsReadOnly, string Kind) Mount(string folder)
    {
        (int Length, bool IsReadOnly, string Kind) nearest = (0, false, "");
        foreach (string line in files.Lines("/proc/mounts"))
        {
            string[] fields = line.Split(' ');
            if (fields.Length < 4 || fields[1].Length < nearest.Length) continue;
            string mount = fields[1].TrimEnd('/') + "/";
            if ((folder.TrimEnd('/') + "/").StartsWith(mount, StringComparison.Ordinal)) nearest = (fields[1].Length, fields[3].Split(',').Contains("ro"), fields[2]);
        }

        return (nearest.IsReadOnly, nearest.Kind);
    }

    private long? FreeBytes(string folder)
    {
        try
        {
            return new DriveInfo(files.At(folder)).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Durability.Interop;
using EdgeInfer.Models;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Slots;

/// <summary>Reads a generation's folder and holds it against what it must be. Changes nothing; what the medium does not give any more is damaged.</summary>
/// <param name="disk">The disk.</param>
internal sealed class GenerationReading(StoreDisk disk)
{
    /// <summary>Where the manifest's exact bytes lie in a generation's folder.</summary>
    public static string ManifestPath(string folder) => Path.Combine(folder, ModelFolder.ReleaseName, ManagedModel.ManifestName);

    /// <summary>Where the listing of the files lies in a generation's folder.</summary>
    public static string ListingPath(string folder) => Path.Combine(folder, ModelFolder.ReleaseName, ManagedModel.ListingName);

    /// <summary>Looks at a generation's folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="generation">What it must be.</param>
    /// <param name="readsAll">Whether all bytes are read, and not only manifest, listing and sizes.</param>
    /// <exception cref="FaultException">The disk refused, for another reason than damage: nobody knows.</exception>
    public GenerationCheck Check(string folder, Generation generation, bool readsAll)
    {
        try
        {
            return StoreFaults.Guard(folder, () => Look(folder, generation, readsAll));
        }
        catch (FaultException e) when (StoreFaults.IsDamage(e))
        {
            return new(null, [$"{folder} cannot be read"]);
        }
    }

    /// <summary>The files of a generation, by its listing alone; null where that is damaged or gone.</summary>
    public static ReleasePlan? PlanAt(string folder, Generation generation)
        => Bounded(ListingPath(folder), ReleasePlan.ListingLimit) is { } bytes && BlobName.Of(bytes) == generation.Digest ? ReleasePlan.Read(bytes) : null;

    /// <summary>The exact bytes of a generation's manifest; null where they are damaged or gone.</summary>
    public static byte[]? ManifestAt(string folder, Generation generation)
        => Bounded(ManifestPath(folder), GenerationStore.ManifestLimit) is { } bytes && BlobName.Of(bytes) == generation.Manifest ? bytes : null;

    private GenerationCheck Look(string folder, Generation generation, bool readsAll)
    {
        if (!StoreDisk.IsFolder(folder)) return new(null, [$"{folder} is not there"]);
        List<string> problems = [];
        if (ManifestAt(folder, generation) is null) problems.Add($"{ManifestPath(folder)} is damaged or gone");
        ReleasePlan? plan = PlanAt(folder, generation);
        if (plan is null) return new(null, [.. problems, $"{ListingPath(folder)} is damaged or gone"]);
        foreach (StoredFile file in plan.Files)
        {
            string path = Path.Combine(folder, file.Path);
            if (StoreDisk.Bytes(path) != file.Bytes || (readsAll && disk.Hash(path) != file.Sha256)) problems.Add($"{path} is damaged or gone");
        }

        HashSet<string> expected = [.. plan.Files.Select(f => Path.Combine(folder, f.Path)), ManifestPath(folder), ListingPath(folder)];
        problems.AddRange(Entries(folder).Where(p => !expected.Contains(p)).Select(static p => $"{p} does not belong there"));
        return new(plan, problems);
    }

    private static byte[]? Bounded(string path, int limit)
    {
        if (StoreDisk.Bytes(path) is not { } length || length > limit) return null;
        try
        {
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
        catch (FaultException e) when (StoreFaults.IsDamage(e))
        {
            return null;
        }
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
}

using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Slots;

/// <summary>A file of a release.</summary>
/// <param name="Path">In the model's folder, with <c>/</c>.</param>
/// <param name="Sha256">64 hexadecimal digits in lower case.</param>
/// <param name="Bytes">Its size.</param>
internal sealed record StoredFile(string Path, string Sha256, long Bytes);

/// <summary>
/// The files of a release, all of them sound: no path leaves the model's folder, hides, differs from another by case alone or lies where
/// another is a file; every digest is one; sizes are bounded.
/// </summary>
internal sealed class ReleasePlan
{
    /// <summary>Most files of a release.</summary>
    public const int FileLimit = ReleaseBounds.Files;

    /// <summary>Largest listing: every file with the longest path.</summary>
    public const int ListingLimit = 1 << 20;

    private ReleasePlan(IReadOnlyList<StoredFile> files, byte[] listing)
    {
        Files = files;
        Listing = listing;
        Digest = BlobName.Of(listing);
    }

    /// <summary>The files, sorted by the bytes of their paths.</summary>
    public IReadOnlyList<StoredFile> Files { get; }

    /// <summary>The canonical manifest of these files (<see cref="ModelDigest"/>), which the model's folder keeps.</summary>
    public byte[] Listing { get; }

    /// <summary>Its sha256: the digest that the model will have.</summary>
    public string Digest { get; }

    /// <summary>Of all files.</summary>
    public long Bytes => Files.Sum(static f => f.Bytes);

    /// <summary>Checks the files of a release.</summary>
    /// <param name="where">Names the release in faults.</param>
    /// <param name="files">As its manifest names them.</param>
    /// <param name="limits">Bounds of their sizes.</param>
    /// <exception cref="UpdateException">Inspect: a path is not sound. Digest: one is none. Size: more than is taken. Contract: no graph among them.</exception>
    public static ReleasePlan Of(string where, IReadOnlyList<StoredFile> files, StoreLimits limits)
    {
        if (files.Count > FileLimit)
            throw UpdateException.Of(UpdateCode.Size, where, string.Create(CultureInfo.InvariantCulture, $"the release has {files.Count} files, and at most {FileLimit} are taken"), "publish the model without files that it does not need");
        foreach (StoredFile file in files) Check(where, file, limits);
        CheckTogether(where, files, limits);
        (string Name, string Sha256, long Bytes)[] listed = [.. files.Select(static f => (f.Path, f.Sha256, f.Bytes))];
        byte[] listing = System.Text.Encoding.UTF8.GetBytes(ModelDigest.Listing(listed));
        return new([.. ModelDigest.Sorted(listed).Select(static f => new StoredFile(f.Name, f.Sha256, f.Bytes))], listing);
    }

    /// <summary>Reads a listing that this program wrote.</summary>
    /// <returns>Null where it is none.</returns>
    public static ReleasePlan? Read(ReadOnlySpan<byte> listing)
    {
        string[] lines = System.Text.Encoding.UTF8.GetString(listing).Split('\n');
        if (lines.Length is < 3 or > FileLimit + 2) return null;
        List<StoredFile> files = [];
        foreach (string line in lines[1..^1])
        {
            string[] parts = line.Split(' ', 3);
            if (parts.Length != 3 || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long bytes)) return null;
            files.Add(new(parts[2], parts[0], bytes));
        }

        try
        {
            ReleasePlan plan = Of("", files, new() { ReleaseBytes = long.MaxValue });
            return plan.Listing.AsSpan().SequenceEqual(listing) ? plan : null;
        }
        catch (UpdateException)
        {
            return null;
        }
    }

    private static void Check(string where, StoredFile file, StoreLimits limits)
    {
        if (ReleaseFileName.Problem(file.Path) is { } why)
            throw UpdateException.Of(UpdateCode.Inspect, where, $"the release has a file '{OneLine.Short(file.Path)}': {why}", "publish the model with other file names");
        BlobName.Require(where, file.Sha256);
        if (file.Bytes < 0 || file.Bytes > limits.ReleaseBytes)
            throw UpdateException.Of(UpdateCode.Size, where, string.Create(CultureInfo.InvariantCulture, $"the release has a file '{file.Path}' of {file.Bytes} bytes, and at most {limits.ReleaseBytes} are taken"), "publish a smaller model");
    }

    private static void CheckTogether(string where, IReadOnlyList<StoredFile> files, StoreLimits limits)
    {
        // Each is bounded, and so is their number: the sum cannot overflow but for bounds that are none.
        decimal bytes = files.Sum(static f => (decimal)f.Bytes);
        if (bytes > limits.ReleaseBytes)
            throw UpdateException.Of(UpdateCode.Size, where, string.Create(CultureInfo.InvariantCulture, $"the release has {bytes} bytes, and at most {limits.ReleaseBytes} are taken"), "publish a smaller model");
        Dictionary<string, string> names = new(StringComparer.OrdinalIgnoreCase);
        Dictionary<string, StoredFile> digests = new(StringComparer.Ordinal);
        foreach (StoredFile file in files)
        {
            if (!names.TryAdd(file.Path, file.Path)) throw Twice(where, file.Path, names[file.Path]);
            if (!digests.TryAdd(file.Sha256, file) && digests[file.Sha256] is var other && other.Bytes != file.Bytes)
                throw UpdateException.Of(UpdateCode.Size, where, $"the release names one digest with two sizes, for '{file.Path}' and '{other.Path}'", "publish the release again");
        }

        Dictionary<string, string> folders = new(StringComparer.OrdinalIgnoreCase);
        foreach (StoredFile file in files)
        {
            for (int slash = file.Path.IndexOf('/'); slash >= 0; slash = file.Path.IndexOf('/', slash + 1))
            {
                string folder = file.Path[..slash];
                if (names.TryGetValue(folder, out string? sameAsFile)) throw Twice(where, file.Path, sameAsFile);
                // Folders that differ by case alone are one folder on some disks, and two on others.
                if (!folders.TryAdd(folder, folder) && folders[folder] != folder) throw Twice(where, file.Path, folders[folder] + "/");
            }
        }

        if (files.All(static f => f.Path != ModelFolder.OnnxName))
            throw UpdateException.Of(UpdateCode.Contract, where, $"the release has no {ModelFolder.OnnxName}", $"publish it with the graph under the path {ModelFolder.OnnxName}");
    }

    private static UpdateException Twice(string where, string path, string other)
        => UpdateException.Of(UpdateCode.Inspect, where, $"the release has files '{path}' and '{other}', which are in each other's place", "publish the model with other file names");
}

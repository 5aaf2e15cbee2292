using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Models;

/// <summary>
/// The name of a model's exact bytes: sha256 of its canonical manifest. The manifest is UTF-8: the line <c>edgeinfer-manifest/1</c>, then per
/// file <c>sha256 size name</c>, the names relative with <c>/</c> and sorted by their bytes, each line ended by a line feed.
/// </summary>
internal static class ModelDigest
{
    private const string Header = "edgeinfer-manifest/1\n";

    /// <summary>The digest of some files.</summary>
    /// <param name="files">Relative name and absolute path of each.</param>
    /// <returns>64 hexadecimal digits.</returns>
    /// <exception cref="FaultException">A file cannot be read.</exception>
    public static string Of(IEnumerable<ModelFile> files)
        => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Manifest(files))));

    /// <summary>The canonical manifest.</summary>
    /// <exception cref="FaultException">A file cannot be read.</exception>
    public static string Manifest(IEnumerable<ModelFile> files)
    {
        return Listing(files.Select(static file =>
        {
            (string hash, long size) = OfFile(file.Path);
            return (file.Name, hash, size);
        }));
    }

    /// <summary>The canonical manifest of files whose digests are known.</summary>
    public static string Listing(IEnumerable<(string Name, string Sha256, long Bytes)> files)
    {
        StringBuilder manifest = new(Header);
        foreach ((string name, string sha256, long bytes) in Sorted(files)) manifest.Append(CultureInfo.InvariantCulture, $"{sha256} {bytes} {name}\n");
        return manifest.ToString();
    }

    /// <summary>The files as the manifest has them: sorted by the bytes of their names.</summary>
    public static IEnumerable<(string Name, string Sha256, long Bytes)> Sorted(IEnumerable<(string Name, string Sha256, long Bytes)> files)
        => files.OrderBy(static f => f.Name, Comparer<string>.Create(CompareUtf8));

    /// <summary>The sha256 and the size of a file.</summary>
    /// <exception cref="FaultException">It cannot be read.</exception>
    public static (string Sha256, long Bytes) OfFile(string path)
    {
        try
        {
            // A named pipe reports no length, and opening it would wait for a writer.
            if (new FileInfo(path).Length == 0) return (Convert.ToHexStringLower(SHA256.HashData([])), 0);
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
            string hash = Convert.ToHexStringLower(SHA256.HashData(stream));
            return (hash, stream.Position);
        }
        catch (UnauthorizedAccessException e)
        {
            throw FaultException.Of(FaultKind.NoInput, path, "the file may not be read by this user", "give this user read permission", e);
        }
        catch (IOException e)
        {
            throw FaultException.Of(FaultKind.InputOutput, path, $"the file cannot be read: {e.Message}", "check the disk", e);
        }
    }

    // UTF-16 order differs from byte order beyond the basic plane.
    private static int CompareUtf8(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));
}

using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Releasing;

/// <summary>
/// A note in the release folder of keys that are being made, until <c>release.json</c> names them. By it a verb that broke off is told from
/// a key that somebody else put into the same folder: the former's keys are taken up when it is repeated, the latter's are never touched.
/// </summary>
/// <param name="path">The note.</param>
internal sealed class NewKeys(string path)
{
    private const int LongestBytes = 1 << 20;

    /// <summary>Whether a verb that makes keys is under way, or broke off.</summary>
    public bool IsThere => File.Exists(path);

    /// <summary>The id of the key that was to be in a file; null where none was.</summary>
    /// <param name="file">Absolute path of the private half.</param>
    public string? IdOf(string file) => Read().GetValueOrDefault(file);

    /// <summary>Begins the note, which keeps what it says already.</summary>
    public void Begin()
    {
        if (!IsThere) AtomicFile.Write(path, []);
    }

    /// <summary>Notes a key, before its file is written: a file without a note would be a stranger's.</summary>
    public void Add(string file, string keyId)
    {
        Dictionary<string, string> known = Read();
        known[file] = keyId;
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(string.Concat(known.Select(static k => $"{k.Value} {k.Key}\n"))));
    }

    /// <summary>Ends the note: <c>release.json</c> names the keys.</summary>
    public void End() => File.Delete(path);

    private Dictionary<string, string> Read()
    {
        Dictionary<string, string> known = new(StringComparer.Ordinal);
        if (!IsThere) return known;
        try
        {
            foreach (string line in Encoding.UTF8.GetString(BoundedFile.Read(path, LongestBytes)).Split('\n'))
                if (line.IndexOf(' ', StringComparison.Ordinal) is > 0 and int space) known[line[(space + 1)..]] = line[..space];
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, path, "");
            throw FaultException.Of(BoundedFile.KindOf(e), path, what, cure, e);
        }

        return known;
    }
}

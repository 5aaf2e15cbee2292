using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching.Updates;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>A blob's part as a file with a note beside it; the store itself is tested elsewhere.</summary>
internal sealed class FilePart(string path, string sha256) : IBlobPart
{
    private readonly string _note = path + ".note";

    public long Length => File.Exists(path) ? new FileInfo(path).Length : 0;

    public string Note => File.Exists(_note) ? File.ReadAllText(_note) : "";

    /// <summary>What the disk says to the next bytes.</summary>
    public Exception? Refusal { get; init; }

    public void Restart(string note)
    {
        File.WriteAllBytes(path, []);
        File.WriteAllText(_note, note);
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (Refusal is not null) throw Refusal;
        using FileStream file = new(path, FileMode.Append);
        file.Write(bytes);
    }

    public void Complete()
    {
        byte[] all = File.Exists(path) ? File.ReadAllBytes(path) : [];
        File.Delete(_note);
        if (UpdateBench.Sha256(all) == sha256)
        {
            File.WriteAllBytes(path, all);
            return;
        }

        File.Delete(path);
        throw UpdateException.Of(UpdateCode.Digest, sha256, $"the bytes that came have the sha256 {UpdateBench.Sha256(all)}", "publish the release again");
    }

    public void Dispose()
    {
    }
}

using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Durability;

namespace EdgeInfer.Fetching;

/// <summary>
/// What has come of a file so far, and a journal beside it: whose bytes they are (a hash of the address, which may hold a signature),
/// and the validator under which the server promises that the rest belongs to them.
/// </summary>
/// <param name="path">Where the bytes are gathered.</param>
/// <param name="file">What is gathered.</param>
internal sealed class PartFile(string path, RemoteFile file)
{
    private readonly string _journal = path + ".journal";
    private readonly string _source = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.Url.AbsoluteUri)));

    /// <summary>Where the bytes are gathered.</summary>
    public string Path { get; } = path;

    /// <summary>The server's validator of the bytes that are here; empty where there is none.</summary>
    public string Validator { get; private set; } = "";

    /// <summary>Bytes that are here.</summary>
    public long Length => File.Exists(Path) ? new FileInfo(Path).Length : 0;

    /// <summary>Takes up what an earlier attempt left, if it can be gone on with; drops it otherwise.</summary>
    public void TakeUp()
    {
        string[] lines = File.Exists(_journal) ? File.ReadAllLines(_journal) : [];
        if (lines.Length == 2 && lines[0] == _source && lines[1].Length > 0) Validator = lines[1];
        else Drop();
    }

    /// <summary>Begins with no bytes, under a validator.</summary>
    public void Begin(string validator)
    {
        Drop();
        Validator = validator;
        if (validator.Length > 0) AtomicFile.Write(_journal, Encoding.UTF8.GetBytes($"{_source}\n{validator}\n"));
    }

    /// <summary>Removes the bytes and the journal.</summary>
    public void Drop()
    {
        Validator = "";
        File.Delete(_journal);
        File.Delete(Path);
    }

    /// <summary>The bytes are the file: what is kept of where they came from is of no more use.</summary>
    public void Settle() => File.Delete(_journal);

    /// <summary>The bytes are the file: they take its name.</summary>
    public void Finish(string target)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
#pragma warning disable RS0030 // Nothing has the model's name yet: names and bytes are synced when the folder takes it.
        File.Move(Path, target, overwrite: true);
#pragma warning restore RS0030
        File.Delete(_journal);
    }
}

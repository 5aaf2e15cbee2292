using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Models;

namespace EdgeInfer.Releasing;

/// <summary>Files of releases by their digest: <c>blobs/sha256/HEX</c> of a repository. What lies there is named by nothing until it is signed.</summary>
/// <param name="folder">The release folder.</param>
internal sealed class BlobFolder(ReleaseFolder folder)
{
    /// <summary>Where a blob lies.</summary>
    public string PathOf(string sha256) => folder.FileOf($"blobs/sha256/{sha256}");

    /// <summary>Puts a file there, unless it is there whole.</summary>
    /// <param name="blob">What was found of it.</param>
    /// <param name="source">The file.</param>
    /// <exception cref="FaultException">It is another one by now.</exception>
    public void Put(ReleaseBlob blob, string source)
    {
        string path = PathOf(blob.Sha256);
        if (IsWhole(blob)) return;
        DurableFolder.Make(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, Copy, Verify);

        void Copy(Stream to)
        {
            using FileStream from = new(source, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
            from.CopyTo(to);
        }

        void Verify(string copy)
        {
            if (ModelDigest.OfFile(copy) != (blob.Sha256, blob.Bytes)) throw FaultException.Of(FaultKind.Data, source, "the file was changed while it was packed", "pack it again");
        }
    }

    /// <summary>Puts bytes there.</summary>
    public void Put(ReleaseBlob blob, byte[] content)
    {
        if (!IsWhole(blob)) RepositoryEdit.Put(folder, $"blobs/sha256/{blob.Sha256}", content);
    }

    /// <summary>Whether a blob is there and has its bytes: a disk may have lost some.</summary>
    public bool IsWhole(ReleaseBlob blob) => File.Exists(PathOf(blob.Sha256)) && ModelDigest.OfFile(PathOf(blob.Sha256)) == (blob.Sha256, blob.Bytes);
}

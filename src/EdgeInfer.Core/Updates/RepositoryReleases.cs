using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Fetching;
using EdgeInfer.Fetching.Updates;
using EdgeInfer.Slots;
using EdgeInfer.Trust;

namespace EdgeInfer.Updates;

/// <summary>Releases over the network: signed metadata from the repository, files from there or from a registry.</summary>
/// <param name="transport">How both are reached.</param>
/// <param name="display">The repository in words.</param>
/// <param name="progress">Is told of bytes as they come; reports of the transport go there.</param>
internal sealed class RepositoryReleases(UpdateTransport transport, string display, TransferProgress progress) : IReleaseSource
{
    /// <inheritdoc/>
    public string Display => display;

    /// <inheritdoc/>
    public IRoleSource Roles => transport.Repository;

    /// <inheritdoc/>
    public async Task Fetch(StoredFile file, ManagedStore store, Action<long> received, CancellationToken stop)
    {
        using PartialBlob partial = store.Blobs.OpenPartial(file.Sha256, file.Bytes);
        using (progress.Tell(partial.Length, received)) await transport.Blobs.Fetch(file.Sha256, file.Bytes, remote => new BlobPart(partial, remote, store), stop).ConfigureAwait(false);
        partial.Complete();
    }

    /// <summary>A file of the store that is being gathered, as a download sees it.</summary>
    private sealed class BlobPart : IPart
    {
        private readonly PartialBlob _partial;
        private readonly string _source;

        public BlobPart(PartialBlob partial, RemoteFile remote, ManagedStore store)
        {
            _partial = partial;
            _source = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(remote.Url.AbsoluteUri)));
            Path = store.Folders.Part(partial.Sha256);
        }

        public string Path { get; }

        public string Validator { get; private set; } = "";

        public long Length => _partial.Length;

        public void TakeUp()
        {
            string[] lines = _partial.Note.Split('\n', 2);
            if (lines.Length == 2 && lines[0] == _source) Validator = lines[1];
            if (Validator.Length == 0 && Length > 0) Drop();
        }

        public void Begin(string validator)
        {
            Validator = validator;
            _partial.Restart($"{_source}\n{validator}");
        }

        public void Append(ReadOnlySpan<byte> bytes) => _partial.Append(bytes);

        public void Pause() => _partial.Checkpoint();

        public Stream Read() => new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.SequentialScan);

        public void Drop() => Begin("");

        public void Settle()
        {
        }
    }
}

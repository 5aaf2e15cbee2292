using EdgeInfer.Fetching.Updates;
using EdgeInfer.Slots;
using EdgeInfer.Trust;

namespace EdgeInfer.Updates;

/// <summary>Releases over the network: signed metadata from the repository, files from there or from a registry.</summary>
/// <param name="transport">How both are reached.</param>
/// <param name="display">The repository in words.</param>
/// <param name="progress">Reports of the transport go there.</param>
internal sealed class RepositoryReleases(UpdateTransport transport, string display, TransferProgress progress) : IReleaseSource
{
    /// <inheritdoc/>
    public string Display => display;

    /// <inheritdoc/>
    public IRoleSource Roles => transport.Repository;

    /// <inheritdoc/>
    public async Task Fetch(StoredFile file, ManagedStore store, Action<long> received, CancellationToken stop)
    {
        using (progress.Tell(received))
            await transport.Blobs.Fetch(file.Sha256, file.Bytes, () => new BlobPart(store.Blobs.OpenPartial(file.Sha256, file.Bytes)), stop).ConfigureAwait(false);
    }

    /// <summary>A file of the store that is being gathered, as a download sees it.</summary>
    private sealed class BlobPart(PartialBlob partial) : IBlobPart
    {
        public long Length => partial.Length;

        public string Note => partial.Note;

        public void Restart(string note) => partial.Restart(note);

        public void Append(ReadOnlySpan<byte> bytes) => partial.Append(bytes);

        public void Complete() => partial.Complete();

        public void Dispose() => partial.Dispose();
    }
}

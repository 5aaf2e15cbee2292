using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Slots;
using EdgeInfer.Trust;

namespace EdgeInfer.Updates;

/// <summary>A repository that was copied to a folder, as on a USB stick: the same files, and the same signatures decide.</summary>
/// <param name="folder">The folder that holds <c>metadata/</c>, <c>targets/</c> and <c>blobs/</c>.</param>
internal sealed class FolderReleases(string folder) : IReleaseSource, IRoleSource
{
    private readonly string _folder = Path.GetFullPath(folder);

    /// <inheritdoc/>
    public string Display => _folder;

    /// <inheritdoc/>
    public IRoleSource Roles => this;

    /// <inheritdoc/>
    public async ValueTask<byte[]?> Fetch(string name, int maxBytes, CancellationToken stop)
    {
        string path = Path.Combine(_folder, Uri.UnescapeDataString(name));
        try
        {
            // A name comes out of metadata that nobody has verified yet.
            if (!Path.GetFullPath(path).StartsWith(_folder + "/", StringComparison.Ordinal)) return null;
            FileInfo info = new(path);
            if (!info.Exists || info.LinkTarget is not null) return null;
            RefuseOther(path);
            if (info.Length > maxBytes) throw UpdateException.Of(UpdateCode.Size, path, $"the file has {info.Length} bytes, and at most {maxBytes} are taken", "copy the repository again");
            byte[] content = new byte[info.Length];
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            await file.ReadExactlyAsync(content, stop).ConfigureAwait(false);
            return content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <inheritdoc/>
    public async Task Fetch(StoredFile file, ManagedStore store, Action<long> received, CancellationToken stop)
    {
        string path = Path.Combine(_folder, "blobs", "sha256", file.Sha256);
        if (!File.Exists(path))
            throw UpdateException.Of(UpdateCode.Network, path, "the release's file is not in this folder", "copy the whole repository here, blobs/ included");
        RefuseOther(path);
        try
        {
            await Task.Run(() => store.Blobs.Import(file.Sha256, file.Bytes, path), stop).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }

        received(file.Bytes);
    }

    // To open a pipe or a device may take for ever.
    private static void RefuseOther(string path)
    {
        if (FileKind.OtherThanFile(path) is { } kind) throw UpdateException.Of(UpdateCode.Network, path, $"it is {kind} where a file should be", "copy the repository again");
    }

    private static UpdateException Unreadable(string path, Exception e)
        => UpdateException.Of(UpdateCode.Network, path, $"the file cannot be read: {e.Message}", "check the folder, its owner and the disk", e);
}

using System.Text;
using System.Text.Json;
using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Releasing;

/// <summary>A release that is packed and not yet signed.</summary>
/// <param name="Path">What it will be called.</param>
/// <param name="Manifest">The bytes to be signed.</param>
/// <param name="Custom">What will be said of it.</param>
internal sealed record PendingRelease(ReleasePath Path, byte[] Manifest, ReleaseCustom Custom);

/// <summary>Releases that are packed and not yet signed: <c>pending/models/NAME/SEQ</c>, its manifest, with <c>SEQ~custom</c> beside it.</summary>
/// <param name="folder">The release folder.</param>
internal sealed class PendingReleases(ReleaseFolder folder)
{
    // No variant has such a character in its name.
    private const string CustomSuffix = "~custom";
    private const int CustomBytes = 1 << 20;

    /// <summary>Their paths, in order.</summary>
    public IReadOnlyList<ReleasePath> Paths()
    {
        string models = Path.Combine(folder.Pending, "models");
        if (!Directory.Exists(models)) return [];
        return [.. Directory.EnumerateFiles(models, "*", SearchOption.AllDirectories).Where(static f => File.Exists(f + CustomSuffix)).Select(f => ReleasePath.Parse(Path.GetRelativePath(folder.Pending, f))).Where(static p => p is not null).Select(static p => p!.Value)
            .OrderBy(static p => p.Model, StringComparer.Ordinal).ThenBy(static p => p.Sequence).ThenBy(static p => p.Variant, StringComparer.Ordinal)];
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="FaultException">It is damaged.</exception>
    public PendingRelease Read(ReleasePath path)
    {
        string file = FileOf(path);
        try
        {
            byte[] manifest = BoundedFile.Read(file, ReleaseLimits.ManifestBytes);
            using JsonDocument custom = JsonDocument.Parse(BoundedFile.Read(file + CustomSuffix, CustomBytes));
            return new(path, manifest, ReleaseCustom.Read(custom.RootElement.Clone(), path));
        }
        catch (Exception e) when (BoundedFile.IsExpected(e) || e is JsonException)
        {
            throw FaultException.Of(FaultKind.Data, file, $"the packed release cannot be read: {e.Message}", "pack it again", e);
        }
    }

    /// <summary>Puts one there; the manifest comes last, so that a release is there whole or not at all.</summary>
    public void Write(PendingRelease release)
    {
        string file = FileOf(release.Path);
        DurableFolder.Make(Path.GetDirectoryName(file)!);
        AtomicFile.Write(file + CustomSuffix, Encoding.UTF8.GetBytes(release.Custom.Write().GetRawText()));
        AtomicFile.Write(file, release.Manifest);
    }

    /// <summary>Takes one away, once it is published.</summary>
    public void Remove(ReleasePath path)
    {
        File.Delete(FileOf(path));
        File.Delete(FileOf(path) + CustomSuffix);
    }

    private string FileOf(ReleasePath path) => Path.Combine(folder.Pending, path.ToString());
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Admission;

/// <summary>What holds between the files of a release, for whoever publishes it and for whoever takes it.</summary>
internal sealed class ReleaseManifestRules(string where, ReleaseLimits limits)
{
    /// <summary>How a digest begins.</summary>
    public const string DigestPrefix = "sha256:";

    private const string PackAgain = "pack the release again";

    /// <summary>Refuses a manifest that breaks a rule.</summary>
    /// <exception cref="UpdateException">It does.</exception>
    public void Check(ReleaseManifest manifest)
    {
        CheckBlob(manifest.Config, "the configuration", ReleaseManifest.ConfigBytes);
        if (manifest.Config.MediaType != ReleaseManifest.ConfigType)
            throw Refused($"the configuration is of type {StrictMembers.Quoted(manifest.Config.MediaType)} instead of {ReleaseManifest.ConfigType}");
        if (manifest.Files.Count > limits.Files) throw Refused($"there are {manifest.Files.Count} files, at most {limits.Files} are taken");

        long left = limits.Bytes;
        // Names that differ in case alone are one name on some file systems.
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase), folders = new(StringComparer.OrdinalIgnoreCase);
        Dictionary<string, long> sizes = [];
        foreach (ReleaseFile file in manifest.Files)
        {
            CheckFile(file);
            if (!names.Add(file.Name)) throw Refused($"two files are called {StrictMembers.Quoted(file.Name)}");
            for (int slash = file.Name.LastIndexOf('/'); slash > 0; slash = file.Name.LastIndexOf('/', slash - 1)) folders.Add(file.Name[..slash]);
            if (!sizes.TryAdd(file.Sha256, file.Bytes) && sizes[file.Sha256] != file.Bytes)
                throw Refused($"{StrictMembers.Quoted(file.Name)} has the digest of another file, but not its size");
            left -= file.Bytes;
            if (left < 0) throw UpdateException.Of(UpdateCode.Size, where, $"its files have more than {limits.Bytes} bytes together", "release a smaller model");
        }

        if (names.FirstOrDefault(folders.Contains) is { } both) throw Refused($"{StrictMembers.Quoted(both)} is a file and a folder");
        if (manifest.Files.FirstOrDefault(static f => f.Name == ModelFolder.OnnxName) is not { Bytes: > 0, MediaType: ReleaseManifest.WeightType })
            throw Refused($"there is no {ModelFolder.OnnxName} at the top that is of type {ReleaseManifest.WeightType}");
    }

    private void CheckFile(ReleaseFile file)
    {
        string name = StrictMembers.Quoted(file.Name);
        if (ReleaseFileName.Problem(file.Name) is { } problem) throw Refused($"{name} cannot be a file's name: {problem}", "rename the file and pack the release again");
        if (!ReleaseManifest.FileTypes.Contains(file.MediaType))
        {
            bool isArchive = file.MediaType.Contains(".tar", StringComparison.Ordinal) || file.MediaType.Contains('+', StringComparison.Ordinal);
            throw Refused($"{name} is of type {StrictMembers.Quoted(file.MediaType)}, {(isArchive ? "an archive; files are taken one by one" : "which is not taken")}");
        }

        CheckBlob(file, name, limits.Bytes);
    }

    private void CheckBlob(ReleaseBlob blob, string name, long mostBytes)
    {
        if (!ContentHash.IsSha256(blob.Sha256))
            throw Refused($"{name} has the digest {StrictMembers.Quoted(blob.Sha256)}; a sha256 has {ContentHash.Sha256Digits} hexadecimal digits in lower case");
        if (blob.Bytes < 0 || blob.Bytes > mostBytes)
            throw UpdateException.Of(UpdateCode.Size, where, $"{name} has {blob.Bytes} bytes, at most {mostBytes} are taken", "release a smaller model");
    }

    private UpdateException Refused(string what, string cure = PackAgain) => UpdateException.Of(UpdateCode.Inspect, where, what, cure);
}

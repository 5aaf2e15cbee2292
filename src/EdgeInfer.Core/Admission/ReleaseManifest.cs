using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Admission;

/// <summary>A blob by digest.</summary>
/// <param name="MediaType">What it is.</param>
/// <param name="Sha256">64 hexadecimal digits in lower case.</param>
/// <param name="Bytes">Its size.</param>
internal record ReleaseBlob(string MediaType, string Sha256, long Bytes);

/// <summary>A file of a release.</summary>
/// <param name="Name">Relative to the model's folder, with <c>/</c>; <see cref="ReleaseFileName"/> says which there are.</param>
/// <param name="MediaType">One of <see cref="ReleaseManifest.FileTypes"/>.</param>
/// <param name="Sha256">64 hexadecimal digits in lower case.</param>
/// <param name="Bytes">Its size.</param>
internal sealed record ReleaseFile(string Name, string MediaType, string Sha256, long Bytes) : ReleaseBlob(MediaType, Sha256, Bytes);

/// <summary>
/// The manifest of a release: an OCI image manifest (1.1) in CNCF ModelPack form that pins every file by digest and size. Files are raw
/// layers, never archives, so that nothing is unpacked and every byte is one that was signed.
/// </summary>
internal sealed class ReleaseManifest
{
    /// <summary>Media type of the manifest.</summary>
    public const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>What the manifest is of.</summary>
    public const string ArtifactType = "application/vnd.cncf.model.manifest.v1+json";

    /// <summary>Media type of the model's configuration, which devices do not need.</summary>
    public const string ConfigType = "application/vnd.cncf.model.config.v1+json";

    /// <summary>Media type of the graph and its external weights.</summary>
    public const string WeightType = "application/vnd.cncf.model.weight.v1.raw";

    /// <summary>Media type of the contract and the labels.</summary>
    public const string WeightConfigType = "application/vnd.cncf.model.weight.config.v1.raw";

    /// <summary>Media type of golden inputs and what is expected of them.</summary>
    public const string DatasetType = "application/vnd.cncf.model.dataset.v1.raw";

    /// <summary>Media type of the licence and other things to read.</summary>
    public const string DocumentType = "application/vnd.cncf.model.doc.v1.raw";

    /// <summary>The layer annotation that holds a file's name.</summary>
    public const string NameAnnotation = "org.cncf.model.filepath";

    /// <summary>Most bytes of the configuration.</summary>
    public const long ConfigBytes = 1 << 20;

    /// <summary>Media types of files.</summary>
    public static readonly IReadOnlyList<string> FileTypes = [WeightType, WeightConfigType, DatasetType, DocumentType];

    private ReleaseManifest(ReleaseBlob config, IReadOnlyList<ReleaseFile> files)
    {
        Config = config;
        Files = files;
    }

    /// <summary>The model's configuration.</summary>
    public ReleaseBlob Config { get; }

    /// <summary>The files, by their names' order.</summary>
    public IReadOnlyList<ReleaseFile> Files { get; }

    /// <summary>Whatever has to be there, by its digest: configuration and files.</summary>
    public IEnumerable<ReleaseBlob> Blobs => [Config, .. Files];

    /// <summary>Bytes of all files together.</summary>
    public long Bytes => Files.Sum(static f => f.Bytes);

    /// <summary>Sizes in bytes by name, as the inspection of the graph takes them.</summary>
    public IReadOnlyDictionary<string, long> Sizes => Files.ToDictionary(static f => f.Name, static f => f.Bytes, StringComparer.Ordinal);

    /// <summary>Makes a manifest of files; the rules are those of <see cref="Read"/>.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="files">The files, in any order.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="where">The release, for faults.</param>
    /// <exception cref="UpdateException">No device would take it.</exception>
    public static ReleaseManifest Of(ReleaseBlob config, IEnumerable<ReleaseFile> files, ReleaseLimits limits, string where)
    {
        ReleaseManifest manifest = new(config, [.. files.OrderBy(static f => f.Name, StringComparer.Ordinal)]);
        new ReleaseManifestRules(where, limits).Check(manifest);
        return manifest;
    }

    /// <summary>Reads a manifest. Members that OCI allows and that are not needed are passed over.</summary>
    /// <param name="bytes">The bytes that were signed.</param>
    /// <param name="limits">Bounds.</param>
    /// <param name="where">The release, for faults.</param>
    /// <exception cref="UpdateException">It is no manifest of a release (<see cref="UpdateCode.Inspect"/>), or too large (<see cref="UpdateCode.Size"/>).</exception>
    public static ReleaseManifest Read(ReadOnlyMemory<byte> bytes, ReleaseLimits limits, string where)
    {
        JsonElement root = StrictJson.Read(bytes, ReleaseLimits.ManifestBytes, UpdateCode.Inspect, where);
        StrictMembers members = new(root, UpdateCode.Inspect, where, "the manifest");
        members.Integer("schemaVersion", 2, 2);
        Expect(members, "mediaType", ManifestType);
        Expect(members, "artifactType", ArtifactType);
        ReleaseBlob config = Blob(members.Object("config"));
        IReadOnlyList<JsonElement> layers = members.OptionalList("layers", 1, limits.Files) ?? throw members.Refused("has no 'layers'");
        List<ReleaseFile> files = [];
        foreach (JsonElement layer in layers)
        {
            StrictMembers file = new(layer, UpdateCode.Inspect, where, $"layer {files.Count}");
            ReleaseBlob blob = Blob(file);
            files.Add(new(file.Object("annotations").Text(NameAnnotation, 1024), blob.MediaType, blob.Sha256, blob.Bytes));
        }

        return Of(config, files, limits, where);
    }

    /// <summary>The manifest as bytes to sign: no white space, members in the order of their names, files in the order of theirs.</summary>
    public byte[] Write() => CanonicalJson.Text(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("artifactType", ArtifactType);
        writer.WritePropertyName("config");
        Write(writer, Config, null);
        writer.WriteStartArray("layers");
        foreach (ReleaseFile file in Files) Write(writer, file, file.Name);
        writer.WriteEndArray();
        writer.WriteString("mediaType", ManifestType);
        writer.WriteNumber("schemaVersion", 2);
        writer.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter writer, ReleaseBlob blob, string? name)
    {
        writer.WriteStartObject();
        if (name is not null)
        {
            writer.WriteStartObject("annotations");
            writer.WriteString(NameAnnotation, name);
            writer.WriteEndObject();
        }

        writer.WriteString("digest", ReleaseManifestRules.DigestPrefix + blob.Sha256);
        writer.WriteString("mediaType", blob.MediaType);
        writer.WriteNumber("size", blob.Bytes);
        writer.WriteEndObject();
    }

    private static void Expect(StrictMembers members, string name, string expected)
    {
        string found = members.Text(name, 1024);
        if (found != expected) throw members.Refused($"has {StrictMembers.Quoted(found)} in '{name}' instead of {expected}");
    }

    private static ReleaseBlob Blob(StrictMembers members)
    {
        string digest = members.Text("digest", 1024);
        if (!digest.StartsWith(ReleaseManifestRules.DigestPrefix, StringComparison.Ordinal)) throw members.Refused($"has the digest {StrictMembers.Quoted(digest)}, which is no sha256");
        return new(members.Text("mediaType", 1024), digest[ReleaseManifestRules.DigestPrefix.Length..], members.Integer("size", 0));
    }
}

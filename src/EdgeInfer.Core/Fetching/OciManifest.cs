using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>What a manifest lists: the files of an image manifest, or the manifests of an index.</summary>
/// <param name="Layers">Files.</param>
/// <param name="Manifests">Digests of the manifests of an index.</param>
internal sealed record OciManifest(IReadOnlyList<OciLayer> Layers, IReadOnlyList<string> Manifests)
{
    /// <summary>Media type of an image manifest.</summary>
    public const string ImageType = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>Media type of an index.</summary>
    public const string IndexType = "application/vnd.oci.image.index.v1+json";

    // ModelPack's name of a file, then that of ORAS.
    private static readonly string[] s_names = ["org.cncf.model.filepath", "org.opencontainers.image.title"];

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="FaultException">It is none.</exception>
    public static OciManifest Read(string where, byte[] bytes)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            JsonElement root = document.RootElement;
            if (root.TryGetProperty("manifests", out JsonElement manifests)) return new([], [.. manifests.EnumerateArray().Select(m => Digest(m))]);
            return new([.. root.GetProperty("layers").EnumerateArray().Select(Layer)], []);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw FaultException.Of(FaultKind.Data, where, "the registry's answer is no OCI manifest", "check the address", e);
        }
    }

    private static OciLayer Layer(JsonElement layer)
    {
        string? name = null;
        if (layer.TryGetProperty("annotations", out JsonElement annotations) && annotations.ValueKind == JsonValueKind.Object)
            name = s_names.Select(key => annotations.TryGetProperty(key, out JsonElement value) ? value.GetString() : null).FirstOrDefault(static v => v is { Length: > 0 });
        return new(name, layer.GetProperty("mediaType").GetString() ?? "", Digest(layer), layer.GetProperty("size").GetInt64());
    }

    private static string Digest(JsonElement descriptor)
    {
        string text = descriptor.GetProperty("digest").GetString() ?? "";
        return text.StartsWith("sha256:", StringComparison.Ordinal) && ExpectedDigest.Sha256(text) is { } hex ? hex : throw new FormatException();
    }
}

/// <summary>A file of an artifact.</summary>
/// <param name="Name">Its annotated name; null where there is none.</param>
/// <param name="MediaType">Its type.</param>
/// <param name="Sha256">Its digest.</param>
/// <param name="Bytes">Its size.</param>
internal sealed record OciLayer(string? Name, string MediaType, string Sha256, long Bytes)
{
    /// <summary>Whether the bytes are an archive of files instead of one.</summary>
    public bool IsArchive => MediaType.Contains("tar", StringComparison.Ordinal) || MediaType.EndsWith("+gzip", StringComparison.Ordinal) || MediaType.EndsWith("+zstd", StringComparison.Ordinal);
}

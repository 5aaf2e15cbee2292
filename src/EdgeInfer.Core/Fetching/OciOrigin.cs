using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Fetching;

/// <summary>A model as an OCI artifact: raw layers with a file name each, as CNCF ModelPack and ORAS write them. The manifest pins every file by digest and size.</summary>
internal sealed class OciOrigin(OciReference reference, string? sha256, OciRegistry registry, IPullReport report) : IModelOrigin
{
    /// <inheritdoc/>
    public async Task<FetchPlan> Plan(CancellationToken stop)
    {
        string? expected = reference.Digest ?? sha256;
        if (sha256 is not null && expected != sha256) throw RemoteReference.Wrong("--sha256", "the reference names another digest", "leave one of the two out");
        (byte[] bytes, string digest) = await registry.Manifest(reference.ManifestName, stop).ConfigureAwait(false);
        if (expected is not null && digest != expected) throw WrongManifest(digest, expected);
        if (expected is null) report.Say($"{reference.Display}: the tag '{reference.Tag}' may move; this is {(reference with { Tag = null, Digest = digest }).Display}");
        OciManifest manifest = OciManifest.Read(reference.Display, bytes);
        if (manifest.Manifests.Count > 0) manifest = await Only(manifest.Manifests, stop).ConfigureAwait(false);
        IReadOnlyList<RemoteFile> files = ModelLayout.Arrange(reference.Display, Files(manifest.Layers), null);
        return new(ModelName.From(reference.Repository[(reference.Repository.LastIndexOf('/') + 1)..]), files, FetchPlan.NothingBeside);
    }

    private async Task<OciManifest> Only(IReadOnlyList<string> manifests, CancellationToken stop)
    {
        if (manifests.Count != 1)
        {
            throw Refused(
                $"this is an index of {manifests.Count} manifests",
                $"choose one, as in {(reference with { Tag = null, Digest = manifests[0] }).Display}");
        }

        (byte[] bytes, string digest) = await registry.Manifest($"sha256:{manifests[0]}", stop).ConfigureAwait(false);
        if (digest != manifests[0]) throw WrongManifest(digest, manifests[0]);
        OciManifest manifest = OciManifest.Read(reference.Display, bytes);
        return manifest.Manifests.Count == 0 ? manifest : throw Refused("this is an index of an index", "push the model's own manifest");
    }

    private List<RemoteFile> Files(IReadOnlyList<OciLayer> layers)
    {
        List<RemoteFile> files = [];
        foreach (OciLayer layer in layers)
        {
            string? name = layer.Name ?? (layers.Count == 1 ? ModelFolder.OnnxName : null);
            if (layer.IsArchive)
            {
                throw Refused(
                    $"a layer is an archive ({layer.MediaType}); only files as they are are taken",
                    "push the files themselves: oras push REF model.onnx model.yaml, or modctl build --raw");
            }

            if (name is null) throw Refused("a layer has no file name", "push it with a tool that annotates org.opencontainers.image.title or org.cncf.model.filepath (oras, modctl)");
            if (!RemoteFile.IsSafe(name)) throw Refused("a layer's file name leads out of the model's folder or is hidden", "push it with names of letters, digits, '.', '-', '_' and '/'");
            if (files.Any(f => f.Name == name)) throw Refused($"two layers are called {name}", "push each file once");
            files.Add(new(name, registry.Blob(layer.Sha256), new(false, layer.Sha256), layer.Bytes, registry.Authorization));
        }

        return files;
    }

    private FaultException WrongManifest(string found, string expected) => FaultException.Of(
        FaultKind.Data, reference.Display, $"the manifest has the sha256 {found}, and {expected} was expected; nothing was downloaded", "take the reference and the digest from the same place");

    private FaultException Refused(string what, string cure) => FaultException.Of(FaultKind.Data, reference.Display, what, cure);
}

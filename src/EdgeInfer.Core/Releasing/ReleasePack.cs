using System.Security.Cryptography;
using System.Text.Json;
using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Models.Onnx;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>A release that was packed.</summary>
/// <param name="Path">What it is called.</param>
/// <param name="Sha256">Digest of its manifest.</param>
/// <param name="FileCount">Its files.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Warnings">What works but deserves a look.</param>
internal sealed record PackedRelease(string Path, string Sha256, int FileCount, long Bytes, IReadOnlyList<Fault> Warnings);

/// <summary><c>release pack</c>: checks a model as a device will, and puts it into the release folder, unsigned.</summary>
internal static class ReleasePack
{
    private const int VersionLength = 64;

    /// <summary>Packs a model. Equal files under an equal number give an equal manifest, whenever and wherever they are packed.</summary>
    /// <exception cref="FaultException">No device would take it; everything that is wrong with it.</exception>
    public static PackedRelease Run(ReleaseDesk desk, PackOptions options)
    {
        options.Check();
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("edgeinfer-pack-");
        try
        {
            string folder = File.Exists(options.Model) ? Drafted(options.Model, scratch.FullName) : options.Model;
            ReleasePath path = Next(desk, options);
            return Pack(desk, options, folder, path);
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static PackedRelease Pack(ReleaseDesk desk, PackOptions options, string folder, ReleasePath path)
    {
        string where = path.ToString();
        Model model = ModelLoader.Load(folder);
        List<Fault> warnings = [];
        IReadOnlyList<PackedFile> packed = PackedFiles.Of(folder);
        List<(PackedFile File, ReleaseFile Entry)> files = [.. packed.Select(static f => (f, Entry(f)))];
        byte[] config = Config(model, files.Select(static f => f.Entry));
        ReleaseBlob configBlob = new(ReleaseManifest.ConfigType, Convert.ToHexStringLower(SHA256.HashData(config)), config.Length);
        ReleaseManifest manifest = ReleaseManifest.Of(configBlob, files.Select(static f => f.Entry), new(), where);
        OnnxAdmission.Check(model.Path, where, manifest.Sizes, new());
        GoldenCheck.Run(model, options.Metric, warnings);

        BlobFolder blobs = new(desk.Folder);
        blobs.Put(configBlob, config);
        foreach ((PackedFile file, ReleaseFile entry) in files) blobs.Put(entry, file.Path);
        byte[] bytes = manifest.Write();
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        Twin(desk, path, sha256, warnings);
        new PendingReleases(desk.Folder).Write(new(path, bytes, options.Custom(path.Sequence, model.Version.Length is > 0 and <= VersionLength ? model.Version : "0")));
        return new(where, sha256, files.Count, manifest.Bytes, warnings);
    }

    // With the contract that can be read from the graph, so that every device reads the same.
    private static string Drafted(string onnx, string scratch)
    {
        ModelInspection inspection = ModelLoader.Inspect(onnx);
        if (inspection.Model is null) throw new FaultException([.. inspection.Faults, .. inspection.Missing.Select(m => m.ToFault(inspection))]);
        string folder = Path.Combine(scratch, Path.GetFileNameWithoutExtension(onnx));
        ModelDraft.Write(inspection, folder);
        return folder;
    }

    private static ReleasePath Next(ReleaseDesk desk, PackOptions options)
    {
        ReleasePath[] taken = [.. desk.Published.Models.Document.Targets.Keys.Select(ReleasePath.Parse).Where(static p => p is not null).Select(static p => p!.Value)
            .Concat(new PendingReleases(desk.Folder).Paths()).Where(p => p.Model == options.Name)];
        long last = taken.Length == 0 ? 0 : taken.Max(static p => p.Sequence);
        ReleasePath path = new(options.Name, options.Seq ?? (last + 1), options.Variant ?? "");
        if (desk.Published.Models.Document.Targets.ContainsKey(path.ToString()))
            throw FaultException.Of(FaultKind.Usage, "--seq", $"{path} is published already, and what is published never changes", $"leave --seq out: the next is {last + 1}");
        if (path.Sequence < last) throw FaultException.Of(FaultKind.Usage, "--seq", $"{path.Sequence} comes before {last}, which devices may have already", $"leave --seq out: the next is {last + 1}");
        return path;
    }

    private static void Twin(ReleaseDesk desk, ReleasePath path, string sha256, List<Fault> warnings)
    {
        foreach ((string other, TargetFile target) in desk.Published.Models.Document.Targets)
            if (ReleasePath.Parse(other)?.Model == path.Model && target.Hashes.GetValueOrDefault(ContentHash.Sha256) == sha256)
                warnings.Add(new(FaultKind.Usage, path.ToString(), $"this is byte for byte {other}", "devices that have that one will fetch nothing"));
    }

    private static ReleaseFile Entry(PackedFile file)
    {
        (string sha256, long bytes) = ModelDigest.OfFile(file.Path);
        return new(file.Name, file.MediaType, sha256, bytes);
    }

    /// <summary>The configuration of the model in CNCF's form; nothing in it differs from one packing to the next.</summary>
    private static byte[] Config(Model model, IEnumerable<ReleaseFile> files) => CanonicalJson.Text(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("config");
        json.WriteString("format", "onnx");
        json.WriteEndObject();
        json.WriteStartObject("descriptor");
        json.WriteString("name", model.Name);
        json.WriteString("version", model.Version);
        json.WriteEndObject();
        json.WriteStartObject("modelfs");
        json.WriteStartArray("diffIds");
        foreach (ReleaseFile file in files.OrderBy(static f => f.Name, StringComparer.Ordinal)) json.WriteStringValue($"sha256:{file.Sha256}");
        json.WriteEndArray();
        json.WriteString("type", "layers");
        json.WriteEndObject();
        json.WriteEndObject();
    });
}

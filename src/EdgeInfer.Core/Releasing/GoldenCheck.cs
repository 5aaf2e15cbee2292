using System.Text.Json;
using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Releasing;

/// <summary>Whether the golden inputs of a model can judge it: each says by whom it is, and none is by the model itself.</summary>
internal static class GoldenCheck
{
    private const int LongestBytes = 16 << 20;
    private const int DigestDigits = 12;
    private const string Again = "write it with 'edgeinfer release golden MODEL --reference FP32.onnx --input FILES'";

    /// <summary>Checks the expectations of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="files">Its files.</param>
    /// <param name="hasMetric">Whether an accuracy on them is demanded.</param>
    /// <param name="warnings">What works but deserves a look.</param>
    /// <exception cref="FaultException">One cannot be used.</exception>
    public static void Run(Model model, IReadOnlyList<PackedFile> files, bool hasMetric, List<Fault> warnings)
    {
        PackedFile[] expectations = [.. files.Where(static f => f.MediaType == ReleaseManifest.DatasetType && f.Name.EndsWith(".json", StringComparison.Ordinal))];
        if (expectations.Length == 0)
        {
            if (hasMetric) throw FaultException.Of(FaultKind.Usage, "--metric", "the model has no golden inputs to measure it on", Again);
            warnings.Add(new(FaultKind.Usage, model.Path, "the model has no golden inputs: devices can only see that it loads and how fast it is", Again));
            return;
        }

        string graph = FileDigest.Of(model.OnnxPath).Sha256;
        foreach (PackedFile file in expectations)
        {
            (string digest, string? byGraph) = By(file.Path);
            bool isOwn = byGraph is not null ? byGraph == graph : model.Digest.StartsWith(digest, StringComparison.Ordinal) || graph.StartsWith(digest, StringComparison.Ordinal);
            if (isOwn) throw FaultException.Of(FaultKind.Data, file.Path, "this is what the model itself finds, which would be its own judge", $"{Again}, with the float model that it was made from");
        }
    }

    private static (string Digest, string? Graph) By(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(BoundedFile.Read(path, LongestBytes), new() { MaxDepth = 16 });
            JsonElement model = document.RootElement.GetProperty("model");
            string digest = model.GetProperty("digest").GetString() ?? "";
            if (digest.Length < DigestDigits || !digest.All(char.IsAsciiHexDigitLower)) throw new FormatException("model.digest is no digest");
            return (digest, model.TryGetProperty("graph", out JsonElement graph) ? graph.GetString() : null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw FaultException.Of(FaultKind.Data, path, "this does not say which model found what", Again, e);
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, path, "");
            throw FaultException.Of(BoundedFile.KindOf(e), path, what, cure, e);
        }
    }
}

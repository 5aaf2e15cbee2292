using EdgeInfer.Models;

namespace EdgeInfer.Gate;

/// <summary>
/// The names under which a packed model may have written expectations about itself. Its digest is that of its whole folder, expectations
/// included, so that no expectation can hold it: what can be there is the digest of the folder before it had them, or before it had any
/// golden file, or of its graph alone.
/// </summary>
internal sealed class OwnDigests
{
    private readonly string[] _digests;
    private readonly string _graph;

    private OwnDigests(string[] digests, string graph) => (_digests, _graph) = (digests, graph);

    /// <summary>Works them out.</summary>
    /// <exception cref="Diagnostics.FaultException">A file cannot be read.</exception>
    public static OwnDigests Of(Model model)
    {
        IReadOnlyList<ModelFile> files = ModelLoader.Files(model.Path);
        HashSet<string> expectations = [.. model.Golden.SelectMany(static g => (string?[])[g.Expect, g.Truth]).OfType<string>()];
        HashSet<string> golden = [.. expectations, .. model.Golden.Select(static g => g.Input)];
        return new(
            [model.Digest, ModelLoader.Digest(model.OnnxPath), ModelDigest.Of(files.Where(f => !expectations.Contains(f.Name))), ModelDigest.Of(files.Where(f => !golden.Contains(f.Name)))],
            ModelDigest.OfFile(model.OnnxPath).Sha256);
    }

    /// <summary>Whether the model gave these results, as far as they say who did.</summary>
    public bool Made(GoldenResult result)
        => (result.Digest is { } digest && Array.Exists(_digests, d => d.StartsWith(digest, StringComparison.Ordinal)))
            || (result.Graph is { } graph && _graph.StartsWith(graph, StringComparison.Ordinal));
}

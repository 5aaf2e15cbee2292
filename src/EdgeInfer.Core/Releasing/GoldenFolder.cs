using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Gate;
using EdgeInfer.Models;
using EdgeInfer.Models.Contract;

namespace EdgeInfer.Releasing;

/// <summary>A golden input and what its reference found.</summary>
/// <param name="Input">The file.</param>
/// <param name="Result">What its reference found.</param>
/// <param name="Truth">A file with what is really there; null where nobody has said it.</param>
internal sealed record GoldenInput(string Input, GoldenResult Result, string? Truth);

/// <summary>Writes golden inputs with their expectations into a model's folder, and names them in its <c>model.yaml</c>.</summary>
internal static class GoldenFolder
{
    /// <summary>Its name in a model's folder.</summary>
    public const string Name = "golden";

    private const string Key = "golden:";

    // Labels, under whatever name.
    private const long LabelsBytes = 4 << 20;

    /// <summary>The reference with the contract of the model that it is the reference of, in a folder of its own.</summary>
    /// <param name="model">The model's folder.</param>
    /// <param name="reference">A folder, which is left as it is, or a graph alone.</param>
    /// <param name="scratch">An empty folder that is given up afterwards.</param>
    /// <returns>What to load.</returns>
    /// <exception cref="FaultException">A file cannot be read or written, or the reference is the model itself.</exception>
    public static string Reference(string model, string reference, string scratch)
    {
        string graph = ModelFolder.Open(reference).OnnxPath;
        string own = ModelFolder.Open(model).OnnxPath;
        if (ModelDigest.OfFile(graph).Sha256 == ModelDigest.OfFile(own).Sha256)
        {
            throw FaultException.Of(
                FaultKind.Usage, reference, "this is the graph of the model itself, which would be its own judge", "give the float model that it was made from with --reference");
        }

        if (!File.Exists(reference)) return reference;
        foreach (ModelFile file in ModelLoader.Files(reference)) Copy(file.Path, Path.Combine(scratch, file.Name));
        foreach (ModelFile file in ModelLoader.Files(model))
        {
            // Weights and golden inputs are the model's own; what it is called and how it is fed are both's.
            if (file.Name == ModelFolder.YamlName) Put(scratch, file.Name, Encoding.UTF8.GetBytes(string.Join('\n', WithoutGolden(File.ReadAllLines(file.Path))) + "\n"));
            else if (!file.Name.Contains('/', StringComparison.Ordinal) && !File.Exists(Path.Combine(scratch, file.Name)) && new FileInfo(file.Path).Length <= LabelsBytes) Copy(file.Path, Path.Combine(scratch, file.Name));
        }

        return scratch;
    }

    /// <summary>Replaces the golden inputs of a model.</summary>
    /// <param name="model">The model's folder, with a <c>model.yaml</c>.</param>
    /// <param name="reference">The model that the results are by.</param>
    /// <param name="results">At least one.</param>
    /// <param name="scratch">An empty folder that is given up afterwards.</param>
    /// <exception cref="FaultException">The folder cannot be written.</exception>
    public static void Write(string model, Model reference, IReadOnlyList<GoldenInput> results, string scratch)
    {
        List<(string Name, string Source)> files = [];
        List<string> entries = [];
        HashSet<string> stems = new(StringComparer.Ordinal);
        string graph = ModelDigest.OfFile(reference.OnnxPath).Sha256;
        foreach (GoldenInput result in results)
        {
            string given = Plain(Path.GetFileNameWithoutExtension(result.Input)), stem = given;
            for (int number = 2; !stems.Add(stem); number++) stem = $"{given}-{number}";
            string input = stem + Path.GetExtension(result.Input), expect = stem + ".json";
            files.Add((input, result.Input));
            files.Add((expect, Put(scratch, expect, GoldenWriter.Envelope(result.Result with { Digest = reference.Digest, Graph = graph }, input, reference.Name, reference.Version))));
            if (result.Truth is not null) files.Add(($"{stem}.truth.json", result.Truth));
            string truth = result.Truth is null ? "" : $", truth: {ContractText.Quoted($"{Name}/{stem}.truth.json")}";
            entries.Add($"  - {{ input: {ContractText.Quoted($"{Name}/{input}")}, expect: {ContractText.Quoted($"{Name}/{expect}")}{truth} }}");
        }

        string yaml = Path.Combine(model, ModelFolder.YamlName);
        IEnumerable<string> lines = [.. WithoutGolden(File.ReadAllLines(yaml)), Key, .. entries];
        AtomicFolder.Replace(Path.Combine(model, Name), files, static _ => { });
        AtomicFile.Write(yaml, Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
    }

    /// <summary>The lines of a <c>model.yaml</c> without its key <c>golden</c> and what belongs to it.</summary>
    internal static List<string> WithoutGolden(IEnumerable<string> lines)
    {
        List<string> kept = [];
        bool isInside = false;
        foreach (string line in lines)
        {
            // A list may stand at the margin of its key.
            if (isInside && (line.Length == 0 || line[0] is ' ' or '-' or '\t' or ']')) continue;
            isInside = line.StartsWith(Key, StringComparison.Ordinal);
            if (!isInside) kept.Add(line);
        }

        return kept;
    }

    // What a release's files may be called everywhere.
    private static string Plain(string name)
    {
        string plain = string.Concat(name.Select(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-')).Trim('.');
        return plain.Length > 0 ? plain[..Math.Min(plain.Length, 100)] : "input";
    }

    private static string Put(string folder, string name, byte[] content)
    {
        string path = Path.Combine(folder, name);
        using FileStream file = new(path, FileMode.Create, FileAccess.Write);
        file.Write(content);
        return path;
    }

    private static void Copy(string source, string destination)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(destination)!);
        File.Copy(source, destination, overwrite: true);
    }
}

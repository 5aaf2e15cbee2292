using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Models;

/// <summary>
/// Reads labels: <c>labels: FILE</c>, <c>labels: [a, b]</c> or <c>labels: { file: FILE | names: [a, b], background: N }</c>; beside the first
/// two, <c>labels.background: N</c> may stand as a key of its own.
/// </summary>
internal sealed class ModelLabelsReader(ModelFolder folder, FaultList faults)
{
    private const int FileBytesLimit = 4 << 20;
    private const int NameLimit = 256;

    /// <summary>Reads the keys <c>labels</c> and <c>labels.background</c>.</summary>
    public (IReadOnlyList<string>? Names, string Detail, int? Background) Read(MappingReader root)
    {
        int? background = root.Integer("labels.background", 0, int.MaxValue);
        switch (root.Node("labels"))
        {
            case null: return (null, "", background);
            case YamlScalar file: return (FromNamedFile(root, "labels", file.Value), file.Value, background);
            case YamlSequence: return (root.Texts("labels"), "written out", background);
            default:
                MappingReader mapping = root.Mapping("labels")!;
                int? inner = mapping.Integer("background", 0, int.MaxValue);
                if (inner is not null && background is not null) root.Fault("labels.background", "is there twice", "keep one");
                string? name = mapping.Text("file");
                IReadOnlyList<string>? names = mapping.Texts("names");
                if (name is not null && names is not null) mapping.Fault("names", "'file' is there too", "keep one of the two");
                if (name is not null) names = FromNamedFile(mapping, "file", name);
                mapping.Close();
                return (names, name ?? "written out", inner ?? background);
        }
    }

    /// <summary>Reads a file of one label a line; empty lines at the end do not count.</summary>
    /// <returns>The labels; null where a fault was added.</returns>
    public IReadOnlyList<string>? FromFile(string path)
    {
        if (TextFile.Read(path, FileBytesLimit, faults) is not { } text) return null;
        string[] lines = [.. text.TrimEnd('\r', '\n', ' ', '\t').Split('\n').Select(line => line.Trim('\r', ' ', '\t'))];
        if (lines is [""])
        {
            faults.Add(FaultKind.Data, path, "there are no labels in it", "write one label a line, in the order of the classes");
            return null;
        }

        for (int i = 0; i < lines.Length; i++)
        {
            string? wrong = lines[i].Length == 0 ? "an empty line" : lines[i].Length > NameLimit ? $"a label of {lines[i].Length} characters" : null;
            if (wrong is null) continue;
            faults.Add(
                FaultKind.Data, string.Create(CultureInfo.InvariantCulture, $"{path}:{i + 1}:1"), wrong,
                "write one label a line, in the order of the classes");
            return null;
        }

        return lines;
    }

    private IReadOnlyList<string>? FromNamedFile(MappingReader reader, string key, string name)
    {
        if (folder.Resolve(name, out string problem) is { } path) return FromFile(path);
        reader.Fault(key, problem, "name a file of the model's folder with one label a line, or write [a, b]");
        return null;
    }
}

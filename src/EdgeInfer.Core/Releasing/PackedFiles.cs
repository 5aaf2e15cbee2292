using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Releasing;

/// <summary>A file that goes into a release.</summary>
/// <param name="Name">Its name in the model's folder.</param>
/// <param name="Path">Where it lies.</param>
/// <param name="MediaType">What it is.</param>
internal sealed record PackedFile(string Name, string Path, string MediaType);

/// <summary>
/// Which files of a model's folder a release has: those that serving it and judging it need, and what there is to read about it. What it
/// was made with stays where it is.
/// </summary>
internal static class PackedFiles
{
    private static readonly string[] s_documents = ["README.md", "LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE"];

    /// <summary>The files, in the order of their names.</summary>
    /// <param name="path">A model's folder that was loaded without fault.</param>
    /// <exception cref="FaultException">A file that is named leads out of the folder.</exception>
    public static IReadOnlyList<PackedFile> Of(string path)
    {
        ModelFolder folder = ModelFolder.Open(path);
        SortedDictionary<string, PackedFile> files = new(StringComparer.Ordinal);
        Add(ModelFolder.OnnxName, ReleaseManifest.WeightType);
        foreach (OnnxExternalData external in OnnxReader.Read(folder.OnnxPath).ExternalData) Add(external.Location, ReleaseManifest.WeightType);
        if (folder.YamlPath is { } yaml) AddNamed(yaml);
        if (folder.LabelsPath is not null) Add(ModelFolder.LabelsName, ReleaseManifest.WeightConfigType);
        foreach (string name in s_documents)
            if (File.Exists(Path.Combine(folder.Path, name))) Add(name, ReleaseManifest.DocumentType);
        return [.. files.Values];

        void AddNamed(string yamlPath)
        {
            Add(ModelFolder.YamlName, ReleaseManifest.WeightConfigType);
            FaultList faults = new();
            ModelYaml? said = new ModelYamlReader(folder, faults).Read(yamlPath);
            faults.ThrowIfAny();
            if (said is null) return;
            // Labels that are written out have no file of that name.
            if (folder.Resolve(said.LabelsDetail, out _) is not null) Add(said.LabelsDetail, ReleaseManifest.WeightConfigType);
            foreach (GoldenFiles golden in said.Golden)
                foreach (string name in ((string?[])[golden.Input, golden.Expect, golden.Truth]).OfType<string>()) Add(name, ReleaseManifest.DatasetType);
        }

        void Add(string name, string mediaType)
        {
            string? full = folder.Resolve(name, out string problem);
            if (full is null) throw FaultException.Of(FaultKind.Data, folder.Path, problem, "name a file of the model's folder");
            string plain = Path.GetRelativePath(folder.Path, Path.GetFullPath(name, folder.Path));
            files.TryAdd(plain, new(plain, full, mediaType));
        }
    }
}

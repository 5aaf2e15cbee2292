using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Models;

/// <summary>Turns an inspected model into a folder of its own: the graph, <c>model.yaml</c> with what is known, and the labels.</summary>
public static class ModelDraft
{
    /// <summary>Writes the folder; nothing that is there is replaced.</summary>
    /// <param name="inspection">A model without faults.</param>
    /// <param name="folder">Where to; made where absent, and it may be the model's own folder.</param>
    /// <exception cref="FaultException">There is another model already, or the folder cannot be written.</exception>
    public static void Write(ModelInspection inspection, string folder)
    {
        string target = Path.GetFullPath(folder);
        string yaml = Path.Combine(target, ModelFolder.YamlName);
        string onnx = Path.Combine(target, ModelFolder.OnnxName);
        string labels = Path.Combine(target, ModelFolder.LabelsName);
        if (File.Exists(yaml)) throw Occupied(yaml);
        IReadOnlyList<ModelFile> files = ModelLoader.Files(inspection.Path);
        bool isOwn = target == Path.TrimEndingDirectorySeparator(Path.GetFullPath(inspection.Path));
        if (!isOwn && File.Exists(onnx)) throw Occupied(onnx);
        try
        {
            Directory.CreateDirectory(target);
            foreach (ModelFile file in isOwn ? [] : files.Where(f => f.Name != ModelFolder.YamlName)) Copy(file.Path, Path.Combine(target, file.Name));
            if (!File.Exists(labels) && Names(inspection) is { } names) AtomicFile.Write(labels, Encoding.UTF8.GetBytes(string.Join('\n', names) + "\n"));
            AtomicFile.Write(yaml, Encoding.UTF8.GetBytes(ModelYamlWriter.Write(inspection, File.Exists(labels))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Of(FaultKind.InputOutput, target, $"the folder cannot be written: {e.Message}", "name another folder", e);
        }
    }

    // Numbered classes are no labels worth a file.
    private static IReadOnlyList<string>? Names(ModelInspection inspection)
        => inspection.Labels.Count > 0 && inspection.Values.Any(v => v.Key == "labels" && v.Origin != ContractOrigin.Default) ? inspection.Labels : null;

    private static void Copy(string source, string destination)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(destination)!);
        File.Copy(source, destination, overwrite: false);
    }

    private static FaultException Occupied(string path)
        => FaultException.Of(FaultKind.Usage, path, "this file is there already and is not replaced", "remove it, or name another folder with --write");
}

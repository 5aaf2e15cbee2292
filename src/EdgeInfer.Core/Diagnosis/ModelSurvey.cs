using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Diagnosis;

/// <summary>Where a model was found.</summary>
internal enum ModelPlace
{
    /// <summary>An .onnx file or a model folder in the working folder: the user's own.</summary>
    Here,

    /// <summary>Added to this device with <c>model add</c>.</summary>
    Installed,

    /// <summary>Came with EdgeInfer.</summary>
    Bundled,
}

/// <summary>A model of this machine.</summary>
/// <param name="Name">Its file's or folder's name without extension.</param>
/// <param name="Path">Absolute path of the folder or the .onnx file.</param>
/// <param name="Place">Where it was found.</param>
/// <param name="Inspection">What is known about it; null where it could not be read at all.</param>
/// <param name="Faults">What keeps it from being served, values that nothing states included; empty where nothing does.</param>
internal sealed record ModelFinding(string Name, string Path, ModelPlace Place, ModelInspection? Inspection, IReadOnlyList<Fault> Faults)
{
    /// <summary>Whether it can be served as it is.</summary>
    public bool IsReady => Faults.Count == 0;

    /// <summary>The keys of <c>model.yaml</c> that must be chosen first.</summary>
    public IReadOnlyList<MissingValue> Missing => Inspection?.Missing ?? [];
}

/// <summary>The models of a working folder and of this device.</summary>
internal static class ModelSurvey
{
    /// <summary>Files of a working folder that are looked at: reading a graph takes time.</summary>
    private const int MostFiles = 32;

    /// <summary>Finds models: the working folder's first, then those added to the device, then those that came with EdgeInfer.</summary>
    /// <param name="folder">The working folder.</param>
    /// <param name="locator">The folders of models of this device.</param>
    /// <param name="store">The folder among them that <c>model add</c> fills.</param>
    public static IReadOnlyList<ModelFinding> Find(string folder, ModelLocator locator, string store)
    {
        List<ModelFinding> found = [.. Files(folder).Select(static f => Look(Directory.Exists(f) ? Path.GetFileName(f) : Path.GetFileNameWithoutExtension(f), f, ModelPlace.Here))];
        IEnumerable<ModelFinding> named = locator.List().Select(m => Look(m.Name, m.Path, IsWithin(m.Path, store) ? ModelPlace.Installed : ModelPlace.Bundled));
        return [.. found, .. named.OrderBy(m => m.Place)];
    }

    private static bool IsWithin(string path, string folder) => Path.GetDirectoryName(path) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    // Graphs, and the folders that 'model inspect --write' makes of them.
    private static string[] Files(string folder)
    {
        try
        {
            IEnumerable<string> graphs = Directory.EnumerateFiles(folder, "*.onnx");
            IEnumerable<string> folders = Directory.EnumerateDirectories(folder).Where(static d => File.Exists(Path.Combine(d, ModelFolder.OnnxName)));

            // A name with a line break would break the lines it is shown in.
            return [.. folders.Order(StringComparer.Ordinal).Concat(graphs.Order(StringComparer.Ordinal)).Where(static f => !f.Any(char.IsControl)).Take(MostFiles).Select(Path.GetFullPath)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static ModelFinding Look(string name, string path, ModelPlace place)
    {
        try
        {
            ModelInspection inspection = ModelLoader.Inspect(path);
            return new(name, path, place, inspection, [.. inspection.Faults, .. inspection.Missing.Select(m => m.ToFault(inspection))]);
        }
        catch (FaultException e)
        {
            return new(name, path, place, null, e.Faults);
        }
    }
}

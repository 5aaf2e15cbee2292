using EdgeInfer.Diagnostics;

namespace EdgeInfer.Models;

/// <summary>A file of a model.</summary>
/// <param name="Name">Relative to the folder, with <c>/</c>.</param>
/// <param name="Path">Absolute.</param>
internal readonly record struct ModelFile(string Name, string Path);

/// <summary>Where a model's files lie: a folder with <c>model.onnx</c>, or a bare .onnx file. No path leaves the folder.</summary>
internal sealed class ModelFolder
{
    /// <summary>Name of the graph file in a folder.</summary>
    public const string OnnxName = "model.onnx";

    /// <summary>Name of the contract file in a folder.</summary>
    public const string YamlName = "model.yaml";

    /// <summary>Name of the file of labels in a folder, unless the contract names another.</summary>
    public const string LabelsName = "labels.txt";

    /// <summary>
    /// Name of the hidden folder that a managed model's folder has besides the model's own files: what release it is. It is no part of the
    /// model, whose digest is the same wherever it lies.
    /// </summary>
    public const string ReleaseName = ".release";

    private const int FileLimit = 10_000;
    private const int LinkDepth = 8;

    private readonly string _root;

    private ModelFolder(string path, string root, bool isBare)
    {
        Path = path;
        _root = root;
        IsBare = isBare;
    }

    /// <summary>The folder, or the .onnx file; absolute.</summary>
    public string Path { get; }

    /// <summary>Whether this is an .onnx file without a folder of its own.</summary>
    public bool IsBare { get; }

    /// <summary>The graph file.</summary>
    public string OnnxPath => IsBare ? Path : System.IO.Path.Combine(_root, OnnxName);

    /// <summary>The contract file, or null where there is none.</summary>
    public string? YamlPath => Existing(YamlName);

    /// <summary>The default file of labels, or null where there is none.</summary>
    public string? LabelsPath => Existing(LabelsName);

    /// <summary>The name that the files suggest.</summary>
    public string SuggestedName
    {
        get
        {
            string name = IsBare ? System.IO.Path.GetFileNameWithoutExtension(Path) : System.IO.Path.GetFileName(ManagedModel.FolderOf(Path) ?? Path);
            return ModelName.From(name);
        }
    }

    /// <summary>Finds the files.</summary>
    /// <exception cref="FaultException">There is nothing, or a folder without <c>model.onnx</c>.</exception>
    public static ModelFolder Open(string path)
    {
        string full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (Directory.Exists(full))
        {
            ModelFolder folder = new(full, new DirectoryInfo(full).ResolveLinkTarget(true)?.FullName ?? full, isBare: false);
            if (!File.Exists(folder.OnnxPath)) throw WithoutGraph(full);
            return folder;
        }

        if (File.Exists(full)) return new(full, System.IO.Path.GetDirectoryName(full)!, isBare: true);
        throw FaultException.Of(FaultKind.NoInput, path, "there is no such model", "give a folder with model.onnx, an .onnx file, or a name that 'edgeinfer model list' shows");
    }

    /// <summary>The absolute path of a file that the contract or the graph names.</summary>
    /// <param name="name">Relative to the folder.</param>
    /// <param name="problem">Why it may not be used; empty where it may.</param>
    /// <returns>The path, or null.</returns>
    public string? Resolve(string name, out string problem)
    {
        problem = "";
        if (name.Length == 0) problem = "an empty path";
        else if (System.IO.Path.IsPathRooted(name)) problem = $"'{name}' is an absolute path";
        else if (name.Contains('\0', StringComparison.Ordinal)) problem = "a path with a zero byte";
        if (problem.Length > 0) return null;

        string full = System.IO.Path.GetFullPath(name, _root);
        if (!IsInside(full, LinkDepth)) problem = $"'{name}' leads out of the model's folder";
        else if (!File.Exists(full)) problem = $"there is no file '{name}' in the model's folder";
        return problem.Length > 0 ? null : full;
    }

    /// <summary>Every file of the model: all that the folder holds, or the bare file with the files its weights lie in.</summary>
    /// <param name="external">Names of files with weights.</param>
    /// <exception cref="FaultException">A link leads out of the folder, or there are too many files.</exception>
    public IReadOnlyList<ModelFile> Files(IEnumerable<string> external)
    {
        List<ModelFile> files = [];
        if (!IsBare)
        {
            Collect(_root, "", files);
            return files;
        }

        files.Add(new(System.IO.Path.GetFileName(Path), Path));
        foreach (string name in external.Distinct(StringComparer.Ordinal))
            if (Resolve(name, out _) is { } path) files.Add(new(name, path));
        return files;
    }

    private void Collect(string folder, string prefix, List<ModelFile> files)
    {
        foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            string name = prefix + entry.Name;
            if (name == ReleaseName && entry is DirectoryInfo && entry.LinkTarget is null) continue;
            if (name.Any(char.IsControl)) throw Refused(entry.FullName, "a file name with control characters", "rename it");
            if (entry.LinkTarget is not null && (!IsInside(entry.FullName, LinkDepth) || !File.Exists(entry.FullName)))
                throw Refused(entry.FullName, "a link to a folder, to nowhere or out of the model's folder", "put the file itself here");
            if (entry is DirectoryInfo && entry.LinkTarget is null) Collect(entry.FullName, name + "/", files);
            else files.Add(new(name, entry.FullName));
            if (files.Count > FileLimit) throw Refused(_root, $"more than {FileLimit} files", "keep only the model's own files in its folder");
        }
    }

    // Folders on the way must be real ones; the file itself may be a link that stays inside.
    private bool IsInside(string full, int linksLeft)
    {
        if (!full.StartsWith(_root + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal) || linksLeft == 0) return false;
        string parent = System.IO.Path.GetDirectoryName(full)!;
        for (string folder = parent; folder.Length > _root.Length; folder = System.IO.Path.GetDirectoryName(folder)!)
            if (new DirectoryInfo(folder).LinkTarget is not null) return false;
        return new FileInfo(full).LinkTarget is not { } target || IsInside(System.IO.Path.GetFullPath(target, parent), linksLeft - 1);
    }

    private string? Existing(string name)
    {
        string path = System.IO.Path.Combine(_root, name);
        return !IsBare && File.Exists(path) ? path : null;
    }

    private static FaultException WithoutGraph(string folder)
    {
        string[] graphs = [.. Directory.EnumerateFiles(folder, "*.onnx").Select(f => System.IO.Path.GetFileName(f)).Order(StringComparer.Ordinal).Take(3)];
        string cure = graphs.Length == 0 ? "put the graph there under that name" : $"rename '{graphs[0]}' to {OnnxName}, or give the file itself";
        return FaultException.Of(FaultKind.NoInput, folder, $"the folder has no {OnnxName}", cure);
    }

    private static FaultException Refused(string where, string what, string cure) => FaultException.Of(FaultKind.Data, where, what, cure);
}

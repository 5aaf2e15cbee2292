using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Models;

/// <summary>Finds the model that a name or a path on the command line or in the configuration means.</summary>
/// <param name="folders">Folders of models, first match wins.</param>
public sealed class ModelLocator(IReadOnlyList<string> folders)
{
    /// <summary>Where models that <c>model add</c> copies live.</summary>
    public const string DefaultStore = "/var/lib/edgeinfer/models";

    /// <summary>The folders that are searched, in order.</summary>
    public IReadOnlyList<string> Folders { get; } = folders;

    /// <summary>The store, then <c>models/</c> beside the executable, then <c>/usr/share/edgeinfer/models</c>.</summary>
    /// <param name="store">The store's folder.</param>
    public static ModelLocator Default(string store = DefaultStore)
        => new([store, Path.Combine(AppContext.BaseDirectory, "models"), "/usr/share/edgeinfer/models"]);

    /// <summary>Resolves a path (it has a slash, ends in .onnx or exists) or a name to a folder or an .onnx file.</summary>
    /// <returns>An absolute path.</returns>
    /// <exception cref="FaultException">There is no such model; the fault names the nearest or those there are.</exception>
    public string Find(string nameOrPath)
    {
        bool isPath = nameOrPath.Contains('/', StringComparison.Ordinal) || nameOrPath.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase);
        if (ModelName.IsValid(nameOrPath) && !isPath && Folders.Select(f => Place(f, nameOrPath)).FirstOrDefault(static p => p is not null) is { } place) return place;
        if (Directory.Exists(nameOrPath) || File.Exists(nameOrPath)) return Path.GetFullPath(nameOrPath);
        if (isPath)
        {
            throw FaultException.Of(
                FaultKind.NoInput, nameOrPath, "there is no such model",
                "give a folder with model.onnx, an .onnx file, or a name that 'edgeinfer model list' shows");
        }

        string[] known = [.. List().Select(m => m.Name)];
        string cure = NearestKey.Find(nameOrPath, known) is { } near ? $"did you mean '{near}'?"
            : known.Length == 0 ? "no models are installed: give the path of a model, or add one with 'edgeinfer model add PATH'"
            : $"installed: {string.Join(", ", known)}; or give a path";
        throw FaultException.Of(FaultKind.NoInput, nameOrPath, "there is no model of this name", cure);
    }

    /// <summary>The installed model of a name, whatever else is installed and in whatever state that is.</summary>
    /// <returns>Its folder, absolute; null where there is none of this name.</returns>
    /// <exception cref="FaultException">It is managed, and nothing of it is active or its state is damaged; or a folder may not be looked into.</exception>
    public string? Installed(string name)
    {
        if (!ModelName.IsValid(name)) return null;
        foreach (string folder in Folders)
        {
            if (Place(folder, name) is { } place) return place;

            // What may not be looked into might hold it.
            Entries(folder);
        }

        return null;
    }

    /// <summary>
    /// The installed models, by name; a model hides those of the same name in later folders. A managed one of which nothing is active, or
    /// whose state is damaged, is not among them and hides them as well: <see cref="Find"/> says why.
    /// </summary>
    public IReadOnlyList<InstalledModel> List()
    {
        SortedDictionary<string, InstalledModel?> models = new(StringComparer.Ordinal);
        foreach (string folder in Folders)
        {
            foreach (string path in Entries(folder))
            {
                string name = Path.GetFileName(path);
                if (ModelName.IsValid(name) && ManagedModel.IsManaged(path)) models.TryAdd(name, Managed(name, path));
                else if (IsModel(path)) models.TryAdd(name, new(name, Path.GetFullPath(path)));
            }
        }

        return [.. models.Values.OfType<InstalledModel>()];
    }

    private static string? Place(string folder, string name)
    {
        string candidate = Path.Combine(folder, name);
        if (ManagedModel.IsManaged(candidate)) return ManagedModel.ActiveFolder(candidate) ?? throw ManagedModel.NothingActive(candidate);
        return IsModel(candidate) ? Path.GetFullPath(candidate) : null;
    }

    private static InstalledModel? Managed(string name, string folder)
    {
        try
        {
            return ManagedModel.ActiveFolder(folder) is { } active ? new(name, active) : null;
        }
        catch (FaultException)
        {
            return null;
        }
    }

    private static string[] Entries(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? Directory.GetDirectories(folder) : [];
        }
        catch (UnauthorizedAccessException e)
        {
            throw FaultException.Of(
                FaultKind.NoInput, folder, "the folder of models may not be read by this user", "run as root or as the service's user", e);
        }
    }

    private static bool IsModel(string folder)
        => ModelName.IsValid(Path.GetFileName(folder)) && File.Exists(Path.Combine(folder, ModelFolder.OnnxName));
}

/// <summary>A model that can be named.</summary>
/// <param name="Name">The name of its folder.</param>
/// <param name="Path">Its folder, absolute.</param>
public sealed record InstalledModel(string Name, string Path);

using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Models;

/// <summary>The device's own folder of models; each model is a folder whose name is its name.</summary>
/// <param name="folder">Where they live; made with the first model.</param>
public sealed class ModelStore(string folder)
{
    /// <summary>Copies a model into the store. It is validated first, and replaced whole or not at all.</summary>
    /// <param name="path">A folder or an .onnx file.</param>
    /// <param name="name">Its name in the store; null takes the model's own.</param>
    /// <returns>Where it lies now.</returns>
    /// <exception cref="FaultException">The model is not fit to be served, the name is none, or the store cannot be written.</exception>
    public InstalledModel Add(string path, string? name)
    {
        Model model = ModelLoader.Load(path);
        InstalledModel installed = Place(model, name);
        if (installed.Path == model.Path)
        {
            throw FaultException.Of(
                FaultKind.Usage, path, "this is the installed model itself", "give another path, or another --name");
        }

        IReadOnlyList<ModelFile> files = ModelLoader.Files(model.Path);
        string expected = ModelDigest.Of(files);
        Write(installed.Path, () => AtomicFolder.Replace(installed.Path, files.Select(f => (f.Name, f.Path)), staging =>
        {
            Verify(staging, files, expected);
            // It may have become managed while a large model was copied.
            ManagedModel.RefuseManaged(installed.Path);
        }));
        return installed;
    }

    /// <summary>Makes a folder of the store's own disk a model of the store, without a copy. It is validated first, and replaces whole or not at all.</summary>
    /// <param name="staged">The folder; it is gone afterwards.</param>
    /// <param name="name">Its name in the store; null takes the model's own.</param>
    /// <returns>Where it lies now.</returns>
    /// <exception cref="FaultException">The model is not fit to be served, the name is none, or the store cannot be written.</exception>
    public InstalledModel Adopt(string staged, string? name)
    {
        InstalledModel installed = Place(ModelLoader.Load(staged), name);
        Write(installed.Path, () => AtomicFolder.Adopt(installed.Path, staged));
        return installed;
    }

    private InstalledModel Place(Model model, string? name)
    {
        string stored = name ?? model.Name;
        if (!ModelName.IsValid(stored)) throw FaultException.Of(FaultKind.Usage, "--name", $"'{stored}' is no name of a model", ModelName.Rule);
        string path = Path.GetFullPath(Path.Combine(folder, stored));
        ManagedModel.RefuseManaged(path);
        return new(stored, path);
    }

    private static void Write(string target, Action write)
    {
        try
        {
            write();
        }
        catch (UnauthorizedAccessException e)
        {
            throw FaultException.Of(
                FaultKind.InputOutput, target, "the folder of models may not be written by this user",
                "run as root (sudo), or name another folder with --models-dir", e);
        }
        catch (IOException e)
        {
            throw FaultException.Of(
                FaultKind.InputOutput, target, $"the model was not installed: {e.Message}", "check free space and the disk", e);
        }
    }

    // What was copied must be what was validated: the source may have changed in between.
    internal static void Verify(string staging, IReadOnlyList<ModelFile> files, string expected)
    {
        string copied = ModelDigest.Of(files.Select(f => f with { Path = Path.Combine(staging, f.Name) }));
        if (copied != expected) throw new IOException("the files changed while they were copied");
    }
}

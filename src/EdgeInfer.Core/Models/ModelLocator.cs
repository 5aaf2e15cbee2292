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

    /// <summary>Resolves a path (it exists, or it has a slash, or it ends in .onnx) or a name to a folder or an .onnx file.</summary>
    /// <exception cref="FaultException">There is no such model; the fault names those there are.</exception>
    public string Find(string nameOrPath) => throw new NotImplementedException(nameOrPath);
}

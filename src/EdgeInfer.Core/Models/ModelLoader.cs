using EdgeInfer.Diagnostics;
using EdgeInfer.Models.Contract;
using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Models;

/// <summary>Reads a model's contract from its folder (model.onnx, model.yaml, labels.txt) or from a bare .onnx file.</summary>
public static class ModelLoader
{
    /// <summary>Reads a model that is to be served.</summary>
    /// <param name="path">A folder or an .onnx file.</param>
    /// <exception cref="FaultException">Everything that is wrong or missing, at once.</exception>
    public static Model Load(string path)
    {
        ModelInspection inspection = Inspect(path);
        if (inspection.Model is { } model)
        {
            // Costs nothing: the digest was worked out for the results.
            ManagedModel.RefuseDamaged(model);
            return model;
        }

        throw new FaultException([.. inspection.Faults, .. inspection.Missing.Select(m => m.ToFault(inspection))]);
    }

    /// <summary>Finds out all that can be known about a model.</summary>
    /// <param name="path">A folder or an .onnx file.</param>
    /// <exception cref="FaultException">There is no such path, or it cannot be read.</exception>
    public static ModelInspection Inspect(string path) => ContractReader.Read(path);

    /// <summary>The digest of what lies at a path now.</summary>
    /// <param name="path">A folder or an .onnx file.</param>
    /// <exception cref="FaultException">There is no such path, or it cannot be read.</exception>
    internal static string Digest(string path)
    {
        ModelFolder folder = ModelFolder.Open(path);
        IEnumerable<string> external = folder.IsBare ? OnnxReader.Read(folder.OnnxPath).ExternalData.Select(static d => d.Location) : [];
        return ModelDigest.Of(folder.Files(external));
    }

    /// <summary>The files that make up a model's folder; a bare graph takes the name that it has in a folder.</summary>
    internal static IReadOnlyList<ModelFile> Files(string path)
    {
        ModelFolder folder = ModelFolder.Open(path);
        IEnumerable<string> external = OnnxReader.Read(folder.OnnxPath).ExternalData.Select(d => d.Location);
        return [.. folder.Files(external).Select(f => f.Path == folder.OnnxPath ? f with { Name = ModelFolder.OnnxName } : f)];
    }
}

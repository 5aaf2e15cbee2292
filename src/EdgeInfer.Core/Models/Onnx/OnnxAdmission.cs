using EdgeInfer.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Models.Onnx;

/// <summary>
/// Decides whether the graph of an update may come before the runtime. It is stricter than <see cref="OnnxReader"/>, which also reads what
/// people try out by hand: whatever protobuf would tolerate, merge or pass over is refused, so that what is inspected is what is served.
/// The file is walked once through one small buffer; weights are passed over.
/// </summary>
internal static class OnnxAdmission
{
    /// <summary>Inspects the graph of a release that lies in a folder.</summary>
    /// <param name="folder">The release's files, each under its name.</param>
    /// <param name="release">What the release is called, for faults: <c>models/parts/12</c>.</param>
    /// <param name="files">All files of the release by name, with their signed sizes in bytes.</param>
    /// <param name="demands">What the device demands.</param>
    /// <exception cref="UpdateException">It may not come in (<see cref="UpdateCode.Inspect"/>).</exception>
    /// <exception cref="FaultException">The disk cannot be read, which says nothing about the release.</exception>
    public static OnnxAdmitted Check(string folder, string release, IReadOnlyDictionary<string, long> files, OnnxDemands demands)
    {
        string where = $"{release}/{ModelFolder.OnnxName}";
        try
        {
            RequirePlain(folder, release, ModelFolder.OnnxName, files);
            using SafeFileHandle handle = File.OpenHandle(Path.Combine(folder, ModelFolder.OnnxName));
            long length = RandomAccess.GetLength(handle);
            if (length is 0 or > OnnxLimits.FileBytes)
                throw UpdateException.Of(UpdateCode.Inspect, where, $"a graph of {length} bytes; ONNX has at least one and at most 2 GiB", "keep large weights in a file beside it");
            ForeignFile.Refuse(handle, where);
            OnnxInspection inspection = new(new ProtobufReader(handle, length, where), where, files, demands);
            OnnxAdmitted admitted = new OnnxModelInspection(inspection).Run(length);
            foreach (string name in admitted.ExternalFiles) RequirePlain(folder, release, name, files);
            return admitted;
        }
        catch (FaultException e) when (e is not UpdateException && e.Fault.Kind == FaultKind.Data)
        {
            throw new UpdateException(UpdateCode.Inspect, e.Fault, e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw FaultException.Of(FaultKind.InputOutput, where, $"the file cannot be read: {e.Message}", "check the disk", e);
        }
    }

    // The runtime opens these by name: no link on the way, and exactly the file that was signed.
    private static void RequirePlain(string folder, string release, string name, IReadOnlyDictionary<string, long> files)
    {
        string where = $"{release}/{name}", path = folder;
        if (!files.TryGetValue(name, out long size)) throw UpdateException.Of(UpdateCode.Inspect, where, "the release has no such file", "pack it again");
        foreach (string part in name.Split('/'))
        {
            path = Path.Combine(path, part);
            if (new FileInfo(path).LinkTarget is not null) throw UpdateException.Of(UpdateCode.Inspect, where, "it is a link, or in a folder that is one", "fetch the release again");
        }

        FileInfo file = new(path);
        if (!file.Exists || file.Length != size)
            throw UpdateException.Of(UpdateCode.Inspect, where, $"it has {(file.Exists ? file.Length : 0)} bytes, signed are {size}", "fetch the release again");
    }
}

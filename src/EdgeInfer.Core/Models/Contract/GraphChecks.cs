using System.Globalization;
using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Models.Contract;

/// <summary>Refuses what the runtime would refuse or what would take the device down, each with its cure.</summary>
internal static class GraphChecks
{
    private static readonly (string Domain, long Newest)[] s_opsets = [("ai.onnx", OnnxLimits.Opset), ("ai.onnx.ml", OnnxLimits.MlOpset)];

    /// <summary>Adds a fault for each thing that is wrong.</summary>
    public static void Run(OnnxFile file, ContractSheet sheet)
    {
        if (file.IrVersion > OnnxLimits.IrVersion)
            sheet.GraphFault(
                $"its IR version {file.IrVersion} is newer than the {OnnxLimits.IrVersion} that the runtime knows",
                $"export it with an onnx package that writes IR {OnnxLimits.IrVersion} or lower (set model.ir_version before saving)");
        foreach ((string domain, long newest) in s_opsets)
        {
            if (!file.Opsets.TryGetValue(domain, out long version) || version <= newest) continue;
            sheet.GraphFault(
                $"its opset {version} of {domain} is newer than the {newest} that the runtime knows",
                $"export it with opset_version={newest} or lower; 17 runs everywhere");
        }

        foreach (OnnxHugeTensor huge in file.HugeTensors)
        {
            string gibibytes = (huge.Bytes / (1L << 30)).ToString("N0", CultureInfo.InvariantCulture);
            sheet.GraphFault(
                $"tensor '{huge.Name}' {huge.Shape} takes {gibibytes} GiB, which cannot fit in memory (at most 2 GiB a tensor)",
                "export it for a smaller input");
        }

        if (file.Outputs.Count == 0) sheet.GraphFault("the graph has no outputs", "export the model again");
        ExternalData(file, sheet);
    }

    private static void ExternalData(OnnxFile file, ContractSheet sheet)
    {
        HashSet<string> told = [];
        foreach (OnnxExternalData data in file.ExternalData)
        {
            if (told.Contains(data.Location)) continue;
            if (sheet.Folder.Resolve(data.Location, out string problem) is not { } path)
            {
                told.Add(data.Location);
                sheet.GraphFault(
                    $"the weights of '{data.Tensor}' are in another file that cannot be used: {problem}",
                    "put the file beside the graph, or save the model with its weights inside");
                continue;
            }

            long length = new FileInfo(path).Length;
            if (data.Offset <= length && Math.Max(0, data.Length) <= length - data.Offset) continue;
            told.Add(data.Location);
            sheet.GraphFault($"the weights of '{data.Tensor}' end beyond the end of '{data.Location}' ({length} bytes)", "copy that file again");
        }
    }
}

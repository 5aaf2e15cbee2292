using System.Text;
using EdgeInfer.Models.Contract;

namespace EdgeInfer.Models;

/// <summary>Writes what an inspection found as <c>model.yaml</c>: known values with their origin, and <c># choose</c> where one is missing.</summary>
internal static class ModelYamlWriter
{
    private const int CommentColumn = 44;

    private static readonly string[] s_inputKeys =
        ["name", "layout", "width", "height", "color", "resize", "kernel", "pad", "scale", "mean", "std", "quantisation"];

    private static readonly string[] s_outputKeys = ["decoder", "ssd", "activation", "nms.mode", "nms.iou", "max"];

    /// <summary>The text of the file.</summary>
    /// <param name="inspection">What was found.</param>
    /// <param name="hasLabelsFile">Whether <c>labels.txt</c> lies beside it.</param>
    public static string Write(ModelInspection inspection, bool hasLabelsFile)
    {
        StringBuilder text = new();
        foreach (string key in (string[])["name", "version", "task"]) Line(text, inspection, key, key, "", isText: key != "task");
        text.Append("input:\n");
        foreach (string key in s_inputKeys) Line(text, inspection, $"input.{key}", key, "  ", isText: key == "name");
        WriteOutput(text, inspection);
        WriteOutputs(text, inspection);
        WriteLabels(text, inspection, hasLabelsFile);
        Line(text, inspection, "threshold", "threshold", "", isText: false);
        Line(text, inspection, "golden", "golden", "", isText: false);
        return text.ToString();
    }

    private static void WriteOutput(StringBuilder text, ModelInspection inspection)
    {
        StringBuilder block = new();
        foreach (string key in s_outputKeys)
        {
            if (!key.StartsWith("nms.", StringComparison.Ordinal)) Line(block, inspection, $"output.{key}", key, "  ", isText: false);
            else if (key == "nms.mode") WriteNms(block, inspection);
        }

        if (block.Length > 0) text.Append("output:\n").Append(block);
    }

    private static void WriteNms(StringBuilder text, ModelInspection inspection)
    {
        if (Find(inspection, "output.nms.mode") is not { } mode || Find(inspection, "output.nms.iou") is not { } iou) return;
        Append(text, $"  nms: {{ mode: {mode.Value}, iou: {iou.Value} }}", Comment(iou));
    }

    private static void WriteOutputs(StringBuilder text, ModelInspection inspection)
    {
        StringBuilder block = new();
        const string Prefix = "outputs.", Suffix = ".quantisation";
        foreach (ContractValue value in inspection.Values)
        {
            if (value.Key.StartsWith(Prefix, StringComparison.Ordinal) && value.Key.EndsWith(Suffix, StringComparison.Ordinal))
                Append(block, $"  {ContractText.Quoted(value.Key[Prefix.Length..^Suffix.Length])}: {{ quantisation: {value.Value} }}", Comment(value));
        }

        foreach (MissingValue missing in inspection.Missing)
        {
            if (missing.Key.StartsWith(Prefix, StringComparison.Ordinal))
            {
                string name = ContractText.Quoted(missing.Key[Prefix.Length..^Suffix.Length]);
                block.Append($"  {name}:\n    quantisation: # choose: {string.Join(" | ", missing.Choices)}\n");
            }
        }

        if (block.Length > 0) text.Append("outputs:\n").Append(block);
    }

    private static void WriteLabels(StringBuilder text, ModelInspection inspection, bool hasLabelsFile)
    {
        ContractValue? labels = Find(inspection, "labels");
        if (hasLabelsFile) text.Append("labels: labels.txt\n");
        else if (labels?.Origin == ContractOrigin.Default) text.Append("# labels: labels.txt, one label a line; without it the classes are numbered\n");
        else Line(text, inspection, "labels", "labels", "", isText: false);
        Line(text, inspection, "labels.background", "labels.background", "", isText: false);
    }

    private static void Line(StringBuilder text, ModelInspection inspection, string key, string name, string indent, bool isText)
    {
        if (inspection.Missing.FirstOrDefault(m => m.Key == key) is { } missing)
        {
            text.Append($"{indent}{name}: # choose: {string.Join(" | ", missing.Choices)}\n");
            return;
        }

        if (Find(inspection, key) is not { } value || !IsWritten(value)) return;
        Append(text, $"{indent}{name}: {(isText ? ContractText.Quoted(value.Value) : value.Value)}", Comment(value));
    }

    // Fixed sizes are the graph's own, and 'pixels as they are' is said by leaving the keys out.
    private static bool IsWritten(ContractValue value)
        => value.Key switch
        {
            "input.width" or "input.height" => value.Origin != ContractOrigin.Graph,
            "input.scale" => value.Value != NumberInference.PixelsAsTheyAre,
            _ => true,
        };

    private static ContractValue? Find(ModelInspection inspection, string key) => inspection.Values.FirstOrDefault(v => v.Key == key);

    private static string Comment(ContractValue value)
    {
        string origin = ModelWords.Of(ModelWords.Origins, value.Origin);
        string comment = value.Detail.Length == 0 ? origin : $"{origin}, {value.Detail}";
        return string.Concat(comment.Select(c => char.IsControl(c) ? ' ' : c));
    }

    private static void Append(StringBuilder text, string line, string comment)
        => text.Append(line.PadRight(CommentColumn)).Append(" # ").Append(comment).Append('\n');
}

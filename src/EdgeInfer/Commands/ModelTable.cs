using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Commands;

/// <summary>Models as tables for a terminal.</summary>
internal static class ModelTable
{
    private const int DigestDigits = 12;
    private const int LabelLimit = 20;

    /// <summary>One line a model.</summary>
    public static void WriteList(TextWriter output, IReadOnlyList<ModelInspection> models)
    {
        if (models.Count == 0)
        {
            output.WriteLine("no models are installed; add one with: edgeinfer model add PATH");
            return;
        }

        List<string[]> rows = [["NAME", "VERSION", "TASK", "INPUT", "DIGEST", "PATH"]];
        foreach (ModelInspection inspection in models)
        {
            string name = Path.GetFileName(inspection.Path);
            if (inspection.Model is { } model) rows.Add([name, model.Version, ModelWords.Of(ModelWords.Tasks, model.Task), Input(model), model.Digest[..DigestDigits], model.Path]);
            else rows.Add([name, "-", "-", "-", $"cannot be served: {Trouble(inspection)[0].What}", inspection.Path]);
        }

        WriteRows(output, rows);
    }

    /// <summary>What a user of the model wants to know.</summary>
    public static void WriteModel(TextWriter output, Model model)
    {
        string labels = string.Join(", ", model.Labels.Take(LabelLimit)) + (model.Labels.Count > LabelLimit ? ", …" : "");
        WriteRows(
            output,
            [
                ["name", model.Name],
                ["version", model.Version],
                ["task", ModelWords.Of(ModelWords.Tasks, model.Task)],
                ["digest", model.Digest],
                ["path", model.Path],
                ["input", Input(model)],
                ["decoder", ModelWords.Of(ModelWords.Decoders, model.Output.Decoder)],
                ["threshold", model.Threshold.ToString(CultureInfo.InvariantCulture)],
                ["labels", string.Create(CultureInfo.InvariantCulture, $"{model.Labels.Count}: {labels}")],
            ]);
    }

    /// <summary>Each value with its origin, then what is missing.</summary>
    public static void WriteInspection(TextWriter output, ModelInspection inspection)
    {
        List<string[]> rows = [["KEY", "VALUE", "ORIGIN", "DETAIL"]];
        foreach (ContractValue value in inspection.Values) rows.Add([value.Key, value.Value, ModelWords.Of(ModelWords.Origins, value.Origin), value.Detail]);
        if (rows.Count > 1) WriteRows(output, rows);
        foreach (Fault warning in inspection.Warnings) output.WriteLine($"note: {warning}");
        if (inspection.Missing.Count == 0) return;
        output.WriteLine();
        output.WriteLine("missing, to be chosen in model.yaml:");
        foreach (MissingValue missing in inspection.Missing) output.WriteLine($"  {missing.Key}: {string.Join(" | ", missing.Choices)}\n    {missing.Why}");
    }

    private static string Input(Model model)
        => string.Create(CultureInfo.InvariantCulture, $"{model.Input.Width}x{model.Input.Height} {ModelWords.Of(ModelWords.Colors, model.Input.Color)} {ModelWords.Of(model.Input.Type)}");

    private static IReadOnlyList<Fault> Trouble(ModelInspection inspection) => [.. inspection.Faults, .. inspection.Missing.Select(m => m.ToFault(inspection))];

    private static void WriteRows(TextWriter output, List<string[]> rows)
    {
        int columns = rows[0].Length;
        int[] widths = new int[columns];
        foreach (string[] row in rows)
            for (int i = 0; i < columns - 1; i++) widths[i] = Math.Max(widths[i], row[i].Length);
        foreach (string[] row in rows)
            output.WriteLine(string.Concat(row.Select((cell, i) => i == columns - 1 ? cell : cell.PadRight(widths[i] + 2))).TrimEnd());
    }
}

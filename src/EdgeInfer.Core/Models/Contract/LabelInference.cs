using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models.Families;
using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Models.Contract;

/// <summary>Labels with the class that stands for nothing; −1 where there is none.</summary>
internal sealed record ModelLabels(IReadOnlyList<string> Names, int Background);

/// <summary>Settles the labels and holds their number against the class dimension.</summary>
internal sealed class LabelInference(ContractSheet sheet, ModelYaml? yaml, OnnxFile file)
{
    private const int ClassLimit = 1_000_000;

    /// <summary>Settles the labels.</summary>
    /// <param name="classes">Length of the class dimension; −1 where it is open.</param>
    /// <param name="family">What its family documents.</param>
    /// <returns>Null where something is wrong or must be chosen.</returns>
    public ModelLabels? Labels(long classes, FamilyFacts? family)
    {
        string? labelsPath = yaml?.Root.Has("labels") == true ? null : sheet.Folder.LabelsPath;
        IReadOnlyList<string>? fromFolder = labelsPath is null ? null : new ModelLabelsReader(sheet.Folder, sheet.Faults).FromFile(labelsPath);
        if (yaml?.Root.Has("labels") == true && yaml.Labels is null) return null;
        if (labelsPath is not null && fromFolder is null) return null;

        IReadOnlyList<string>? fromMetadata = MetadataReader.Labels(file.Metadata, out string key, out string problem);
        if (yaml?.Labels is null && fromFolder is null && problem.Length > 0)
        {
            sheet.GraphFault($"its metadata '{key}' cannot be read as labels: {problem}", "write the labels into labels.txt or model.yaml");
            return null;
        }

        Candidate<IReadOnlyList<string>>? labels = sheet.Pick(
            "labels", Summary,
            Candidate.From(yaml?.Labels, ContractOrigin.ModelYaml, yaml?.LabelsDetail ?? ""),
            Candidate.From(fromFolder, ContractOrigin.Folder, ModelFolder.LabelsName),
            Candidate.From(fromMetadata, ContractOrigin.Metadata, key), Candidate.Family(family?.Labels, family), Numbered(classes));
        if (labels is null)
        {
            sheet.Ask("labels", ["labels.txt", "[name of class 0, name of class 1]"], "the graph leaves the number of classes open");
            return null;
        }

        int? background = sheet.Pick(
            "labels.background", ContractText.Of, Candidate.Yaml(yaml?.Background), Candidate.Family(family?.Background, family))?.Value;
        if (!Fits(labels.Value, classes, background)) return null;
        if (background >= labels.Value.Value.Count) BackgroundFault(background.Value, labels.Value.Value.Count);
        sheet.Labels = labels.Value.Value;
        Warn(labels.Value);
        return new(labels.Value.Value, background ?? -1);
    }

    // ImageNet's own list names two classes 'crane': odd, but no fault.
    private void Warn(Candidate<IReadOnlyList<string>> labels)
    {
        if (labels.Origin == ContractOrigin.Default)
            sheet.Faults.Warn(
                FaultKind.Data, sheet.Folder.OnnxPath, "nobody names the classes, so they are numbered",
                "write labels.txt with one label a line");
        string[] doubles = [.. labels.Value.GroupBy(n => n, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key).Take(3)];
        if (doubles.Length > 0)
        {
            sheet.Faults.Warn(
                FaultKind.Data, Place(labels.Origin), $"labels: several classes are called '{string.Join("', '", doubles)}'",
                "give each class its own name");
        }
    }

    private bool Fits(Candidate<IReadOnlyList<string>> labels, long classes, int? background)
    {
        int count = labels.Value.Count;
        if (classes < 0 || count == classes) return true;
        string labelWord = count == 1 ? "label" : "labels", classWord = classes == 1 ? "class" : "classes";
        string what = string.Create(CultureInfo.InvariantCulture, $"{count} {labelWord}, but the model has {classes} {classWord}");
        string cure = "give one label per class, in the order of the classes";
        if (count == classes - 1)
            cure = background is null
                ? "one is missing: where class 0 means background, put 'background' first and write labels.background: 0; otherwise add the missing label"
                : "one is missing: the background class needs a line of its own too";
        else if (count == classes + 1)
            cure = "one too many: remove a heading, or the background line of a model without that class";
        sheet.Faults.Add(FaultKind.Data, Place(labels.Origin), $"labels: {what}", cure);
        return false;
    }

    private string Place(ContractOrigin origin) => origin switch
    {
        ContractOrigin.ModelYaml => yaml!.Root.Node("labels")!.Mark.ToString(),
        ContractOrigin.Folder => sheet.Folder.LabelsPath!,
        _ => sheet.Folder.OnnxPath,
    };

    private void BackgroundFault(int background, int count)
        => sheet.Faults.Add(
            FaultKind.Data, (yaml?.Root.Node("labels.background") ?? yaml?.Root.Node("labels"))?.Mark.ToString() ?? sheet.Folder.OnnxPath,
            $"labels.background: class {background} does not exist", string.Create(CultureInfo.InvariantCulture, $"expected 0 to {count - 1}"));

    private static Candidate<IReadOnlyList<string>>? Numbered(long classes)
    {
        if (classes is < 1 or > ClassLimit) return null;
        string[] names = new string[classes];
        for (int i = 0; i < names.Length; i++) names[i] = string.Create(CultureInfo.InvariantCulture, $"class {i}");
        return new(names, ContractOrigin.Default, "nobody names the classes, so they are numbered");
    }

    private static string Summary(IReadOnlyList<string> names)
        => names.Count <= 4
            ? $"[{string.Join(", ", names)}]"
            : string.Create(CultureInfo.InvariantCulture, $"{names.Count}: {names[0]}, {names[1]}, … {names[^1]}");
}

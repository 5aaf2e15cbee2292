using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Models;

/// <summary>Reads <c>model.yaml</c>: every key by its type, every fault with its place, unknown keys with the nearest known one.</summary>
internal sealed class ModelYamlReader(ModelFolder folder, FaultList faults)
{
    private const int FileBytesLimit = 4 << 20;
    private const int SideLimit = 16_384;

    /// <summary>Reads the file.</summary>
    /// <returns>What it says; null where it is no mapping, which is a fault.</returns>
    public ModelYaml? Read(string path)
    {
        if (TextFile.Read(path, FileBytesLimit, faults) is not { } text) return null;
        YamlNode? tree = YamlTree.Parse(text, path, faults);
        if (tree is null) return null;
        if (tree is not YamlMapping mapping)
        {
            faults.Add(FaultKind.Data, tree.Mark.ToString(), $"found {tree.Kind}", "expected keys such as task, input, output");
            return null;
        }

        return Root(new MappingReader(mapping, "", faults));
    }

    private ModelYaml Root(MappingReader root)
    {
        string? name = root.Text("name");
        if (name is not null && !ModelName.IsValid(name)) root.Fault("name", $"'{name}' is no name of a model", ModelName.Rule);
        (MappingReader? input, string? inputName) = Input(root);
        MappingReader? output = root.Mapping("output");
        (IReadOnlyList<string>? labels, string labelsDetail, int? background) = new ModelLabelsReader(folder, faults).Read(root);
        ModelYaml yaml = new()
        {
            Root = root,
            Input = input,
            Output = output,
            Name = name is not null && ModelName.IsValid(name) ? name : null,
            Version = root.Text("version"),
            Task = Task(root),
            Threshold = root.Number("threshold", 0, 1),
            Inputs = input is null ? new() : InputKeys(input, inputName),
            Outputs = Outputs(root, output),
            Labels = labels,
            LabelsDetail = labelsDetail,
            Background = background,
            Golden = Golden(root),
        };
        root.Close();
        return yaml;
    }

    private static ModelTask? Task(MappingReader root)
    {
        if (root.Text("task") is { } word && ModelWords.LaterTasks.Contains(word))
        {
            root.Fault("task", $"this version does not have the task '{word}' yet", $"known: {string.Join(", ", ModelWords.All(ModelWords.Tasks))}");
            return null;
        }

        return root.Choice("task", ModelWords.Tasks);
    }

    private static (MappingReader? Input, string? Name) Input(MappingReader root)
    {
        MappingReader? single = root.Mapping("input");
        MappingReader? several = root.Mapping("inputs");
        if (several is null) return (single, null);
        if (single is not null) root.Fault("inputs", "'input' is there too", "keep one of the two");
        if (several.Entries.Count != 1)
        {
            root.Fault("inputs", $"{several.Entries.Count} inputs; this version serves models of one picture input", "name the picture input alone");
            return (single, null);
        }

        string name = several.Entries[0].Key.Value;
        return (several.Mapping(name), name);
    }

    private static InputKeys InputKeys(MappingReader input, string? nameFromKey)
    {
        InputKeys keys = new()
        {
            Name = nameFromKey ?? input.Text("name"),
            Color = input.Choice("color", ModelWords.Colors),
            Resize = input.Choice("resize", ModelWords.Resizes),
            Kernel = input.Choice("kernel", ModelWords.Kernels),
            Layout = input.Choice("layout", ModelWords.Layouts),
            Pad = input.Integer("pad", 0, 255),
            Scale = (float?)input.Number("scale"),
            Mean = PerChannel(input, "mean"),
            Std = PerChannel(input, "std"),
            Width = input.Integer("width", 1, SideLimit),
            Height = input.Integer("height", 1, SideLimit),
            Quantisation = Quantisation(input),
        };
        if (keys.Scale == 0) input.Fault("scale", "0 makes every pixel the same", "write a factor such as 1/255");
        if (keys.Std?.Contains(0f) == true) input.Fault("std", "0 cannot divide", "write what the model was trained with");
        input.Close();
        return keys;
    }

    private static float[]? PerChannel(MappingReader input, string key)
    {
        if (input.Numbers(key) is not { } numbers) return null;
        if (numbers.Count is 1 or 3) return [.. numbers.Select(n => (float)n)];
        input.Fault(key, $"{numbers.Count} numbers", "expected one, or one per channel");
        return null;
    }

    private static Quantisation? Quantisation(MappingReader owner)
    {
        if (owner.Mapping("quantisation") is not { } mapping) return null;
        double? scale = mapping.Number("scale", float.Epsilon, float.MaxValue);
        int? zeroPoint = mapping.Integer("zero_point", -128, 255);
        if (!mapping.Has("scale")) owner.Fault("quantisation", "scale is missing", "write { scale: S, zero_point: Z }");
        mapping.Close();
        return scale is null ? null : new((float)scale, zeroPoint ?? 0);
    }

    private static OutputKeys Outputs(MappingReader root, MappingReader? output)
    {
        MappingReader? named = root.Mapping("outputs");
        Dictionary<string, Quantisation?> byName = [];
        foreach ((YamlScalar key, _) in named?.Entries ?? [])
        {
            if (named!.Mapping(key.Value) is not { } entry) continue;
            byName[key.Value] = Quantisation(entry);
            entry.Close();
        }

        if (output is null) return new() { Named = byName, NamedReader = named };
        MappingReader? nms = output.Mapping("nms");
        OutputKeys keys = new()
        {
            Decoder = output.Choice("decoder", ModelWords.Decoders),
            NmsMode = nms?.Choice("mode", ModelWords.NmsModes),
            NmsIou = (float?)nms?.Number("iou", 0, 1),
            Max = output.Integer("max", 1, 10_000),
            Activation = output.Choice("activation", ModelWords.Activations),
            Ssd = Ssd(output),
            Quantisation = Quantisation(output),
            Named = byName,
            NamedReader = named,
        };
        nms?.Close();
        output.Close();
        return keys;
    }

    private static SsdOptions? Ssd(MappingReader output)
    {
        if (output.Mapping("ssd") is not { } ssd) return null;
        IReadOnlyList<string> boxes = ssd.Texts("boxes") ?? [];
        IReadOnlyList<string> scores = ssd.Texts("scores") ?? [];
        List<AnchorLevel> levels = [];
        foreach (YamlNode item in ssd.List("levels") ?? [])
            if (Level(ssd, item) is { } level) levels.Add(level);
        double scale = ssd.Number("box_scale", float.Epsilon, float.MaxValue) ?? 1;
        if (boxes.Count == 0) output.Fault("ssd", "boxes is missing", "name the outputs that hold boxes");
        if (scores.Count != boxes.Count) output.Fault("ssd", $"{boxes.Count} boxes but {scores.Count} scores", "name as many score outputs, in the same order");
        ssd.Close();
        return new() { Boxes = boxes, Scores = scores, Levels = levels, BoxScale = (float)scale };
    }

    private static AnchorLevel? Level(MappingReader ssd, YamlNode item)
    {
        int[] numbers = item is YamlSequence { Items.Count: 3 } list
            ? [.. list.Items.Select(n => n is YamlScalar scalar && int.TryParse(scalar.Value, out int value) && value is >= 1 and <= 65_536 ? value : 0)]
            : [0, 0, 0];
        if (!numbers.Contains(0)) return new(numbers[0], numbers[1], numbers[2]);
        ssd.Fault("levels", $"{item.Mark.Line}:{item.Mark.Column} is no level", "expected [cells in a row, rows of cells, anchors in a cell]");
        return null;
    }

    private List<GoldenFiles> Golden(MappingReader root)
    {
        List<GoldenFiles> entries = [];
        IReadOnlyList<YamlNode> items = root.List("golden") ?? [];
        if (items.Count > GoldenFiles.Most)
        {
            root.Fault("golden", $"{items.Count} entries", $"keep at most {GoldenFiles.Most}");
            return entries;
        }

        foreach (YamlNode item in items)
        {
            if (item is not YamlMapping mapping)
            {
                faults.Add(FaultKind.Data, item.Mark.ToString(), $"golden: found {item.Kind}", "expected { input: FILE, expect: FILE }");
                continue;
            }

            MappingReader entry = new(mapping, "golden", faults);
            string? input = ExistingFile(entry, "input"), truth = entry.Has("truth") ? ExistingFile(entry, "truth") : null;

            // What is really there is enough where no reference model was asked.
            string? expect = truth is null || entry.Has("expect") ? ExistingFile(entry, "expect") : null;
            entry.Close();
            if (input is not null && (expect ?? truth) is not null) entries.Add(new(input, expect, truth));
        }

        return entries;
    }

    private string? ExistingFile(MappingReader entry, string key)
    {
        if (entry.Text(key) is not { } name)
        {
            if (!entry.Has(key)) entry.Fault(key, "is missing", "name a file of the folder");
            return null;
        }

        if (folder.Resolve(name, out string problem) is not null) return name;
        entry.Fault(key, problem, "name a file of the model's folder");
        return null;
    }
}

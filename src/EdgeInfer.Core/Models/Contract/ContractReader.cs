using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models.Families;
using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Models.Contract;

/// <summary>Reads a model's whole contract: graph and model.yaml, then each value from the strongest origin that states it.</summary>
internal sealed class ContractReader
{
    private const float DefaultThreshold = 0.25f;

    private readonly ContractSheet _sheet;
    private readonly ModelYaml? _yaml;
    private readonly OnnxFile _file;
    private readonly OnnxWiring _wiring;

    private ContractReader(ContractSheet sheet, ModelYaml? yaml, OnnxFile file)
    {
        _sheet = sheet;
        _yaml = yaml;
        _file = file;
        _wiring = new(file);
    }

    /// <summary>Reads a model.</summary>
    /// <exception cref="FaultException">There is no model at this path.</exception>
    public static ModelInspection Read(string path)
    {
        ModelFolder folder = ModelFolder.Open(path);
        FaultList faults = new();
        ContractSheet sheet = new(folder, faults);
        ModelYaml? yaml = folder.YamlPath is { } yamlPath ? new ModelYamlReader(folder, faults).Read(yamlPath) : null;
        Model? model = null;
        if (Graph(folder, faults) is { } file)
        {
            model = new ContractReader(sheet, yaml, file).Model();
        }

        return new()
        {
            Path = folder.Path,
            Model = faults.IsEmpty && sheet.Missing.Count == 0 ? model : null,
            Values = sheet.Values,
            Labels = sheet.Labels,
            Missing = sheet.Missing,
            // A model is an input of the agent: whatever is wrong in it, model.yaml included, is wrong data.
            Faults = [.. faults.Faults.Select(f => f.Kind == FaultKind.Configuration ? f with { Kind = FaultKind.Data } : f)],
            Warnings = faults.Warnings,
        };
    }

    private static OnnxFile? Graph(ModelFolder folder, FaultList faults)
    {
        try
        {
            return OnnxReader.Read(folder.OnnxPath);
        }
        catch (FaultException e)
        {
            faults.Add(e.Fault);
            return null;
        }
    }

    private Model? Model()
    {
        GraphChecks.Run(_file, _sheet);
        Describe();
        string named = _sheet.Folder.IsBare ? "the file's name" : "the folder's name";
        string name = _sheet.Pick<string>(
            "name", n => n,
            Candidate.Yaml(_yaml?.Name), new Candidate<string>(_sheet.Folder.SuggestedName, ContractOrigin.Default, named))!.Value.Value;
        string version = _sheet.Pick<string>("version", v => v, Candidate.Yaml(_yaml?.Version), Candidate.Default("0"))!.Value.Value;

        InputInference inputs = new(_sheet, _yaml, _file, _wiring);
        OutputInference outputs = new(_sheet, _yaml, _file, _wiring);
        InputShape? shape = inputs.Shape();
        FamilyFacts? family = Family(shape);
        ModelTask? task = outputs.Task(family);
        PictureInput? picture = shape is null ? null : inputs.Picture(shape, family);
        (OutputContract Contract, long Classes)? output = task is null ? null : outputs.Output(task.Value, family, shape?.Width ?? 0, shape?.Height ?? 0);
        ModelLabels? labels = output is null ? null : task == ModelTask.Raw ? new([], -1)
            : new LabelInference(_sheet, _yaml, _file).Labels(output.Value.Classes, family);
        float threshold = Threshold(task, family);
        if (_yaml?.Golden is { Count: > 0 } golden) _sheet.Record("golden", ContractText.OfGolden(golden), ContractOrigin.ModelYaml, "");
        string? digest = Digest();
        if (picture is null || output is null || labels is null || digest is null) return null;
        return new()
        {
            Name = name,
            Version = version,
            Task = task!.Value,
            OnnxPath = _sheet.Folder.OnnxPath,
            Path = _sheet.Folder.Path,
            Digest = digest,
            Input = picture,
            Output = output.Value.Contract,
            Labels = labels.Names,
            BackgroundClass = labels.Background,
            Threshold = threshold,
            Golden = _yaml?.Golden ?? [],
            Origins = [.. _sheet.Values],
        };
    }

    private void Describe()
    {
        string opsets = string.Join(", ", _file.Opsets.Select(o => string.Create(CultureInfo.InvariantCulture, $"{o.Key} {o.Value}")));
        _sheet.Record(
            "graph", string.Create(CultureInfo.InvariantCulture, $"IR {_file.IrVersion}, opset {opsets}, {_file.Nodes.Count} nodes"),
            ContractOrigin.Graph, $"{_file.Producer} {_file.ProducerVersion}".Trim());
    }

    // The decoder that model.yaml names outweighs what the graph looks like.
    private FamilyFacts? Family(InputShape? shape)
    {
        FamilyFacts? recognised = KnownFamilies.Recognise(new(_file, _wiring, shape?.Width ?? 0, shape?.Height ?? 0));
        if (_yaml?.Outputs.Decoder is not { } decoder || recognised?.Decoder == decoder) return recognised;
        return KnownFamilies.Of(decoder);
    }

    private float Threshold(ModelTask? task, FamilyFacts? family)
    {
        if (task is null or ModelTask.Raw) return DefaultThreshold;
        return _sheet.Pick(
            "threshold", ContractText.Of,
            Candidate.Yaml((float?)_yaml?.Threshold), Candidate.Family(family?.Threshold, family),
            Candidate.Default(DefaultThreshold))!.Value.Value;
    }

    private string? Digest()
    {
        try
        {
            string digest = ModelDigest.Of(_sheet.Folder.Files(_file.ExternalData.Select(d => d.Location)));
            _sheet.Record("digest", digest, ContractOrigin.Graph, "sha256 of the manifest of its files");
            return digest;
        }
        catch (FaultException e)
        {
            _sheet.Faults.Add(e.Fault);
            return null;
        }
    }
}

using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models.Families;
using EdgeInfer.Models.Onnx;
using EdgeInfer.Signals;

namespace EdgeInfer.Models.Contract;

/// <summary>Settles what the outputs are and how they become results.</summary>
internal sealed class OutputInference(ContractSheet sheet, ModelYaml? yaml, OnnxFile file, OnnxWiring wiring)
{
    private const float DefaultIou = 0.45f;
    private const int DefaultMax = 300;

    private readonly OutputKeys _keys = yaml?.Outputs ?? new();

    /// <summary>Settles the task.</summary>
    public ModelTask? Task(FamilyFacts? family)
    {
        ModelTask? byDecoder = _keys.Decoder is { } decoder ? TaskOf(decoder) : null;
        Candidate<ModelTask>? metadata = null;
        if (file.Metadata.TryGetValue("task", out string? word))
        {
            foreach ((string known, ModelTask meaning) in ModelWords.Tasks)
                if (known == word) metadata = new(meaning, ContractOrigin.Metadata, "task");
            bool isLater = ModelWords.LaterTasks.Contains(word) || word == "obb";
            if (isLater && yaml?.Task is null && byDecoder is null)
            {
                sheet.GraphFault(
                    $"its metadata say task '{word}', which this version does not have yet",
                    $"known: {string.Join(", ", ModelWords.All(ModelWords.Tasks))}; 'raw' passes the outputs on as numbers");
                return null;
            }
        }

        Candidate<ModelTask>? task = sheet.PickOrAsk(
            "task", ModelWords.Tasks, "neither the outputs nor the metadata show what the model does",
            Candidate.Yaml(yaml?.Task), Candidate.From(byDecoder, ContractOrigin.ModelYaml, "by output.decoder"),
            metadata, Candidate.Family(family?.Task, family), ByGraph());
        if (yaml?.Task is { } stated && byDecoder is { } implied && stated != implied)
            yaml.Output!.Fault(
                "decoder",
                $"'{ModelWords.Of(ModelWords.Decoders, _keys.Decoder!.Value)}' does not fit task '{ModelWords.Of(ModelWords.Tasks, stated)}'",
                "change one of the two");
        return task?.Value;
    }

    /// <summary>Settles the outputs, their quantisation and the head.</summary>
    /// <returns>The contract with the class count (−1 where open); null where something is wrong or must be chosen.</returns>
    public (OutputContract Contract, long Classes)? Output(ModelTask task, FamilyFacts? family, int width, int height)
    {
        if (Tensors(task) is not { } tensors || Decoder(task, family) is not { } decoder) return null;
        SsdOptions? ssd = null;
        if (decoder == DecoderKind.Ssd)
        {
            ssd = sheet.Pick("output.ssd", ContractText.Of, Candidate.Yaml(_keys.Ssd), Candidate.Family(family?.Ssd, family))?.Value;
            if (ssd is null)
            {
                sheet.Ask(
                    "output.ssd", ["{ boxes: [OUTPUT], scores: [OUTPUT], levels: [[COLUMNS, ROWS, PER_CELL]], box_scale: N }"],
                    "the decoder ssd needs to know the outputs and the anchors");
            }
        }
        else if (_keys.Ssd is not null)
        {
            yaml!.Output!.Fault("ssd", $"the decoder is {ModelWords.Of(ModelWords.Decoders, decoder)}", "remove the key, or write decoder: ssd");
        }

        HeadShape head = HeadShapes.Of(decoder, file.Outputs, ssd, width, height);
        if (head.Problem.Length > 0)
        {
            if (_keys.Decoder is not null) yaml!.Output!.Fault("decoder", head.Problem, "name the decoder of this head, or export the model with this head");
            else sheet.GraphFault(head.Problem, "name the right output.decoder in model.yaml, or export the model with this head");
            return null;
        }

        ScoreActivation activation = Activation(decoder, family);
        NmsOptions nms = Nms(decoder, family);
        int max = task == ModelTask.Detect
            ? sheet.Pick("output.max", ContractText.Of, Candidate.Yaml(_keys.Max), Candidate.Default(DefaultMax))!.Value.Value
            : _keys.Max ?? DefaultMax;
        if (decoder == DecoderKind.Ssd && ssd is null) return null;
        return (new() { Decoder = decoder, Outputs = tensors, Activation = activation, Nms = nms, MaxDetections = max, Ssd = ssd }, head.Classes);
    }

    private static ModelTask TaskOf(DecoderKind decoder) => decoder switch
    {
        DecoderKind.Classification => ModelTask.Classify,
        DecoderKind.Raw => ModelTask.Raw,
        _ => ModelTask.Detect,
    };

    // One vector that ends in probabilities, or that as many labels are given for.
    private Candidate<ModelTask>? ByGraph()
    {
        if (file.Outputs is not [{ Kind: null, Dimensions.Count: >= 1 } output]) return null;
        HeadShape head = HeadShapes.Classification(output.Shape);
        if (head.Problem.Length > 0) return null;
        string? activation = wiring.Maker(output.Name)?.OpType;
        if (activation is "Softmax" or "Sigmoid")
            return new(ModelTask.Classify, ContractOrigin.Graph, $"output '{output.Name}' is {output} and ends in {activation}");
        bool isLabelled = yaml?.Labels is not null || sheet.Folder.LabelsPath is not null
            || MetadataReader.Labels(file.Metadata, out _, out _) is not null;
        return isLabelled ? new(ModelTask.Classify, ContractOrigin.Graph, $"output '{output.Name}' is {output}, and there are labels") : null;
    }

    private List<TensorInfo>? Tensors(ModelTask task)
    {
        List<TensorInfo> tensors = [];
        bool areAllReadable = true;
        CheckNames();
        foreach (OnnxValue output in file.Outputs)
        {
            if (output.Kind is not null || output.Type == ElementType.Unknown)
            {
                sheet.GraphFault(
                    $"output '{output.Name}' is {output}, which cannot be read",
                    "export it with tensors of numbers as outputs (scikit-learn: zipmap=False)");
                areAllReadable = false;
                continue;
            }

            sheet.Record($"outputs.{output.Name}", output.ToString(), ContractOrigin.Graph, "");
            tensors.Add(new(output.Name, output.Type, output.Shape, Quantisation(output, task)));
        }

        return areAllReadable ? tensors : null;
    }

    private void CheckNames()
    {
        string[] known = [.. file.Outputs.Select(o => o.Name)];
        foreach (string name in _keys.Named.Keys)
        {
            if (known.Contains(name)) continue;
            string cure = NearestKey.Find(name, known) is { } near ? $"did you mean '{near}'?" : $"its outputs: {string.Join(", ", known)}";
            _keys.NamedReader!.Fault(name, "the graph has no such output", cure);
        }

        if (_keys.Quantisation is not null && known.Length > 1)
            yaml!.Output!.Fault("quantisation", $"the graph has {known.Length} outputs", "write outputs: { NAME: { quantisation: … } }");
    }

    private Quantisation? Quantisation(OnnxValue output, ModelTask task)
    {
        Quantisation? stated = _keys.Named.GetValueOrDefault(output.Name) ?? (file.Outputs.Count == 1 ? _keys.Quantisation : null);
        string key = $"outputs.{output.Name}.quantisation";
        if (output.Type is not (ElementType.UInt8 or ElementType.Int8))
        {
            if (stated is not null)
            {
                sheet.Faults.Add(
                    FaultKind.Data, (yaml!.Output ?? yaml.Root).Mark.ToString(),
                    $"{key}: the graph's output is {ModelWords.Of(output.Type)}", "remove the key");
            }
            return null;
        }

        Quantisation? found = sheet.Pick(
            key, ContractText.Of,
            Candidate.Yaml(stated),
            Candidate.From(wiring.QuantisationOfOutput(output.Name), ContractOrigin.Graph, "QuantizeLinear at the output"))?.Value;
        if (found is null && task != ModelTask.Raw)
        {
            sheet.Ask(
                key, ["{ scale: S, zero_point: Z }"],
                $"output '{output.Name}' is {output}, and no QuantizeLinear says what its integers stand for");
        }
        return found;
    }

    private DecoderKind? Decoder(ModelTask task, FamilyFacts? family)
    {
        // A fault already where the two are told to differ.
        if (_keys.Decoder is { } stated && TaskOf(stated) != task) return null;
        IReadOnlyList<KeyValuePair<string, DecoderKind>> fitting = [.. ModelWords.Decoders.Where(d => TaskOf(d.Value) == task)];
        DecoderKind only = task == ModelTask.Raw ? DecoderKind.Raw : DecoderKind.Classification;
        Candidate<DecoderKind>? byTask = task == ModelTask.Detect
            ? null : new(only, ContractOrigin.Default, $"task {ModelWords.Of(ModelWords.Tasks, task)}");
        DecoderKind? ofFamily = family?.Decoder is { } decoder && TaskOf(decoder) == task ? decoder : null;
        string outputs = string.Join(", ", file.Outputs.Select(o => $"'{o.Name}' {o}"));
        return sheet.PickOrAsk(
            "output.decoder", fitting, $"the outputs are of no known head: {outputs}{Hint()}",
            Candidate.Yaml(_keys.Decoder), Candidate.Family(ofFamily, family), byTask)?.Value;
    }

    private string Hint()
    {
        if (UltralyticsFamily.IsExport(file.Metadata) && UltralyticsFamily.IsEndToEnd(file))
            return "; the non-maximum suppression is in the graph, export it with nms=False and end2end=False";
        return "";
    }

    private ScoreActivation Activation(DecoderKind decoder, FamilyFacts? family)
    {
        Candidate<ScoreActivation>? graph = null;
        if (decoder == DecoderKind.Classification && file.Outputs.Count == 1)
        {
            string? last = wiring.Maker(file.Outputs[0].Name)?.OpType;
            graph = last is "Softmax" or "Sigmoid"
                ? new(ScoreActivation.None, ContractOrigin.Graph, $"the graph ends in {last}")
                : new(ScoreActivation.Softmax, ContractOrigin.Graph, $"the graph ends in {last ?? "its input"}: logits");
        }

        if (decoder == DecoderKind.Raw) return ScoreActivation.None;
        ScoreActivation? ofFamily = family?.Decoder == decoder ? family.Activation : null;
        return sheet.Pick<ScoreActivation>(
            "output.activation", a => ModelWords.Of(ModelWords.Activations, a),
            Candidate.Yaml(_keys.Activation), graph, Candidate.Family(ofFamily, family),
            new Candidate<ScoreActivation>(ScoreActivation.None, ContractOrigin.Default, "the head gives 0 to 1"))!.Value.Value;
    }

    private NmsOptions Nms(DecoderKind decoder, FamilyFacts? family)
    {
        if (TaskOf(decoder) != ModelTask.Detect) return new(NmsMode.Off, DefaultIou);
        NmsMode mode = sheet.Pick<NmsMode>(
            "output.nms.mode", m => ModelWords.Of(ModelWords.NmsModes, m),
            Candidate.Yaml(_keys.NmsMode), Candidate.Default(NmsMode.PerClass))!.Value.Value;
        float iou = sheet.Pick(
            "output.nms.iou", ContractText.Of,
            Candidate.Yaml(_keys.NmsIou), Candidate.Family(family?.NmsIou, family),
            Candidate.Default(DefaultIou))!.Value.Value;
        return new(mode, iou);
    }
}

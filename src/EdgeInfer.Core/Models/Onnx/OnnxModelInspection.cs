namespace EdgeInfer.Models.Onnx;

/// <summary>Inspects ModelProto and FunctionProto.</summary>
internal sealed class OnnxModelInspection(OnnxInspection inspection)
{
    private readonly ProtobufReader _reader = inspection.Reader;
    private readonly OnnxCalls _calls = new(inspection);

    /// <summary>Walks the whole file.</summary>
    public OnnxAdmitted Run(long end)
    {
        OnnxGraphInspection graphs = new(inspection, _calls);
        Dictionary<string, long> opsets = new(StringComparer.Ordinal);
        long irVersion = 0;
        bool hasGraph = false;
        uint seen = 0;
        while (OnnxMessage.Model.Next(_reader, end, ref seen, out int field, out WireType wire))
        {
            switch (field)
            {
                case 1: irVersion = IrVersion((long)_reader.Varint(end)); break;
                case 2 or 3 or 4: inspection.Pass(end, OnnxLimits.NameBytes); break;
                case 6: inspection.Pass(end, OnnxLimits.MetadataBytes); break;
                case 7: graphs.Graph(_reader.ReadLength(end), 0); hasGraph = true; break;
                case 8: Opset(_reader.ReadLength(end), opsets); break;
                case 14: Metadata(_reader.ReadLength(end)); break;
                case 20: throw inspection.Refused("the model holds what it is trained with (training_info)", "export it for inference");
                case 25: Function(_reader.ReadLength(end), graphs); break;
                default: _reader.Skip(wire, end); break;
            }
        }

        if (!hasGraph) throw inspection.Refused("the model has no graph", OnnxInspection.ExportAgain);
        if (irVersion == 0) throw inspection.Refused("the model does not say its IR version", OnnxInspection.ExportAgain);
        if (opsets.Count == 0) throw inspection.Refused("the model does not say its operator sets", OnnxInspection.ExportAgain);
        long nodes = _calls.Resolve();
        return new(irVersion, opsets.GetValueOrDefault(""), nodes, inspection.Tensors, inspection.ExternalFiles);
    }

    private long IrVersion(long version) => version >= 1 && version <= inspection.Demands.IrVersion ? version : throw inspection.Refused(
        $"IR version {version}; the runtime serves 1 to {inspection.Demands.IrVersion}", "export it with an onnx package that writes an older IR (set model.ir_version before saving)");

    private void Function(long end, OnnxGraphInspection graphs)
    {
        _calls.BeginFunction();
        OnnxGraphScope scope = new(inspection);
        Dictionary<string, long> opsets = new(StringComparer.Ordinal);
        string name = "", domain = "", overload = "";
        int arguments = 0;
        uint seen = 0;
        while (OnnxMessage.Function.Next(_reader, end, ref seen, out int field, out WireType wire))
        {
            switch (field)
            {
                case 1: name = inspection.Text(end, OnnxLimits.OperatorBytes); break;
                case 4 or 5 or 6: inspection.Pass(end, OnnxLimits.NameBytes); arguments++; break;
                case 7: graphs.Node(_reader.ReadLength(end), 0, scope); break;
                case 8: inspection.Pass(end, OnnxLimits.MetadataBytes); break;
                case 9: Opset(_reader.ReadLength(end), opsets); break;
                case 10: domain = inspection.Text(end, OnnxLimits.OperatorBytes); break;
                case 11: graphs.Attribute(_reader.ReadLength(end), 0); break;
                case 12: graphs.Value(_reader.ReadLength(end)); break;
                case 13: overload = inspection.Text(end, OnnxLimits.OperatorBytes); break;
                default: _reader.Skip(wire, end); break;
            }

            if (arguments > OnnxLimits.NodeArguments) throw inspection.Refused($"a function with more than {OnnxLimits.NodeArguments} inputs, outputs and attributes", OnnxInspection.ExportAgain);
        }

        scope.Close();
        if (name.Length == 0) throw inspection.Refused("a function without a name", OnnxInspection.ExportAgain);
        _calls.EndFunction(new(domain == "ai.onnx" ? "" : domain, name, overload));
    }

    private void Opset(long end, Dictionary<string, long> into)
    {
        string domain = "";
        long version = 0;
        uint seen = 0;
        while (OnnxMessage.OperatorSet.Next(_reader, end, ref seen, out int field, out _))
        {
            if (field == 1) domain = inspection.Text(end, OnnxLimits.OperatorBytes);
            else version = (long)_reader.Varint(end);
        }

        if (domain == "ai.onnx") domain = "";
        if (into.Count >= OnnxLimits.Entries) throw inspection.Refused($"more than {OnnxLimits.Entries} operator sets", OnnxInspection.ExportAgain);
        if (!into.TryAdd(domain, version) && into[domain] != version)
            throw inspection.Refused($"operator set {Name(domain)} in versions {into[domain]} and {version}", OnnxInspection.ExportAgain);
        long newest = domain switch { "" => inspection.Demands.Opset, "ai.onnx.ml" => inspection.Demands.MlOpset, _ => long.MaxValue };
        if (version >= 1 && version <= newest) return;
        throw inspection.Refused(
            $"opset {version} of {Name(domain)}{(newest < long.MaxValue ? $"; the runtime serves 1 to {newest}" : "")}", "export it with an opset_version that the runtime has; 17 runs everywhere");
    }

    private void Metadata(long end)
    {
        uint seen = 0;
        while (OnnxMessage.Entry.Next(_reader, end, ref seen, out int field, out _))
            inspection.Pass(end, field == 1 ? OnnxLimits.NameBytes : OnnxLimits.MetadataBytes);
    }

    private static string Name(string domain) => domain.Length == 0 ? "ai.onnx" : OnnxInspection.Quoted(domain);
}

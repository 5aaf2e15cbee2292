using System.Buffers.Binary;

namespace EdgeInfer.Models.Onnx;

/// <summary>What the checks of one graph need until its end: names of its initialisers, and shapes that operators fill from a few bytes of file.</summary>
internal sealed class OnnxGraphScope(OnnxInspection inspection)
{
    private const int Int64 = 7;
    private const int FloatBytes = 4;

    private readonly HashSet<UInt128> _initialisers = [];
    private readonly Dictionary<UInt128, double> _products = [];
    private readonly List<(OnnxNodePlace Node, OnnxNamePlace Shape)> _fillers = [];

    /// <summary>Takes note of an initialiser.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="isValue">Whether it may give a shape.</param>
    public void Add(OnnxTensorFacts tensor, bool isValue)
    {
        if (tensor.Name.Bytes == 0) throw inspection.Refused("an initialiser without a name", OnnxInspection.ExportAgain);
        UInt128 key = inspection.Key(tensor.Name);
        if (!_initialisers.Add(key)) throw inspection.Refused($"two initialisers are called {OnnxInspection.Quoted(inspection.Name(tensor.Name))}", OnnxInspection.ExportAgain);
        if (isValue) AddShape(key, tensor);
    }

    /// <summary>Takes note of a node; its <paramref name="value"/> is that attribute's tensor.</summary>
    public void Add(OnnxNodePlace node, OnnxNodePlaces places, OnnxTensorFacts? value)
    {
        if (node.OpType == "Constant" && value is not null && places.Output0.Bytes > 0) AddShape(inspection.Key(places.Output0), value);
        OnnxNamePlace shape = node.OpType switch { "ConstantOfShape" => places.Input0, "Expand" => places.Input1, _ => default };
        if (shape.Bytes > 0) _fillers.Add((node, shape));
    }

    /// <summary>Checks what could not be checked before all initialisers were known.</summary>
    public void Close()
    {
        foreach ((OnnxNodePlace node, OnnxNamePlace shape) in _fillers)
        {
            if (_products.TryGetValue(inspection.Key(shape), out double elements) && elements * FloatBytes > OnnxLimits.TensorBytes)
                throw inspection.Refused(node, $"it makes a tensor of {elements:0} elements, which cannot fit in memory (at most 2 GiB a tensor)", "export it for a smaller input");
        }
    }

    private void AddShape(UInt128 name, OnnxTensorFacts tensor)
    {
        if (tensor.Type != Int64 || tensor.Elements is 0 or > OnnxLimits.Rank || tensor.Data.End == 0) return;
        ProtobufReader reader = inspection.Reader;
        long back = reader.Position;
        reader.MoveTo(tensor.Data.Begin);
        Span<byte> eight = stackalloc byte[8];
        double product = 1;
        for (long i = 0; i < tensor.Elements && reader.Position < tensor.Data.End; i++)
        {
            if (tensor.IsRaw) reader.Read(eight);
            product *= Math.Max(0, tensor.IsRaw ? BinaryPrimitives.ReadInt64LittleEndian(eight) : (long)reader.Varint(tensor.Data.End));
        }

        reader.MoveTo(back);
        _products[name] = product;
    }
}

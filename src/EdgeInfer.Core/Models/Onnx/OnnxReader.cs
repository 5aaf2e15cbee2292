using EdgeInfer.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Models.Onnx;

/// <summary>Reads an ONNX file without its weights: megabytes of model cost kilobytes of reading.</summary>
internal static class OnnxReader
{
    // The fields of ModelProto with their wire types; a file that begins otherwise is no ONNX file.
    private static readonly Dictionary<int, WireType> s_fields = new()
    {
        [1] = WireType.Varint,
        [2] = WireType.Bytes,
        [3] = WireType.Bytes,
        [4] = WireType.Bytes,
        [5] = WireType.Varint,
        [6] = WireType.Bytes,
        [7] = WireType.Bytes,
        [8] = WireType.Bytes,
        [14] = WireType.Bytes,
        [20] = WireType.Bytes,
        [25] = WireType.Bytes,
        [26] = WireType.Bytes,
    };

    /// <summary>Reads a file.</summary>
    /// <exception cref="FaultException">One fault: the file is absent, unreadable, something else than ONNX, truncated or damaged.</exception>
    public static OnnxFile Read(string path)
    {
        try
        {
            // Asked before opening: opening a named pipe would wait for a writer.
            FileInfo info = new(path);
            if (!info.Exists) throw FaultException.Of(FaultKind.NoInput, path, "there is no such file", "check the path");
            if (info.Length == 0) throw FaultException.Of(FaultKind.Data, path, "the file is empty", "copy the model again");
            using SafeFileHandle handle = File.OpenHandle(path);
            long length = RandomAccess.GetLength(handle);
            ForeignFile.Refuse(handle, path);
            return Model(new ProtobufReader(handle, length, path), path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw FaultException.Of(FaultKind.NoInput, path, "the file may not be read by this user", "give this user read permission", e);
        }
        catch (IOException e)
        {
            throw FaultException.Of(FaultKind.InputOutput, path, $"the file cannot be read: {e.Message}", "check the disk", e);
        }
    }

    private static OnnxFile Model(ProtobufReader reader, string path)
    {
        long? irVersion = null;
        string producer = "", producerVersion = "";
        Dictionary<string, long> opsets = [];
        Dictionary<string, string> metadata = [];
        OnnxGraphReader graph = new(reader);
        OnnxTensorReader entries = new(reader);
        bool hasGraph = false;
        long end = reader.Length;
        while (TryReadField(reader, path, out int field, out WireType wire))
        {
            switch (field, wire)
            {
                case (1, WireType.Varint): irVersion = (long)reader.Varint(end); break;
                case (2, WireType.Bytes): producer = reader.Text(end, OnnxLimits.NameBytes); break;
                case (3, WireType.Bytes): producerVersion = reader.Text(end, OnnxLimits.NameBytes); break;
                case (7, WireType.Bytes) when hasGraph: throw reader.Damaged("a second graph");
                case (7, WireType.Bytes): graph.Read(reader.ReadLength(end), 0); hasGraph = true; break;
                case (8, WireType.Bytes): Opset(reader, reader.ReadLength(end), opsets); break;
                case (14, WireType.Bytes): entries.Entry(reader.ReadLength(end), metadata); break;
                default: reader.Skip(wire, end); break;
            }
        }

        if (!hasGraph) throw irVersion is null ? NotOnnx(path) : reader.Truncated("it ends before its graph");
        if (irVersion is null) throw reader.Damaged("it does not say its IR version");
        if (opsets.Count == 0) throw reader.Truncated("it ends before its operator sets");
        return new()
        {
            Path = path,
            IrVersion = irVersion.Value,
            Opsets = opsets,
            Producer = producer,
            ProducerVersion = producerVersion,
            Metadata = metadata,
            Inputs = graph.Inputs,
            Outputs = graph.Outputs,
            Nodes = graph.Nodes,
            Tensors = graph.Constants,
            ExternalData = graph.ExternalData,
            HugeTensors = graph.HugeTensors,
        };
    }

    // Until the first field that only a model has, whatever goes wrong means that this is another kind of file.
    private static bool TryReadField(ProtobufReader reader, string path, out int field, out WireType wire)
    {
        bool isFirst = reader.Position == 0;
        try
        {
            if (!reader.TryReadTag(reader.Length, out field, out wire)) return false;
        }
        catch (FaultException) when (isFirst)
        {
            throw NotOnnx(path);
        }

        bool isModelField = s_fields.TryGetValue(field, out WireType expected) && expected == wire;
        if (isFirst && !isModelField) throw NotOnnx(path);
        if (!isModelField && (s_fields.ContainsKey(field) || field > 1000)) throw reader.Damaged($"field {field} of a model cannot be {wire}");
        return true;
    }

    private static void Opset(ProtobufReader reader, long end, Dictionary<string, long> opsets)
    {
        string domain = "";
        long version = 0;
        while (reader.TryReadTag(end, out int field, out WireType wire))
        {
            if (field == 1 && wire == WireType.Bytes) domain = reader.Text(end, OnnxLimits.NameBytes);
            else if (field == 2 && wire == WireType.Varint) version = (long)reader.Varint(end);
            else reader.Skip(wire, end);
        }

        if (opsets.Count >= OnnxLimits.Entries) throw reader.Damaged($"more than {OnnxLimits.Entries} operator sets");
        opsets[domain.Length == 0 ? "ai.onnx" : domain] = version;
    }

    private static FaultException NotOnnx(string path)
        => FaultException.Of(FaultKind.Data, path, "this is not an ONNX file", "export the model as ONNX");
}

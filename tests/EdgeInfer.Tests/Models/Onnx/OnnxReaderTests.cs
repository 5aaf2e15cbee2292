using EdgeInfer.Diagnostics;
using EdgeInfer.Models.Onnx;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Models.Onnx;

/// <summary>What the bounded reader gives, and that no file can hurt it.</summary>
public sealed class OnnxReaderTests : IDisposable
{
    private readonly ModelBox _box = new();

    public void Dispose() => _box.Dispose();

    [Fact]
    public void Everything_that_the_contract_needs_is_read()
    {
        OnnxFile file = Read(TestModels.QuantisedClassifier().Metadata("author", "me").Domain("ai.onnx.ml", 3).ToArray());
        Assert.Equal(8, file.IrVersion);
        Assert.Equal([new("ai.onnx", 17L), new("ai.onnx.ml", 3L)], file.Opsets.Order(Comparer<KeyValuePair<string, long>>.Create((a, b) => string.CompareOrdinal(a.Key, b.Key))));
        Assert.Equal(("pytorch", "2.0"), (file.Producer, file.ProducerVersion));
        Assert.Equal("me", file.Metadata["author"]);
        OnnxValue input = Assert.Single(file.Inputs);
        Assert.Equal(("x", ElementType.UInt8), (input.Name, input.Type));
        Assert.Equal([1, 16, 16, 3], input.Shape);
        Assert.Equal([1, 5], Assert.Single(file.Outputs).Shape);
        Assert.Equal(["DequantizeLinear", "Transpose", "Conv", "Softmax", "QuantizeLinear"], file.Nodes.Select(n => n.OpType));
        Assert.Equal([0, 3, 1, 2], file.Nodes[1].Integers["perm"]);
        Assert.Equal([1.0 / 128], file.Tensors["s"].Values!);
        Assert.Equal([128], file.Tensors["z"].Values!);
    }

    [Fact]
    public void Initialisers_among_the_inputs_are_no_inputs()
    {
        // IR below 4 lists every initialiser as an input too.
        OnnxFile file = Read(TestModels.Classifier().Input("w", OnnxBuilder.Float, 4, 3).FloatConstant("w", 1, 2, 3).ToArray());
        Assert.Equal(["x"], file.Inputs.Select(i => i.Name));
    }

    [Fact]
    public void Dynamic_and_open_shapes_keep_their_names()
    {
        OnnxFile file = Read(TestModels.Yolov8(isDynamic: true).ToArray());
        Assert.Equal("float32 [batch, 3, height, width]", file.Inputs[0].ToString());
        Assert.Equal([-1, 3, -1, -1], file.Inputs[0].Shape);
    }

    [Fact]
    public void A_dimension_of_zero_counts_as_open()
    {
        OnnxFile file = Read(new OnnxBuilder().Input("x", OnnxBuilder.Float, 0, 3, 8, 8).Output("y", OnnxBuilder.Float, 1, 2).ToArray());
        Assert.Equal([-1, 3, 8, 8], file.Inputs[0].Shape);
    }

    [Fact]
    public void Values_of_all_encodings_are_read()
    {
        ProtobufWriter packed = OnnxBuilder.TensorMessage("packed", OnnxBuilder.Int8, [3]).Bytes(5, [1, 2, 0x7F]);
        ProtobufWriter floats = OnnxBuilder.TensorMessage("floats", OnnxBuilder.Float, [2]).Float(4, 0.5f).Float(4, -2f);
        ProtobufWriter doubles = OnnxBuilder.TensorMessage("doubles", OnnxBuilder.Double, [1]).Bytes(9, BitConverter.GetBytes(0.25));
        ProtobufWriter half = OnnxBuilder.TensorMessage("half", OnnxBuilder.Half, []).Bytes(9, BitConverter.GetBytes((Half)1.5));
        OnnxFile file = Read(TestModels.Classifier().Graph(5, packed).Graph(5, floats).Graph(5, doubles).Graph(5, half).ToArray());
        Assert.Equal([1, 2, 127], file.Tensors["packed"].Values!);
        Assert.Equal([0.5, -2], file.Tensors["floats"].Values!);
        Assert.Equal([0.25], file.Tensors["doubles"].Values!);
        Assert.Equal([1.5], file.Tensors["half"].Values!);
    }

    [Fact]
    public void Weights_are_passed_over_and_not_read()
    {
        byte[] model = TestModels.Classifier().Tensor("big", OnnxBuilder.Float, [4_000_000], new byte[16_000_000]).ToArray();
        _box.Write("m.onnx", model);
        long before = GC.GetAllocatedBytesForCurrentThread();
        OnnxFile file = OnnxReader.Read(_box.At("m.onnx"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
        Assert.Null(file.Tensors["big"].Values);
    }

    [Fact]
    public void A_model_cut_off_at_any_byte_gives_one_fault()
    {
        // Without metadata: a file cut right after its opset is whole.
        byte[] model = TestModels.QuantisedClassifier().ToArray();
        for (int length = 0; length < model.Length; length++)
        {
            Fault fault = Fault(model[..length]);
            Assert.Equal(FaultKind.Data, fault.Kind);
            Assert.True(
                fault.What.Contains("truncated", StringComparison.Ordinal) || fault.What.Contains("empty", StringComparison.Ordinal) || fault.What.Contains("not an ONNX file", StringComparison.Ordinal),
                $"cut at {length}: {fault}");
        }
    }

    [Fact]
    public void Flipped_bits_never_crash_it()
    {
        byte[] model = TestModels.QuantisedClassifier().UltralyticsMetadata().External("e", "weights.bin", 0, 4, 1).ToArray();
        Random random = new(20261125);
        int refused = 0;
        for (int i = 0; i < 1000; i++)
        {
            byte[] flipped = [.. model];
            for (int j = random.Next(1, 6); j > 0; j--) flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                Read(flipped);
            }
            catch (FaultException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 100, 999);
    }

    [Fact]
    public void Random_bytes_never_crash_it()
    {
        Random random = new(7);
        for (int i = 0; i < 500; i++)
        {
            byte[] bytes = new byte[random.Next(1, 400)];
            random.NextBytes(bytes);
            Assert.Throws<FaultException>(() => Read(bytes));
        }
    }

    [Theory]
    [InlineData("<!DOCTYPE html><html>", "a web page (HTML)")]
    [InlineData("\n  <html lang=en>", "a web page (HTML)")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", "a Git LFS pointer")]
    [InlineData("{\"error\": \"not found\"}", "a JSON document")]
    [InlineData("<?xml version='1.0'?><Error/>", "an XML document")]
    [InlineData("PK\x03\x04rest", "a ZIP archive")]
    [InlineData("\u001F\u008B\u0008", "a gzip archive")]
    [InlineData("\u0089HDF\r\n", "an HDF5 file")]
    [InlineData("\u00FF\u00D8\u00FF\u00E0", "a picture")]
    [InlineData("\u0089PNG\r\n", "a picture")]
    [InlineData("Not Found", "not an ONNX file")]
    public void Other_files_are_called_by_their_name(string content, string expected)
        => Assert.Contains(expected, Fault(System.Text.Encoding.Latin1.GetBytes(content)).What);

    [Fact]
    public void A_tensorflow_lite_model_is_called_by_its_name()
        => Assert.Contains("TensorFlow Lite", Fault([0x1C, 0, 0, 0, (byte)'T', (byte)'F', (byte)'L', (byte)'3', 1, 2, 3]).What);

    [Fact]
    public void An_absent_file_is_no_input()
        => Assert.Equal(FaultKind.NoInput, Assert.Throws<FaultException>(() => OnnxReader.Read(_box.At("none.onnx"))).Fault.Kind);

    [Fact]
    public void A_length_that_leaves_its_message_is_damage()
    {
        // The node claims more bytes than the graph has, while the file goes on.
        byte[] node = [0x0A, 0x7F, 0x0A, 0x01, (byte)'x'];
        byte[] model = new ProtobufWriter().Varint(1, 8).Bytes(7, node).Message(8, new ProtobufWriter().Varint(2, 17)).ToArray();
        Assert.Contains("damaged at byte 6", Fault(model).What);
    }

    [Fact]
    public void Raw_data_of_a_wrong_length_are_damage()
        => Assert.Contains("tensor 'w' has 6 float32 elements but 20 bytes", Fault(TestModels.Classifier().Tensor("w", OnnxBuilder.Float, [2, 3], new byte[20]).ToArray()).What);

    [Fact]
    public void Graphs_within_graphs_have_a_bottom()
    {
        ProtobufWriter inner = OnnxBuilder.NodeMessage("Relu", ["a"], ["b"]);
        for (int depth = 0; depth < 20; depth++)
        {
            ProtobufWriter graph = new ProtobufWriter().Message(1, inner);
            inner = OnnxBuilder.NodeMessage("If", ["c"], ["d"]).Message(5, new ProtobufWriter().Text(1, "then_branch").Message(6, graph));
        }

        Assert.Contains("graphs within each other", Fault(new OnnxBuilder().Graph(1, inner).ToArray()).What);
    }

    [Fact]
    public void Lengths_of_many_terabytes_cost_nothing()
    {
        byte[] model = [0x08, 0x08, 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x0A];
        Assert.Contains("truncated", Fault(model).What);
    }

    [Fact]
    public void Weights_in_inner_graphs_are_found_too()
    {
        ProtobufWriter tensor = OnnxBuilder.TensorMessage("w", OnnxBuilder.Float, [1]).Message(13, new ProtobufWriter().Text(1, "location").Text(2, "../w.bin")).Varint(14, 1);
        ProtobufWriter node = OnnxBuilder.NodeMessage("If", ["c"], ["d"]).Message(5, new ProtobufWriter().Text(1, "then_branch").Message(6, new ProtobufWriter().Message(5, tensor)));
        Assert.Equal("../w.bin", Assert.Single(Read(TestModels.Classifier().Graph(1, node).ToArray()).ExternalData).Location);
    }

    private OnnxFile Read(byte[] bytes)
    {
        _box.Write("m.onnx", bytes);
        return OnnxReader.Read(_box.At("m.onnx"));
    }

    private Fault Fault(byte[] bytes) => Assert.Single(Assert.Throws<FaultException>(() => Read(bytes)).Faults);
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Models.Onnx;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Preprocessing;

namespace EdgeInfer.Tests.Models.Onnx;

/// <summary>What an update's graph may be: everything that exporters write for the runtime.</summary>
public sealed class OnnxAdmissionTests : IDisposable
{
    private readonly AdmissionBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_graph_with_inner_graphs_functions_sparse_weights_and_metadata_comes_in()
    {
        OnnxAdmitted admitted = _bench.Admit(OnnxVectors.Everything);
        Assert.Equal((8, 16), (admitted.IrVersion, admitted.Opset));
        // Nine nodes of which one is a call, four in inner graphs; the call is twice a function of two nodes.
        Assert.Equal(9 - 1 + 4 + (2 * 2), admitted.Nodes);
        // Five initialisers, two in inner graphs, values and indices of the sparse one, one in an attribute.
        Assert.Equal(10, admitted.Tensors);
    }

    [Fact]
    public void Every_type_of_tensor_that_the_package_writes_comes_in()
        => Assert.Equal(16 + 14 + 2, _bench.Admit(OnnxVectors.Types).Tensors);

    [Fact]
    public void Sequences_maps_and_optionals_come_in() => _bench.Admit(OnnxVectors.Kinds);

    [Fact]
    public void A_quantised_graph_comes_in() => _bench.Admit(OnnxVectors.Quantised);

    [Fact]
    public void Weights_in_another_file_of_the_release_come_in()
        => Assert.Equal(["weights.bin"], _bench.With("weights.bin", OnnxVectors.ExternalWeights).Admit(OnnxVectors.External).ExternalFiles);

    // Bytes that a number of elements takes, from the comments of TensorProto: two of 4 bits or four of 2 bits share a byte.
    [Theory]
    [InlineData(17, 5, 5)]
    [InlineData(18, 5, 5)]
    [InlineData(19, 5, 5)]
    [InlineData(20, 5, 5)]
    [InlineData(21, 5, 3)]
    [InlineData(22, 4, 2)]
    [InlineData(23, 5, 3)]
    [InlineData(24, 5, 5)]
    [InlineData(25, 5, 2)]
    [InlineData(26, 4, 1)]
    [InlineData(21, 0, 0)]
    public void Packed_types_newer_than_the_package_come_in(int type, int elements, int bytes)
    {
        _bench.Admit(new OnnxBuilder().Tensor("w", type, [elements], new byte[bytes]).ToArray());
        _bench.Admit(new OnnxBuilder().Graph(5, OnnxBuilder.TensorMessage("w", type, [elements]).Bytes(5, new byte[bytes])).ToArray());
        Assert.Contains($"takes {bytes} bytes", _bench.Refusal(new OnnxBuilder().Tensor("w", type, [elements], new byte[bytes + 1]).ToArray()));
        Assert.Contains($"takes {bytes} values", _bench.Refusal(new OnnxBuilder().Graph(5, OnnxBuilder.TensorMessage("w", type, [elements]).Bytes(5, new byte[bytes + 1])).ToArray()));
    }

    [Theory]
    [InlineData("com.microsoft", "FusedConv")]
    [InlineData("ai.onnx", "Relu")]
    [InlineData("ai.onnx.ml", "Normalizer")]
    public void Operators_of_the_runtime_come_in(string domain, string operation) => _bench.Admit(Operator(domain, operation));

    [Fact]
    public void A_domain_comes_in_where_the_device_allows_it()
    {
        byte[] model = Operator("ai.onnx.contrib", "PyOp");
        _bench.Admit(model, new OnnxDemands { MoreDomains = new HashSet<string> { "ai.onnx.contrib" } });
        Assert.Contains("'ai.onnx.contrib.PyOp' is none of the runtime's", _bench.Refusal(model));
    }

    [Fact]
    public void Operator_sets_that_no_node_uses_do_not_matter()
        => _bench.Admit(TestModels.Classifier().Domain("com.microsoft.nchwc", 1).Domain("org.pytorch.aten", 1).ToArray());

    [Fact]
    public void An_older_runtime_serves_older_graphs()
    {
        byte[] model = TestModels.Classifier().ToArray();
        _bench.Admit(model, new OnnxDemands { IrVersion = 8, Opset = 17 });
        Assert.Contains("opset 17 of ai.onnx; the runtime serves 1 to 16", _bench.Refusal(model, new OnnxDemands { Opset = 16 }));
        Assert.Contains("IR version 8; the runtime serves 1 to 7", _bench.Refusal(model, new OnnxDemands { IrVersion = 7 }));
    }

    [Fact]
    public void Every_model_of_the_repository_comes_in()
    {
        string[] models = Directory.GetFiles(Path.Combine(RepositoryFolder.Root, "models"), "*.onnx", SearchOption.AllDirectories);
        Assert.NotEmpty(models);
        foreach (string model in models) Assert.InRange(_bench.Admit(File.ReadAllBytes(model)).Nodes, 10, 1000);
    }

    [Fact]
    public void Graphs_of_the_inference_tests_come_in_but_for_those_that_are_too_new()
    {
        string folder = Path.Combine(RepositoryFolder.Root, "tests/EdgeInfer.Tests/Inference/Graphs");
        _bench.With("weights.bin", File.ReadAllBytes(Path.Combine(folder, "weights.bin")));
        List<string> refused = [];
        foreach (string graph in Directory.GetFiles(folder, "*.onnx").Order(StringComparer.Ordinal))
        {
            try
            {
                _bench.Admit(File.ReadAllBytes(graph));
            }
            catch (UpdateException)
            {
                refused.Add(Path.GetFileName(graph));
            }
        }

        // "too-large" works its size out when it runs: that is for the probe to find.
        Assert.Equal(["ir-99.onnx", "opset-99.onnx"], refused);
    }

    [Theory]
    [InlineData("yolox-nano")]
    [InlineData("fastestdet")]
    [InlineData("ultraface")]
    [InlineData("mobilenet-v1-uint8")]
    [InlineData("keyword-int8")]
    public void Published_models_come_in(string folder)
    {
        string here = Path.Combine(RepositoryFolder.Root, "tests/EdgeInfer.Tests/Models/RealModelTests.cs");
        foreach (string file in SharedCases.Files(folder, "*.onnx", here)) _bench.Admit(File.ReadAllBytes(file));
    }

    [Fact]
    public void A_gigabyte_of_weights_is_passed_over()
    {
        const long Weights = 1L << 30;
        byte[] tensor = OnnxBuilder.TensorMessage("w", OnnxBuilder.Int8, [Weights]).ToArray();
        byte[] head = new ProtobufWriter().Varint(1, 8).Message(8, new ProtobufWriter().Varint(2, 17)).ToArray();
        byte[] inTensor = [.. tensor, .. Head(9, Weights)];
        byte[] inGraph = [.. Head(5, inTensor.Length + Weights), .. inTensor];
        byte[] file = [.. head, .. Head(7, inGraph.Length + Weights), .. inGraph];
        _bench.With("model.onnx", file);
        using (FileStream stream = new(_bench.At("model.onnx"), FileMode.Open)) stream.SetLength(file.Length + Weights);
        _bench.Files["model.onnx"] = file.Length + Weights;

        long allocated = GC.GetAllocatedBytesForCurrentThread(), read = BytesRead();
        Assert.Equal(1, _bench.Check().Tensors);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 200_000);
        Assert.InRange(BytesRead() - read, 1, 200_000);
    }

    private static byte[] Operator(string domain, string operation)
        => new OnnxBuilder().Graph(1, OnnxBuilder.NodeMessage(operation, ["x"], ["y"]).Text(7, domain)).ToArray();

    // A field's tag and length, without what it holds.
    private static byte[] Head(int field, long length)
    {
        List<byte> bytes = [(byte)((field << 3) | 2)];
        for (; length >= 0x80; length >>= 7) bytes.Add((byte)(length | 0x80));
        return [.. bytes, (byte)length];
    }

    private static long BytesRead()
        => long.Parse(File.ReadLines("/proc/thread-self/io").First(l => l.StartsWith("rchar:", StringComparison.Ordinal))["rchar:".Length..], System.Globalization.CultureInfo.InvariantCulture);
}

using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Tests.Models.Onnx;

/// <summary>Graphs made to harm: each is refused before the runtime sees it, with words that say what is wrong.</summary>
public sealed class OnnxHostileTests : IDisposable
{
    private static readonly Dictionary<string, (string Expected, Func<byte[]> Model)> s_cases = new(
        HostileGraphs.Versions.Concat(HostileGraphs.Operators).Concat(HostileGraphs.Functions).Concat(HostileTensors.External).Concat(HostileTensors.Values)
            .Concat(HostileTensors.Sparse).Concat(HostileGraphs.Sizes).Concat(HostileGraphs.Encodings).Select(c => KeyValuePair.Create(c.Name, (c.Expected, c.Model))));

    private readonly AdmissionBench _bench = new();

    public void Dispose() => _bench.Dispose();

    public static TheoryData<string> Names => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void It_is_refused(string name)
    {
        (string expected, Func<byte[]> model) = s_cases[name];
        byte[] bytes = model();
        _bench.With("weights.bin", new byte[64]);
        Assert.Contains(expected, _bench.Refusal(bytes));
        long before = GC.GetAllocatedBytesForCurrentThread();
        AdmissionBench.Refusal(() => _bench.Check());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 500_000 + (50 * bytes.Length));
    }

    [Fact]
    public void There_are_at_least_sixty_of_them() => Assert.InRange(s_cases.Count, 60, 1000);

    [Fact]
    public void The_fault_names_the_node_and_those_around_it()
    {
        ProtobufWriter inner = OnnxBuilder.NodeMessage("Evil", ["a"], ["b"]).Text(3, "deep\ndown").Text(7, "evil.corp");
        ProtobufWriter attribute = new ProtobufWriter().Text(1, "then_branch").Message(6, new ProtobufWriter().Message(1, inner));
        string operation = _bench.Refusal(new OnnxBuilder().Graph(1, OnnxBuilder.NodeMessage("If", ["c"], ["d"]).Text(3, "fork").Message(5, attribute)).ToArray());
        Assert.Contains(", node 'deep down' (Evil): the operator 'evil.corp.Evil'", operation);
        ProtobufWriter nameless = new ProtobufWriter().Text(1, "then_branch").Message(6, new ProtobufWriter().Message(5, OnnxBuilder.TensorMessage("", 1, [0])));
        Assert.Contains(", node 'fork' (If): an initialiser without a name", _bench.Refusal(new OnnxBuilder().Graph(1, OnnxBuilder.NodeMessage("If", ["c"], ["d"]).Text(3, "fork").Message(5, nameless)).ToArray()));
    }

    [Fact]
    public void A_link_in_place_of_the_graph_is_refused()
    {
        _bench.With("elsewhere.onnx", OnnxVectors.Everything);
        File.CreateSymbolicLink(_bench.At("model.onnx"), _bench.At("elsewhere.onnx"));
        _bench.Files["model.onnx"] = OnnxVectors.Everything.Length;
        Assert.Contains("model.onnx: it is a link", AdmissionBench.Refusal(() => _bench.Check()));
    }

    [Fact]
    public void A_link_in_place_of_weights_or_of_their_folder_is_refused()
    {
        byte[] model = new OnnxBuilder().External("w", "folder/w.bin", 0, 16, 4).ToArray();
        _bench.With("elsewhere/w.bin", new byte[16]).With("folder/w.bin", new byte[16]).Admit(model);
        File.Delete(_bench.At("folder/w.bin"));
        File.CreateSymbolicLink(_bench.At("folder/w.bin"), _bench.At("elsewhere/w.bin"));
        Assert.Contains("folder/w.bin: it is a link", AdmissionBench.Refusal(() => _bench.Check()));
        Directory.Delete(_bench.At("folder"), recursive: true);
        File.CreateSymbolicLink(_bench.At("folder"), _bench.At("elsewhere"));
        Assert.Contains("folder/w.bin: it is a link", AdmissionBench.Refusal(() => _bench.Check()));
    }

    [Fact]
    public void Files_that_are_not_as_long_as_they_were_signed_are_refused()
    {
        byte[] model = new OnnxBuilder().External("w", "w.bin", 0, 16, 4).ToArray();
        _bench.With("w.bin", new byte[16]).Admit(model);
        File.WriteAllBytes(_bench.At("w.bin"), new byte[15]);
        Assert.Contains("w.bin: it has 15 bytes, signed are 16", AdmissionBench.Refusal(() => _bench.Check()));
        File.WriteAllBytes(_bench.At("model.onnx"), [.. model, 0]);
        Assert.Contains("model.onnx: it has", AdmissionBench.Refusal(() => _bench.Check()));
        File.Delete(_bench.At("model.onnx"));
        Assert.Contains("model.onnx: it has 0 bytes", AdmissionBench.Refusal(() => _bench.Check()));
        _bench.Files.Remove("model.onnx");
        Assert.Contains("the release has no such file", AdmissionBench.Refusal(() => _bench.Check()));
    }

    [Fact]
    public void A_graph_of_more_than_two_gigabytes_is_refused()
    {
        _bench.With("model.onnx", OnnxVectors.Everything);
        using (FileStream stream = new(_bench.At("model.onnx"), FileMode.Open)) stream.SetLength(1L << 31);
        _bench.Files["model.onnx"] = 1L << 31;
        Assert.Contains("at most 2 GiB", AdmissionBench.Refusal(() => _bench.Check()));
    }

    [Fact]
    public void Counts_have_bounds_that_the_device_can_lower()
    {
        // Nine nodes of the graph, four of inner ones, four of functions.
        Assert.Contains("more than 16 nodes", _bench.Refusal(OnnxVectors.Everything, new OnnxDemands { Nodes = 16 }));
        Assert.Equal(16, _bench.Admit(OnnxVectors.Everything, new OnnxDemands { Nodes = 17 }).Nodes);
        Assert.Contains("more than 9 constant tensors", _bench.Refusal(OnnxVectors.Everything, new OnnxDemands { Tensors = 9 }));
    }
}

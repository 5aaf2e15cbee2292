using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;

namespace EdgeInfer.Tests.Inference;

public sealed class LoadFaultTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-load-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_truncated_model_is_called_one()
        => AssertFault(TestGraph.Conv(Write("cut.onnx", File.ReadAllBytes(TestGraph.PathOf("conv"))[..600])), FaultKind.Data, "not an ONNX model, or only the beginning");

    [Fact]
    public void A_web_page_is_no_model()
        => AssertFault(TestGraph.Conv(Write("page.onnx", "<!DOCTYPE html><html><body>404</body></html>"u8.ToArray())), FaultKind.Data, "not an ONNX model");

    [Fact]
    public void An_empty_file_is_no_model()
        => AssertFault(TestGraph.Conv(Write("empty.onnx", [])), FaultKind.Data, "not an ONNX model");

    [Fact]
    public void A_model_that_is_not_there_is_said_to_be_missing()
        => AssertFault(TestGraph.Conv(Path.Combine(_folder, "none.onnx")), FaultKind.NoInput, "no such model file");

    [Fact]
    public void An_opset_from_the_future_is_named_as_the_cause()
        => AssertFault(TestGraph.Four(TestGraph.PathOf("opset-99")), FaultKind.Data, "opset 99 is too new: ONNX Runtime 1.31.1 knows up to 2");

    [Fact]
    public void A_format_from_the_future_is_named_as_the_cause()
        => AssertFault(TestGraph.Four(TestGraph.PathOf("ir-99")), FaultKind.Data, "format is too new for ONNX Runtime 1.31.1: Unsupported model IR version: 99");

    [Fact]
    public void An_unknown_operator_is_named()
        => AssertFault(TestGraph.Four(TestGraph.PathOf("no-such-operator")), FaultKind.Data, "does not have: This is an invalid model. In Node, (\"\", Imagine");

    [Fact]
    public void Missing_external_weights_are_named()
        => AssertFault(TestGraph.Four(Write("external.onnx", File.ReadAllBytes(TestGraph.PathOf("external")))), FaultKind.Data, "External data path does not exist");

    [Fact]
    public void External_weights_beside_the_model_are_found_whatever_the_working_directory()
    {
        using ModelSession session = TestGraph.Runtime().Open(TestGraph.Four(TestGraph.PathOf("external")));
        using BoundRun run = session.Bind();
        run.Run();
        Assert.Equal([1f, 2f, 3f, 4f], run.Outputs[0].Elements<float>().ToArray());
    }

    [Fact]
    public void A_model_that_fails_on_its_first_run_is_refused_before_it_is_ready()
    {
        Model model = TestGraph.Make(TestGraph.PathOf("fails-running"), TestGraph.Picture(1, 1, 4), TestGraph.Output("y", EdgeInfer.Signals.ElementType.Float32, 1, 1, 1, 1));
        AssertFault(model, FaultKind.Data, "failed while running");
    }

    [Fact]
    public void A_model_that_asks_for_more_memory_than_there_is_says_so()
    {
        Model model = TestGraph.Make(TestGraph.PathOf("too-large"), TestGraph.Picture(1, 1, 4), TestGraph.Output("y", EdgeInfer.Signals.ElementType.Float32, 1, 1, 1, 1));
        AssertFault(model, FaultKind.Unavailable, "too little memory");
    }

    private static void AssertFault(Model model, FaultKind kind, string words)
    {
        FaultException refused = Assert.Throws<FaultException>(() => TestGraph.Runtime().Open(model));
        Fault fault = Assert.Single(refused.Faults);
        Assert.Equal(kind, fault.Kind);
        Assert.Contains(words, fault.What, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", fault.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(".cc:", fault.ToString(), StringComparison.Ordinal);
    }

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}

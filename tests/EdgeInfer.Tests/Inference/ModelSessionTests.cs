using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Inference;

public sealed class ModelSessionTests
{
    [Fact]
    public void A_run_gives_what_PyTorch_gives()
    {
        using ModelSession session = TestGraph.Runtime().Open(TestGraph.Conv());
        using BoundRun run = session.Bind();
        FillRamp(run.Input);

        run.Run();

        float[] expected = JsonSerializer.Deserialize<float[]>(File.ReadAllText(Path.Combine(TestGraph.Folder, "conv.json")))!;
        AssertClose(expected, run.Outputs[0].Elements<float>().ToArray());
    }

    [Fact]
    public void A_run_allocates_no_managed_memory()
    {
        using ModelSession session = TestGraph.Runtime().Open(TestGraph.Conv());
        using BoundRun run = session.Bind();
        for (int i = 0; i < 500; i++) run.Run();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++) run.Run();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Two_pipelines_on_one_session_keep_their_own_tensors()
    {
        using ModelSession session = TestGraph.Runtime().Open(TestGraph.OpenDimensions(2));
        using BoundRun first = session.Bind();
        using BoundRun second = session.Bind();
        first.Input.Elements<float>().Fill(1);
        second.Input.Elements<float>().Fill(10);

        first.Run();
        second.Run();

        Assert.Equal([4f, 4f, 4f], first.Outputs[0].Elements<float>().ToArray());
        Assert.Equal([40f, 40f, 40f], second.Outputs[0].Elements<float>().ToArray());
    }

    [Fact]
    public void Dimensions_that_the_graph_leaves_open_are_found_by_trying_and_cost_nothing_later()
    {
        using ModelSession session = TestGraph.Runtime().Open(TestGraph.OpenDimensions());
        using BoundRun run = session.Bind();
        run.Input.Elements<float>().Fill(0.5f);
        for (int i = 0; i < 500; i++) run.Run();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++) run.Run();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.False(run.HasOpenOutputs);
        Assert.Equal([1L, 3L], run.Outputs[0].Shape);
        Assert.Equal([128f, 128f, 128f], run.Outputs[0].Elements<float>().ToArray());
    }

    [Fact]
    public void An_output_as_long_as_the_picture_has_objects_is_copied_out_after_each_run()
    {
        using ModelSession session = TestGraph.Runtime().Open(TestGraph.InnerNms);
        using BoundRun run = session.Bind();
        Assert.True(run.HasOpenOutputs);

        // Boxes 0 and 1 overlap, 2 and 3 stand alone.
        new float[] { 0.5f, 0.9f, 0.7f, 0.1f }.CopyTo(run.Input.Elements<float>());
        run.Run();
        Assert.Equal([2L, 3L], run.Outputs[0].Shape);
        Assert.Equal([0L, 0L, 1L, 0L, 0L, 2L], run.Outputs[0].Elements<long>().ToArray());

        run.Input.Elements<float>().Clear();
        run.Run();
        Assert.Equal(0, run.Outputs[0].ElementCount);

        run.Input.Elements<float>().Fill(0.8f);
        run.Run();
        Assert.Equal([3L, 3L], run.Outputs[0].Shape);
    }

    [Fact]
    public void An_open_output_costs_less_than_a_kilobyte_a_run()
    {
        using ModelSession session = TestGraph.Runtime().Open(TestGraph.InnerNms);
        using BoundRun run = session.Bind();
        run.Input.Elements<float>().Fill(0.8f);
        for (int i = 0; i < 500; i++) run.Run();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) run.Run();

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 1, 1000);
    }

    [Fact]
    public void An_output_that_only_looked_fixed_is_found_out_and_copied_from_then_on()
    {
        using ModelSession session = TestGraph.Runtime().Open(TestGraph.LateSurprise);
        using BoundRun run = session.Bind();
        Assert.False(run.HasOpenOutputs);
        run.Run();
        Assert.Equal([4L, 4L], run.Outputs[0].Shape);

        new float[] { 1, 200, 3, 200 }.CopyTo(run.Input.Elements<float>());
        run.Run();
        Assert.True(run.HasOpenOutputs);
        Assert.Equal([4L, 2L], run.Outputs[0].Shape);
        Assert.Equal([0L, 2L], run.Outputs[0].Elements<long>()[6..].ToArray());

        run.Input.Elements<float>().Clear();
        run.Run();
        Assert.Equal([4L, 4L], run.Outputs[0].Shape);
    }

    [Fact]
    public void An_input_that_the_contract_does_not_know_is_fed_zeros()
    {
        using ModelSession session = TestGraph.Runtime().Open(TestGraph.Four(TestGraph.PathOf("two-inputs")));
        using BoundRun run = session.Bind();
        new float[] { 1, 2, 3, 4 }.CopyTo(run.Input.Elements<float>());

        run.Run();

        Assert.Equal([1f, 2f, 3f, 4f], run.Outputs[0].Elements<float>().ToArray());
        Assert.Equal(2, run.Inputs.Count);
    }

    [Fact]
    public void Bytes_and_halves_pass_unchanged()
    {
        using ModelSession bytes = TestGraph.Runtime().Open(TestGraph.Bytes);
        using BoundRun bytesRun = bytes.Bind();
        new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255 }.CopyTo(bytesRun.Input.Bytes);
        bytesRun.Run();
        Assert.Equal(new byte[] { 1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 255 }, bytesRun.Outputs[0].Bytes.ToArray());

        using ModelSession halves = TestGraph.Runtime().Open(TestGraph.Halves);
        using BoundRun halvesRun = halves.Bind();
        halvesRun.Input.Elements<Half>().Fill((Half)1.25f);
        halvesRun.Run();
        Assert.Equal((Half)2.5f, halvesRun.Outputs[0].Elements<Half>()[3]);
    }

    [Fact]
    public void The_session_outlives_its_owner_until_the_last_run_is_gone()
    {
        ModelSession session = TestGraph.Runtime().Open(TestGraph.Conv());
        BoundRun run = session.Bind();
        session.Dispose();

        Assert.True(run.Run() >= 0);

        run.Dispose();
        Assert.Throws<ObjectDisposedException>(() => run.Run());
    }

    [Fact]
    public void A_contract_that_does_not_fit_the_graph_is_one_fault_per_misfit()
    {
        Model model = TestGraph.Make(
            TestGraph.PathOf("conv"), TestGraph.Picture(3, 32, 16), TestGraph.Output("y", ElementType.Float32, 1, 8, 1, 1), TestGraph.Output("z", ElementType.Float32, 1));

        FaultException refused = Assert.Throws<FaultException>(() => TestGraph.Runtime().Open(model));

        Assert.Equal(2, refused.Faults.Count);
        Assert.Contains("input 'x' is [1, 3, 16, 16] in the graph and [1, 3, 32, 16] in the contract", refused.Message, StringComparison.Ordinal);
        Assert.Contains("no output 'z', only y", refused.Message, StringComparison.Ordinal);
    }

    private static void FillRamp(TensorBuffer tensor)
    {
        Span<float> values = tensor.Elements<float>();
        for (int i = 0; i < values.Length; i++) values[i] = i % 31 / 31f;
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-4f);
    }
}

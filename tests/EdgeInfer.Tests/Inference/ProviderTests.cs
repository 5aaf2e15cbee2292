using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Inference;

public sealed class ProviderTests
{
    [Fact]
    public void The_CPU_is_reported_with_the_nodes_it_runs()
    {
        using ModelSession session = TestGraph.Runtime().Open(TestGraph.Conv());

        Assert.Equal("cpu", session.Report.Used);
        Assert.True(session.Report.IsFirstChoice);
        ProviderNodes nodes = Assert.Single(session.Report.Nodes);
        // Convolution, activation and pooling; basic optimisation may fuse the first two.
        Assert.Equal("cpu", nodes.Provider);
        Assert.InRange(nodes.Nodes, 2, 3);
    }

    [Theory]
    [InlineData("cuda")]
    [InlineData("tensorrt")]
    [InlineData("xnnpack")]
    [InlineData("openvino")]
    [InlineData("qnn")]
    [InlineData("migraphx")]
    [InlineData("webgpu")]
    public void A_provider_that_this_build_lacks_is_passed_over_with_its_reason(string provider)
    {
        using ModelSession session = TestGraph.Runtime(provider, "cpu").Open(TestGraph.Conv());

        Assert.Equal("cpu", session.Report.Used);
        Assert.False(session.Report.IsFirstChoice);
        ProviderRefusal refusal = Assert.Single(session.Report.Refused);
        Assert.Equal(provider, refusal.Provider);
        Assert.Equal("not in this build of ONNX Runtime (1.31.1); set runtime.onnxruntime to a library that has it", refusal.Why);
    }

    [Fact]
    public void A_required_first_provider_that_is_absent_ends_it()
    {
        RuntimeOptions options = new() { Providers = ["cuda", "cpu"], IsFirstProviderRequired = true, CacheFolder = "" };
        InferenceRuntime runtime = new(options, TimeProvider.System, NullLogger.Instance);

        FaultException refused = Assert.Throws<FaultException>(() => runtime.Open(TestGraph.Conv()));

        Assert.Equal(FaultKind.Unavailable, refused.Fault.Kind);
        Assert.Contains("cuda: not in this build", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_of_which_nothing_is_there_names_every_reason()
    {
        FaultException refused = Assert.Throws<FaultException>(() => TestGraph.Runtime("tensorrt", "cuda").Open(TestGraph.Conv()));

        Assert.Contains("tensorrt: not in", refused.Message, StringComparison.Ordinal);
        Assert.Contains("cuda: not in", refused.Message, StringComparison.Ordinal);
        Assert.Contains("add cpu", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_provider_nobody_knows_is_refused_with_the_choices()
    {
        FaultException refused = Assert.Throws<FaultException>(() => TestGraph.Runtime("cudaa"));

        Assert.Equal(FaultKind.Configuration, refused.Fault.Kind);
        Assert.Contains("cpu, cuda, tensorrt", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_configuration_knows_the_same_providers()
        => Assert.Equal(ExecutionProviders.Names, RuntimeReader.Providers);
}

using EdgeInfer.Configuration;
using EdgeInfer.Inference;

namespace EdgeInfer.Tests.Inference;

/// <summary>The providers' own names are those of onnxruntime.ai/docs/execution-providers.</summary>
public sealed class ProviderSettingsTests
{
    private static readonly ProviderOptions s_all = new()
    {
        Device = 1,
        MemoryBytes = 2L << 30,
        IsHalf = true,
        IsInt8 = false,
        Own = new Dictionary<string, string> { ["key"] = "value" },
    };

    [Fact]
    public void CUDA_gets_device_and_memory_under_its_own_names()
        => Assert.Equal(["device_id=1", "gpu_mem_limit=2147483648", "key=value"], Of("cuda", s_all));

    [Fact]
    public void TensorRT_gets_precision_too()
        => Assert.Equal(["device_id=1", "key=value", "trt_fp16_enable=1", "trt_int8_enable=0", "trt_max_workspace_size=2147483648"], Of("tensorrt", s_all));

    [Fact]
    public void What_is_not_said_is_left_to_the_provider() => Assert.Empty(Of("tensorrt", new()));

    [Fact]
    public void A_provider_with_a_pool_of_its_own_gets_the_threads_unless_they_are_written()
    {
        Assert.Equal(["intra_op_num_threads=3"], Of("xnnpack", new()));
        Assert.Equal(["intra_op_num_threads=1"], Of("xnnpack", new() { Own = new Dictionary<string, string> { ["intra_op_num_threads"] = "1" } }));
    }

    [Theory]
    [InlineData("tensorrt", 1, "device", 1)]
    [InlineData("tensorrt", 1, "device_id", 1)]
    [InlineData("cuda", 2, "device", 2)]
    [InlineData("cuda", 2, "device_id", 2)]
    [InlineData("cuda", null, "device", 1)]
    [InlineData("cuda", null, "device_id", 1)]
    public void A_device_counts_by_either_name_and_CUDA_beside_TensorRT_is_on_its_device(string provider, int? cuda, string name, int device)
    {
        Dictionary<string, ProviderOptions> options = new() { ["tensorrt"] = On(1) };
        if (cuda is { } own) options["cuda"] = On(own);
        Assert.Equal(device, new ExecutionProviders(new() { Providers = ["tensorrt", "cuda", "cpu"], Options = options }, [], "1.31.1", 1).DeviceOf(provider));

        ProviderOptions On(int number) => name == "device" ? new() { Device = number } : new() { Own = new Dictionary<string, string> { [name] = $"{number}" } };
    }

    [Fact]
    public void CUDA_alone_is_on_the_first_device()
        => Assert.Equal(0, new ExecutionProviders(new() { Providers = ["cuda", "cpu"] }, [], "1.31.1", 1).DeviceOf("cuda"));

    private static string[] Of(string provider, ProviderOptions options)
        => [.. ProviderSettings.Of(provider, options, 3).Select(static s => $"{s.Key}={s.Value}").Order(StringComparer.Ordinal)];
}

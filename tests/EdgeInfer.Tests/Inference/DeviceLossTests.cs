using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;

namespace EdgeInfer.Tests.Inference;

/// <summary>The words are those that users of ONNX Runtime have reported, and the codes those of CUDA's own list (cudaError_t).</summary>
public sealed class DeviceLossTests
{
    [Theory]
    [InlineData("CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=press ; file=/ort/gpu_data_transfer.cc ; line=63 ; expr=cudaMemcpyAsync(dst)")]
    [InlineData("CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=press ; expr=cudaStreamSynchronize(stream)")]
    [InlineData("CUDA failure 999: unknown error ; GPU=0 ; hostname=press ; expr=cudaMalloc(&p, size)")]
    [InlineData("CUDA failure 214: uncorrectable ECC error encountered ; GPU=0")]
    [InlineData("HIP failure 719: unspecified launch failure ; GPU=0")]
    [InlineData("WebGPU device lost: the device was removed")]
    public void A_device_from_which_CUDA_has_no_way_back_is_lost(string said) => Assert.Equal(DeviceVerdict.Lost, DeviceLoss.Judge("cuda", said));

    [Theory]
    [InlineData("CUDA failure 2: out of memory ; GPU=0 ; hostname=press ; expr=cudaMalloc(&p, size)")]
    [InlineData("CUDA failure 1: invalid argument ; GPU=0")]
    [InlineData("CUDA failure 9: invalid configuration argument ; GPU=0")]
    [InlineData("Got invalid dimensions for input: x for the following indices index: 2 Got: 700 Expected: 719")]
    [InlineData("the model's node 'cuda_700' has no kernel")]
    public void A_models_own_fault_is_not_taken_for_a_lost_device(string said) => Assert.Equal(DeviceVerdict.Well, DeviceLoss.Judge("cuda", said));

    [Fact]
    public void On_the_CPU_there_is_no_device_to_lose() => Assert.Equal(DeviceVerdict.Well, DeviceLoss.Judge("cpu", "CUDA failure 700: an illegal memory access was encountered"));

    [Theory]
    [InlineData(700, true)]
    [InlineData(0, false)]
    [InlineData(2, false)]
    [InlineData(null, false)]
    public void What_TensorRT_leaves_open_the_driver_decides(int? contextError, bool isLost)
    {
        DeviceWatch watch = new(device => device == 1 ? contextError : 0);
        watch.Failed("tensorrt", 1, "parts", "TensorRT EP execution context enqueue failed");
        Assert.Equal(isLost, watch.IsLost);
        Assert.Equal(isLost, watch.Lost.IsCompleted);
    }

    [Fact]
    public async Task Of_a_clear_loss_the_driver_is_not_asked()
    {
        DeviceWatch watch = new(static _ => throw new InvalidOperationException("the driver hangs"));
        watch.Failed("cuda", 0, "parts", "CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=press ; expr=x");
        Fault lost = await watch.Lost;
        Assert.Equal("parts: cuda's device is lost to this process: CUDA failure 700: an illegal memory access was encountered ; GPU=0", lost.ToString().Split("; the agent")[0]);
        Assert.Equal(70, (int)lost.Kind);
    }
}

using System.Globalization;

namespace EdgeInfer.Diagnosis.Gpu;

/// <summary>What NVIDIA's driver means by the numbers that its start fails with (CUresult of cuda.h).</summary>
internal static class CudaErrors
{
    private const string Reload = "sudo modprobe -r nvidia_uvm && sudo modprobe nvidia_uvm, or restart; sudo dmesg | grep -i -e nvrm -e xid says more";

    private static readonly (int Code, string What, string Cure)[] s_known =
    [
        (2, "the GPU has no memory left", "see which process holds it with nvidia-smi, and stop that"),
        (3, "the driver cannot start", "restart the machine; sudo dmesg | grep -i nvrm says more"),
        (34, "this libcuda.so.1 is the empty one that programs are built against", "take the stubs folder out of LD_LIBRARY_PATH and /etc/ld.so.conf.d, and install the driver"),
        (35, "the driver is older than the CUDA that was asked for", "install a newer NVIDIA driver"),
        (100, "it finds no GPU", "check that the card is seen (lspci | grep -i nvidia) and handed on to this container or machine, and that CUDA_VISIBLE_DEVICES is not set to none"),
        (101, "CUDA_VISIBLE_DEVICES names a GPU that is not there", "unset CUDA_VISIBLE_DEVICES"),
        (304, "the system refuses it a resource", "check the rights of /dev/nvidia* and, under the service, that edgeinfer-gpu.conf is in place"),
        (802, "the GPU is not ready", "start nvidia-fabricmanager, or wait until the card has started"),
        (803, "the driver's library and its kernel module are of different versions", "restart the machine: the driver was updated while the old one was at work"),
        (804, "libcuda.so.1 of a forward-compatibility package does not serve this GPU", "remove cuda-compat, or take its folder out of LD_LIBRARY_PATH"),
        (999, "an error that it does not know", Reload),
    ];

    /// <summary>A number in words.</summary>
    public static (string What, string Cure) Of(int code)
    {
        foreach ((int known, string what, string cure) in s_known)
            if (known == code) return (string.Create(CultureInfo.InvariantCulture, $"{what} (CUDA error {code})"), cure);
        return (string.Create(CultureInfo.InvariantCulture, $"CUDA error {code}"), Reload);
    }
}

using System.Globalization;
using System.Text.RegularExpressions;

namespace EdgeInfer.Inference;

/// <summary>What a failed run says of its device: whether every later one will fail too until the process begins anew.</summary>
internal enum DeviceVerdict
{
    /// <summary>The run failed, the device is well.</summary>
    Well,

    /// <summary>It may be the device; its driver has to be asked.</summary>
    Doubtful,

    /// <summary>The device is lost to this process.</summary>
    Lost,
}

/// <summary>
/// Tells a lost GPU from a model's own fault by the words of the error. CUDA has no way back from some errors: the context of the process is
/// gone, every call returns the same error, and only another process gets another context.
/// </summary>
internal static partial class DeviceLoss
{
    // cudaError_t, driver_types.h: those after which "the process must be terminated and relaunched", and errors of the device itself:
    // devices unavailable, ECC and NVLink uncorrectable, illegal address, launch timeout, context destroyed, assert, hardware stack, illegal
    // instruction, misaligned address, invalid address space and program counter, launch failure, unknown.
    private static readonly int[] s_final = [46, 214, 220, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 999];

    // The same by name, as HIP and the CUDA libraries write them.
    private static readonly string[] s_finalNames =
    [
        "cudaErrorIllegalAddress", "cudaErrorLaunchFailure", "cudaErrorLaunchTimeout", "cudaErrorECCUncorrectable", "cudaErrorUnknown",
        "hipErrorIllegalAddress", "hipErrorLaunchFailure", "hipErrorLaunchTimeOut", "hipErrorECCNotCorrectable",
        "illegal memory access was encountered", "unspecified launch failure", "device lost", "device is lost", "device was lost", "GPU has fallen off the bus",
    ];

    // ONNX Runtime says no more of a TensorRT run that fails; cuDNN and cuBLAS fail so after a CUDA error, and by themselves too.
    private static readonly string[] s_doubtful =
    [
        "execution context enqueue failed", "CUDNN_STATUS_EXECUTION_FAILED", "CUDNN_STATUS_INTERNAL_ERROR", "CUBLAS_STATUS_EXECUTION_FAILED", "CUBLAS_STATUS_INTERNAL_ERROR",
        "CUDA failure", "CUDA error",
    ];

    /// <summary>Judges the words of a failed run.</summary>
    /// <param name="provider">What ran the model; on the CPU there is no device to lose.</param>
    /// <param name="said">ONNX Runtime's words.</param>
    public static DeviceVerdict Judge(string provider, string said)
    {
        if (provider == ExecutionProviders.Cpu) return DeviceVerdict.Well;
        if (Code().Match(said) is { Success: true } code)
            return IsFinal(int.Parse(code.Groups["code"].Value, CultureInfo.InvariantCulture)) ? DeviceVerdict.Lost : DeviceVerdict.Well;
        if (Array.Exists(s_finalNames, name => said.Contains(name, StringComparison.OrdinalIgnoreCase))) return DeviceVerdict.Lost;
        return Array.Exists(s_doubtful, words => said.Contains(words, StringComparison.OrdinalIgnoreCase)) ? DeviceVerdict.Doubtful : DeviceVerdict.Well;
    }

    /// <summary>Whether an error of CUDA's is one that the process does not recover from.</summary>
    public static bool IsFinal(int code) => Array.IndexOf(s_final, code) >= 0;

    // "CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=…"; HIP and MUSA builds write their name in its place.
    [GeneratedRegex(@"\b(CUDA|HIP) failure (?<code>\d{1,6})\b", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Code();
}

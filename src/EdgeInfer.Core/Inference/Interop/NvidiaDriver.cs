using System.Runtime.InteropServices;

namespace EdgeInfer.Inference.Interop;

/// <summary>
/// What NVIDIA's own libraries say of the device's GPU: libcuda and libnvinfer, opened where they are and left alone where they are not.
/// Neither can be let go of again, and neither is asked for before a configuration names one of NVIDIA's providers.
/// </summary>
internal static unsafe class NvidiaDriver
{
    // cuda.h: CUdevice_attribute
    private const int ComputeMajor = 75;
    private const int ComputeMinor = 76;
    private const int NameBytes = 256;

    // The newest first, as the loader would have it for whoever links without a number.
    private static readonly string[] s_tensorRt = ["libnvinfer.so.11", "libnvinfer.so.10", "libnvinfer.so.9", "libnvinfer.so.8", "libnvinfer.so"];

    /// <summary>The GPU of a number.</summary>
    /// <param name="device">As CUDA counts them, from 0.</param>
    /// <param name="gpu">Its name and compute capability.</param>
    /// <returns>Why nothing is known; null where it is.</returns>
    public static string? Identify(int device, out GpuIdentity gpu)
    {
        gpu = new("", "");
        if (Open(out nint cuda) is { } absent) return absent;
        int handle;
        if (Failed(((delegate* unmanaged<int*, int, int>)Export(cuda, "cuDeviceGet"))(&handle, device)) is { } no) return $"there is no GPU {device}: {no}";
        byte* name = stackalloc byte[NameBytes];
        name[0] = 0;
        int major = 0, minor = 0;
        delegate* unmanaged<int*, int, int, int> attribute = (delegate* unmanaged<int*, int, int, int>)Export(cuda, "cuDeviceGetAttribute");
        string? why = Failed(((delegate* unmanaged<byte*, int, int, int>)Export(cuda, "cuDeviceGetName"))(name, NameBytes, handle))
            ?? Failed(attribute(&major, ComputeMajor, handle)) ?? Failed(attribute(&minor, ComputeMinor, handle));
        if (why is not null) return $"GPU {device} does not say what it is: {why}";
        gpu = new(Marshal.PtrToStringUTF8((nint)name) ?? "", FormattableString.Invariant($"{major}.{minor}"));
        return null;
    }

    /// <summary>TensorRT's version as it counts it, such as 100300 for 10.3.0; 0 where the library is not there.</summary>
    public static int TensorRtVersion()
    {
        foreach (string library in s_tensorRt)
        {
            if (NativeLibrary.TryLoad(library, out nint handle) && NativeLibrary.TryGetExport(handle, "getInferLibVersion", out nint version))
                return ((delegate* unmanaged<int>)version)();
        }

        return 0;
    }

    /// <summary>
    /// What is wrong with this process's context on a GPU: an error that every later call meets too shows here. 0 where nothing is; null where
    /// the driver cannot be asked.
    /// </summary>
    public static int? ContextError(int device)
    {
        try
        {
            return Open(out nint cuda) is null ? ContextError(cuda, device) : null;
        }
        catch (EntryPointNotFoundException)
        {
            // Before CUDA 11 the last of them has another name.
            return null;
        }
    }

    private static int ContextError(nint cuda, int device)
    {
        int handle;
        nint context = 0;
        int error = ((delegate* unmanaged<int*, int, int>)Export(cuda, "cuDeviceGet"))(&handle, device);
        if (error == 0) error = ((delegate* unmanaged<nint*, int, int>)Export(cuda, "cuDevicePrimaryCtxRetain"))(&context, handle);
        if (error != 0) return error;
        error = ((delegate* unmanaged<nint, int>)Export(cuda, "cuCtxPushCurrent_v2"))(context);
        if (error == 0)
        {
            error = ((delegate* unmanaged<int>)Export(cuda, "cuCtxSynchronize"))();
            nint popped;
            _ = ((delegate* unmanaged<nint*, int>)Export(cuda, "cuCtxPopCurrent_v2"))(&popped);
        }

        _ = ((delegate* unmanaged<int, int>)Export(cuda, "cuDevicePrimaryCtxRelease_v2"))(handle);
        return error;
    }

    private static string? Open(out nint cuda)
    {
        if (!NativeLibrary.TryLoad("libcuda.so.1", out cuda)) return "the driver's libcuda.so.1 is not there";
        return Failed(((delegate* unmanaged<uint, int>)Export(cuda, "cuInit"))(0)) is { } why ? $"the driver does not start: {why}" : null;
    }

    private static string? Failed(int error) => error == 0 ? null : FormattableString.Invariant($"error {error} of the CUDA driver");

    private static void* Export(nint library, string name) => (void*)NativeLibrary.GetExport(library, name);
}

/// <summary>A GPU as far as compiled code depends on it.</summary>
/// <param name="Name">Such as <c>Orin</c> or <c>NVIDIA L4</c>.</param>
/// <param name="ComputeCapability">Such as <c>8.7</c>.</param>
internal sealed record GpuIdentity(string Name, string ComputeCapability);

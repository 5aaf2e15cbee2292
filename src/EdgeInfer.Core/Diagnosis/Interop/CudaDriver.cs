using System.Globalization;
using System.Runtime.InteropServices;

namespace EdgeInfer.Diagnosis.Interop;

/// <summary>A GPU as NVIDIA's driver names it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Capability">Compute capability: <c>8.7</c>.</param>
/// <param name="MemoryBytes">Memory.</param>
internal sealed record CudaDevice(string Name, string Capability, long MemoryBytes);

/// <summary>What NVIDIA's driver library says of itself.</summary>
/// <param name="Error">CUresult of the first call that failed; 0 for none.</param>
/// <param name="Version">The newest CUDA that it serves: <c>13.0</c>; null where it does not say.</param>
/// <param name="Devices">Its GPUs.</param>
internal sealed record CudaAnswer(int Error, string? Version, IReadOnlyList<CudaDevice> Devices);

/// <summary><c>cuda.h</c>: asks the driver library what there is. It starts the driver, and a broken one may end this process.</summary>
internal static unsafe class CudaDriver
{
    private const int NameBytes = 256;
    private const int MostDevices = 16;
    private const int CapabilityMajor = 75;
    private const int CapabilityMinor = 76;

    /// <summary>Loads the library and asks it.</summary>
    /// <param name="path">Of libcuda.so.1.</param>
    /// <exception cref="DllNotFoundException">It cannot be loaded.</exception>
    /// <exception cref="EntryPointNotFoundException">It is no such library.</exception>
    public static CudaAnswer Ask(string path)
    {
        nint library = NativeLibrary.Load(path);
        int version;
        string? newest = ((delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "cuDriverGetVersion"))(&version) == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{version / 1000}.{version % 1000 / 10}") : null;
        int error = ((delegate* unmanaged<uint, int>)NativeLibrary.GetExport(library, "cuInit"))(0);
        if (error != 0) return new(error, newest, []);
        int count;
        error = ((delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "cuDeviceGetCount"))(&count);
        if (error != 0) return new(error, newest, []);
        List<CudaDevice> devices = [];
        for (int i = 0; i < Math.Min(count, MostDevices); i++) devices.Add(Describe(library, i));
        return new(0, newest, devices);
    }

    private static CudaDevice Describe(nint library, int device)
    {
        byte* name = stackalloc byte[NameBytes];
        new Span<byte>(name, NameBytes).Clear();
        nuint bytes = 0;
        int major = 0, minor = 0;
        var attribute = (delegate* unmanaged<int*, int, int, int>)NativeLibrary.GetExport(library, "cuDeviceGetAttribute");
        _ = ((delegate* unmanaged<byte*, int, int, int>)NativeLibrary.GetExport(library, "cuDeviceGetName"))(name, NameBytes - 1, device);
        _ = ((delegate* unmanaged<nuint*, int, int>)NativeLibrary.GetExport(library, "cuDeviceTotalMem_v2"))(&bytes, device);
        _ = attribute(&major, CapabilityMajor, device);
        _ = attribute(&minor, CapabilityMinor, device);
        return new(Marshal.PtrToStringUTF8((nint)name) ?? "", string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}"), (long)bytes);
    }
}

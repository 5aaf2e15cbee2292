using System.Reflection;
using System.Runtime.InteropServices;

namespace EdgeInfer.Preprocessing.Interop;

/// <summary>
/// Finds native libraries by the names they have on a device, where the unversioned name of the development package is missing.
/// A published program has them linked in and asks for none of this.
/// </summary>
internal static class NativeLibraries
{
    private static int s_isRegistered;

    /// <summary>Registers the search once for the process: a runtime takes one resolver an assembly, so the state is static.</summary>
    public static void Register()
    {
        if (Interlocked.Exchange(ref s_isRegistered, 1) == 0) NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != "turbojpeg") return 0;
        return NativeLibrary.TryLoad("libturbojpeg.so.0", assembly, path, out nint handle)
            || NativeLibrary.TryLoad("libturbojpeg.so", assembly, path, out handle) ? handle : 0;
    }
}

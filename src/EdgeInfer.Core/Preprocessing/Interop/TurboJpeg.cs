using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Preprocessing.Interop;

/// <summary>The part of turbojpeg.h (TurboJPEG API 2.x) that is used here.</summary>
internal static unsafe partial class TurboJpeg
{
    /// <summary>Three bytes a pixel, red first.</summary>
    public const int PixelRgb = 0;

    /// <summary>Four bytes a pixel, red first, the fourth undefined.</summary>
    public const int PixelRgbx = 2;

    /// <summary>One byte a pixel.</summary>
    public const int PixelGray = 6;

    /// <summary>Four bytes a pixel as stored.</summary>
    public const int PixelCmyk = 11;

    /// <summary>The less exact DCT.</summary>
    public const int FlagFastDct = 2048;

    /// <summary>Refuses progressive pictures of more than 500 scans.</summary>
    public const int FlagLimitScans = 32768;

    /// <summary>The last call gave a picture and a complaint.</summary>
    public const int ErrorWarning = 0;

    private const string Library = "turbojpeg";

    /// <summary>Makes a decoder; 0 when out of memory.</summary>
    [LibraryImport(Library, EntryPoint = "tjInitDecompress")]
    internal static partial TurboJpegHandle InitDecompress();

    /// <summary>Decodes to packed pixels at the largest scale that fits <paramref name="width"/>×<paramref name="height"/>.</summary>
    /// <returns>0, or −1 with <see cref="ErrorCode"/>.</returns>
    [LibraryImport(Library, EntryPoint = "tjDecompress2")]
    internal static partial int Decompress(
        TurboJpegHandle handle, byte* jpeg, nuint length, byte* pixels, int width, int pitch, int height, int pixelFormat, int flags);

    /// <summary>Decodes to planes of luma and chroma, without conversion.</summary>
    /// <returns>0, or −1 with <see cref="ErrorCode"/>.</returns>
    [LibraryImport(Library, EntryPoint = "tjDecompressToYUVPlanes")]
    internal static partial int DecompressToPlanes(
        TurboJpegHandle handle, byte* jpeg, nuint length, byte** planes, int width, int* strides, int height, int flags);

    /// <summary>The last message of a decoder, its own memory.</summary>
    [LibraryImport(Library, EntryPoint = "tjGetErrorStr2")]
    internal static partial byte* ErrorText(TurboJpegHandle handle);

    /// <summary>0 where the last call only warned, 1 where it failed.</summary>
    [LibraryImport(Library, EntryPoint = "tjGetErrorCode")]
    internal static partial int ErrorCode(TurboJpegHandle handle);

    [LibraryImport(Library, EntryPoint = "tjDestroy")]
    internal static partial int Destroy(nint handle);
}

/// <summary>Owns one decoder.</summary>
internal sealed class TurboJpegHandle() : SafeHandleZeroOrMinusOneIsInvalid(true)
{
    /// <inheritdoc/>
    protected override bool ReleaseHandle() => TurboJpeg.Destroy(handle) == 0;
}

using System.Runtime.InteropServices;
using EdgeInfer.Preprocessing.Interop;

namespace EdgeInfer.Preprocessing;

/// <summary>JPEG by libjpeg-turbo.</summary>
internal sealed unsafe class TurboJpegDecoder : IDisposable
{
    private readonly TurboJpegHandle _handle;

    private TurboJpegDecoder(TurboJpegHandle handle) => _handle = handle;

    /// <summary>What the library said of the last picture.</summary>
    public string LastMessage => Marshal.PtrToStringUTF8((nint)TurboJpeg.ErrorText(_handle)) ?? "";

    /// <summary>Makes a decoder; null where the library is not installed.</summary>
    public static TurboJpegDecoder? TryCreate()
    {
        NativeLibraries.Register();
        try
        {
            TurboJpegHandle handle = TurboJpeg.InitDecompress();
            if (!handle.IsInvalid) return new TurboJpegDecoder(handle);
            handle.Dispose();
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Decodes into packed pixels.</summary>
    /// <param name="data">The file.</param>
    /// <param name="pixels">Room for <paramref name="height"/> rows of <paramref name="pitch"/> bytes.</param>
    /// <param name="width">Full width, or that of a smaller scale.</param>
    /// <param name="pitch">Bytes between rows.</param>
    /// <param name="height">Height of the same scale.</param>
    /// <param name="format">A pixel format of <see cref="TurboJpeg"/>.</param>
    /// <param name="flags">Flags of <see cref="TurboJpeg"/>.</param>
    /// <param name="hasRestarts"><see cref="PictureHead.HasRestarts"/>.</param>
    public DecodeOutcome Decode(ReadOnlySpan<byte> data, byte* pixels, int width, int pitch, int height, int format, int flags, bool hasRestarts)
    {
        fixed (byte* jpeg = data)
        {
            int result = TurboJpeg.Decompress(
                _handle, jpeg, (nuint)data.Length, pixels, width, pitch, height, format, flags | TurboJpeg.FlagLimitScans);
            return result == 0 ? DecodeOutcome.Ok : Failure(hasRestarts);
        }
    }

    /// <summary>Decodes into the planes of a view, without chroma interpolation and colour conversion.</summary>
    public DecodeOutcome DecodePlanes(ReadOnlySpan<byte> data, in PictureView view, bool hasRestarts)
    {
        byte** planes = stackalloc byte*[3] { view.Plane0, view.Plane1, view.Plane2 };
        int* strides = stackalloc int[3] { view.Stride0, view.Stride1, view.Stride1 };
        fixed (byte* jpeg = data)
        {
            int result = TurboJpeg.DecompressToPlanes(
                _handle, jpeg, (nuint)data.Length, planes, view.Width, strides, view.Height, TurboJpeg.FlagLimitScans);
            return result == 0 ? DecodeOutcome.Ok : Failure(hasRestarts);
        }
    }

    /// <summary>Frees the decoder.</summary>
    public void Dispose() => _handle.Dispose();

    /// <summary>
    /// Sorts a complaint; the library words only the first of a picture. Stray bytes between segments are common in cameras and harmless;
    /// a picture that ends early or whose entropy-coded data are broken has grey or shifted parts, which a model would take for the scene.
    /// Stray bytes before a restart marker are such: a damaged interval that decoded to its end before its bytes ended. Where there are no
    /// intervals they are a segment in the header that is longer than it says, with the two bytes of such a marker in it.
    /// </summary>
    private DecodeOutcome Failure(bool hasRestarts)
    {
        ReadOnlySpan<byte> text = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(TurboJpeg.ErrorText(_handle));
        if (text.IndexOf("remature end"u8) >= 0) return DecodeOutcome.Truncated;
        if (TurboJpeg.ErrorCode(_handle) == TurboJpeg.ErrorWarning)
            return text.IndexOf("extraneous bytes"u8) >= 0 && !(hasRestarts && IsBeforeRestart(text)) ? DecodeOutcome.Ok : DecodeOutcome.Corrupt;
        return text.IndexOf("nsupported"u8) >= 0 ? DecodeOutcome.Unsupported : DecodeOutcome.Corrupt;
    }

    /// <summary>Whether the complaint names one of the markers RST0 to RST7: <c>… before marker 0xd3</c>.</summary>
    private static bool IsBeforeRestart(ReadOnlySpan<byte> text)
    {
        int at = text.IndexOf("marker 0xd"u8);
        return at >= 0 && at + 10 < text.Length && text[at + 10] is >= (byte)'0' and <= (byte)'7';
    }
}

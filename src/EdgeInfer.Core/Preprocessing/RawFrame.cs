using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>Frames that a camera or a child process gives as pixels.</summary>
internal static unsafe class RawFrame
{
    /// <summary>Checks that the bytes hold a whole picture of the size stated.</summary>
    public static DecodeOutcome ReadHead(in FrameInfo info, ReadOnlySpan<byte> data, out PictureHead head)
    {
        head = new PictureHead { Format = info.Format, Width = info.WidthPixels, Height = info.HeightPixels, Orientation = 1 };
        if (info.Format is PixelFormat.None || info.Format > PixelFormat.I420) return DecodeOutcome.Unsupported;
        if (head.Width <= 0 || head.Height <= 0) return DecodeOutcome.Corrupt;
        int stride = Stride(info);
        if (stride < RowBytes(info.Format, head.Width)) return DecodeOutcome.Corrupt;
        return data.Length < Length(info, stride) ? DecodeOutcome.Truncated : DecodeOutcome.Ok;
    }

    /// <summary>Makes a view on the frame's own bytes.</summary>
    public static DecodeOutcome Read(in FrameInfo info, ReadOnlySpan<byte> data, in PictureHead head, out PictureView view)
    {
        // A frame's memory is its source's and stays in place until the lease is returned, which is after the tensor is filled.
        byte* pixels = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(data));
        int stride = Stride(info);
        view = new PictureView { Format = info.Format, Width = head.Width, Height = head.Height, Plane0 = pixels, Stride0 = stride };
        if (info.Format == PixelFormat.Nv12)
        {
            view.Plane1 = pixels + (long)stride * head.Height;
            view.Stride1 = stride;
        }
        else if (info.Format == PixelFormat.I420)
        {
            view.Stride1 = (stride + 1) / 2;
            view.Plane1 = pixels + (long)stride * head.Height;
            view.Plane2 = view.Plane1 + (long)view.Stride1 * ((head.Height + 1) / 2);
        }

        return DecodeOutcome.Ok;
    }

    private static int Stride(in FrameInfo info) => info.StrideBytes > 0 ? info.StrideBytes : RowBytes(info.Format, info.WidthPixels);

    /// <summary>Bytes of one row of the first plane; an odd width rounds up to whole chroma pairs where these are interleaved.</summary>
    private static int RowBytes(PixelFormat format, int width) => format switch
    {
        PixelFormat.Rgb24 or PixelFormat.Bgr24 => checked(width * 3),
        PixelFormat.Yuyv => checked((width + 1) / 2 * 4),
        PixelFormat.Nv12 => (width + 1) / 2 * 2,
        _ => width,
    };

    /// <summary>Bytes of a whole picture; the last row may lack the gap behind it.</summary>
    private static long Length(in FrameInfo info, int stride)
    {
        long luma = (long)stride * info.HeightPixels;
        int chromaRows = (info.HeightPixels + 1) / 2;
        return info.Format switch
        {
            PixelFormat.Nv12 => luma + (long)stride * (chromaRows - 1) + (info.WidthPixels + 1) / 2 * 2,
            PixelFormat.I420 => luma + 2L * ((stride + 1) / 2) * chromaRows - ((stride + 1) / 2 - (info.WidthPixels + 1) / 2),
            _ => luma - stride + RowBytes(info.Format, info.WidthPixels),
        };
    }
}

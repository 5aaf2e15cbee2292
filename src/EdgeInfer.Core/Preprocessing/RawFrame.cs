using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EdgeInfer.Signals;

namespace EdgeInfer.Preprocessing;

/// <summary>Frames that a camera or a child process gives as pixels.</summary>
internal static unsafe class RawFrame
{
    /// <summary>Takes the size from the frame's facts.</summary>
    public static DecodeOutcome ReadHead(in FrameInfo info, out PictureHead head)
    {
        head = new PictureHead { Format = info.Format, Width = info.WidthPixels, Height = info.HeightPixels, Orientation = 1 };
        if (info.Format is PixelFormat.None || info.Format > PixelFormat.I420) return DecodeOutcome.Unsupported;
        if (head.Width <= 0 || head.Height <= 0) return DecodeOutcome.Corrupt;
        return Stride(info) < RowBytes(info.Format, head.Width) ? DecodeOutcome.Corrupt : DecodeOutcome.Ok;
    }

    /// <summary>Makes a view on the frame's own bytes, if they are a whole picture.</summary>
    public static DecodeOutcome Read(in FrameInfo info, ReadOnlySpan<byte> data, in PictureHead head, out PictureView view)
    {
        view = default;
        int stride = Stride(info);
        if (data.Length < Length(info, stride)) return DecodeOutcome.Truncated;

        // A frame's memory is its source's and stays in place until the lease is returned, which is after the tensor is filled.
        byte* pixels = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(data));
        view = new PictureView { Layout = Layout(info.Format), Width = head.Width, Height = head.Height, Divisor = 1, Colour = info.Colour, Plane0 = pixels, Stride0 = stride };
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

    private static PictureLayout Layout(PixelFormat format) => format switch
    {
        PixelFormat.Rgb24 => PictureLayout.Rgb24,
        PixelFormat.Bgr24 => PictureLayout.Bgr24,
        PixelFormat.Gray8 => PictureLayout.Gray8,
        PixelFormat.Yuyv => PictureLayout.Yuyv,
        PixelFormat.Nv12 => PictureLayout.Nv12,
        _ => PictureLayout.I420,
    };

    private static int Stride(in FrameInfo info) => info.StrideBytes > 0 ? info.StrideBytes : RowBytes(info.Format, info.WidthPixels);

    /// <summary>Bytes of one row of the first plane; an odd width rounds up to whole chroma pairs where these are interleaved.</summary>
    private static int RowBytes(PixelFormat format, int width) => format switch
    {
        PixelFormat.Rgb24 or PixelFormat.Bgr24 => (int)Math.Min(width * 3L, int.MaxValue),
        PixelFormat.Yuyv => (int)Math.Min((width + 1L) / 2 * 4, int.MaxValue),
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

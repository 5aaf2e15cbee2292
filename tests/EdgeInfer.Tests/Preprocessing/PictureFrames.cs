using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Tests.Preprocessing;

/// <summary>Makes frames, pictures and inputs for the tests of this folder.</summary>
internal static class PictureFrames
{
    /// <summary>A frame with these bytes, from a pool of its own that lives as long as the test.</summary>
    public static FrameLease Lease(ReadOnlySpan<byte> data, PixelFormat format, int width = 0, int height = 0, int stride = 0, YuvColour colour = default)
    {
        FramePool pool = new(1, 1 << 30);
        Frame frame = pool.Rent()!;
        data.CopyTo(pool.Memory(frame, data.Length));
        frame.Info = new FrameInfo { Format = format, WidthPixels = width, HeightPixels = height, StrideBytes = stride, Colour = colour };
        return pool.Publish(frame, data.Length);
    }

    /// <summary>Pixels with gradients, edges and noise, the same for the same seed.</summary>
    public static byte[] Pixels(int width, int height, int channels, int seed)
    {
        Random random = new(seed);
        byte[] pixels = new byte[width * height * channels];
        int cell = random.Next(1, 12);
        int at = 0;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                for (int c = 0; c < channels; c++)
                {
                    int level = ((x / cell) + (y / cell) + c) % 3 * 100 + (x * 7 + y * 3) % 40;
                    pixels[at++] = (byte)Math.Clamp(level + random.Next(-60, 60), 0, 255);
                }

        return pixels;
    }

    /// <summary>A colour input that keeps grey levels as they are.</summary>
    public static PictureInput Input(int width, int height, ResizeMode resize = ResizeMode.Stretch, ResizeKernel kernel = ResizeKernel.Bilinear) => new()
    {
        Name = "images",
        Type = ElementType.UInt8,
        Layout = TensorLayout.Nhwc,
        Width = width,
        Height = height,
        Color = ChannelOrder.Rgb,
        Resize = resize,
        Kernel = kernel,
    };

    /// <summary>A path with default limits.</summary>
    public static PicturePath Path(PictureInput input) => new(input);

    /// <summary>Runs one frame through a preprocessor of its own.</summary>
    public static DecodeOutcome Run(PictureInput input, FrameLease frame, out byte[] tensor, out PictureGeometry geometry)
    {
        using PicturePath path = Path(input);
        tensor = new byte[input.Shape.Aggregate(1L, (a, b) => a * b) * TensorBuffer.SizeOf(input.Type)];
        StageTimes times = default;
        return path.Process(frame, tensor, out geometry, ref times);
    }

    /// <summary>The largest difference of two pictures in grey levels.</summary>
    public static int Difference(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        Assert.Equal(a.Length, b.Length);
        int most = 0;
        for (int i = 0; i < a.Length; i++) most = Math.Max(most, Math.Abs(a[i] - b[i]));
        return most;
    }
}

using EdgeInfer.Configuration;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Benchmarks;

/// <summary>
/// One line with a digest for every kernel, format, type and layout: <c>digest [JPEG…]</c>. Run on two machines, the lines
/// must be equal: x64, arm64 and plain code take different paths to the same tensor.
/// </summary>
internal static class PreprocessDigest
{
    /// <summary>Runs it.</summary>
    public static int Run(string[] files)
    {
        foreach (ResizeKernel kernel in Enum.GetValues<ResizeKernel>())
        {
            foreach (PixelFormat format in (PixelFormat[])[PixelFormat.Rgb24, PixelFormat.Bgr24, PixelFormat.Gray8, PixelFormat.Yuyv, PixelFormat.Nv12, PixelFormat.I420])
                Print(kernel, format.ToString(), Raw(format));
            foreach (string file in files) Print(kernel, Path.GetFileName(file), Lease(File.ReadAllBytes(file), PixelFormat.Jpeg, 0, 0));
        }

        return 0;
    }

    private static void Print(ResizeKernel kernel, string name, FrameLease frame)
    {
        Console.Write($"{kernel} {name}");
        foreach (ElementType type in (ElementType[])[ElementType.Float32, ElementType.Float16, ElementType.UInt8, ElementType.Int8])
            foreach (TensorLayout layout in Enum.GetValues<TensorLayout>()) Console.Write($" {Digest(kernel, type, layout, frame):x8}");
        Console.WriteLine();
    }

    private static uint Digest(ResizeKernel kernel, ElementType type, TensorLayout layout, FrameLease frame)
    {
        PictureInput input = new()
        {
            Name = "images",
            Type = type,
            Layout = layout,
            Width = 75,
            Height = 61,
            Color = ChannelOrder.Bgr,
            Resize = ResizeMode.Letterbox,
            Kernel = kernel,
            Scale = type == ElementType.UInt8 ? 1 : 1 / 255f,
            Mean = type == ElementType.UInt8 ? [0, 0, 0] : [0.485f, 0.456f, 0.406f],
            Std = type == ElementType.UInt8 ? [1, 1, 1] : [0.229f, 0.224f, 0.225f],
            Quantisation = type == ElementType.Int8 ? new Quantisation(0.02f, -14) : null,
        };
        using FrameDecoder decoder = new([input], PictureTurn.None, PreprocessorLimits.Default, TimeProvider.System, NullLogger.Instance);
        using Preprocessor preprocessor = new(input, TimeProvider.System);
        using TensorBuffer tensor = new(input.Name, type, input.Shape);
        StageTimes times = default;
        DecodeOutcome outcome = decoder.Decode(frame, ref times);
        if (outcome == DecodeOutcome.Ok) outcome = preprocessor.Process(decoder, tensor.Bytes, out _, ref times);
        if (outcome != DecodeOutcome.Ok) throw new InvalidOperationException(decoder.Describe(outcome, "frame").ToString());
        uint hash = 2166136261;
        foreach (byte value in tensor.Bytes) hash = (hash ^ value) * 16777619;
        return hash;
    }

    private static FrameLease Raw(PixelFormat format)
    {
        const int Width = 250;
        const int Height = 170;
        int bytes = format switch { PixelFormat.Rgb24 or PixelFormat.Bgr24 => 6, PixelFormat.Yuyv => 4, PixelFormat.Gray8 => 2, _ => 3 };
        byte[] data = new byte[Width * Height * bytes / 2];
        new Random(1).NextBytes(data);
        return Lease(data, format, Width, Height);
    }

    private static FrameLease Lease(byte[] data, PixelFormat format, int width, int height)
    {
        FramePool pool = new(1, 1 << 28);
        Frame frame = pool.Rent()!;
        data.CopyTo(pool.Memory(frame, data.Length));
        frame.Info = new FrameInfo { Format = format, WidthPixels = width, HeightPixels = height };
        return pool.Publish(frame, data.Length);
    }
}

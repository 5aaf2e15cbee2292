using System.Diagnostics;
using EdgeInfer.Configuration;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging.Abstractions;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;

namespace EdgeInfer.Benchmarks;

/// <summary>
/// Milliseconds and managed bytes from a 720p JPEG to the tensor, per size and kernel:
/// <c>preprocess [JPEG…]</c>; without files it draws its own. The letterbox, the normalisation (1/255) and the layout (NCHW,
/// float32) are those of a hand-written C++ loop over tjDecompress2 and scalar bilinear, to compare with.
/// </summary>
internal static class PreprocessBenchmark
{
    private const int Rounds = 6;
    private const double Percentile5 = 0.05;

    /// <summary>Runs it.</summary>
    public static int Run(string[] files)
    {
        List<FrameLease> frames = Load(files);
        foreach (int size in (int[])[320, 352, 640])
        {
            foreach (ResizeKernel kernel in Enum.GetValues<ResizeKernel>()) Measure(frames, size, kernel, ElementType.Float32, TensorLayout.Nchw);
        }

        Measure(frames, 352, ResizeKernel.Bilinear, ElementType.Float16, TensorLayout.Nchw);
        Measure(frames, 352, ResizeKernel.Bilinear, ElementType.UInt8, TensorLayout.Nhwc);
        Measure(frames, 352, ResizeKernel.Bilinear, ElementType.Float32, TensorLayout.Nhwc);
        foreach (PixelFormat format in (PixelFormat[])[PixelFormat.Yuyv, PixelFormat.Nv12, PixelFormat.I420, PixelFormat.Rgb24])
            Measure([Raw(format)], 352, ResizeKernel.Bilinear, ElementType.Float32, TensorLayout.Nchw, format.ToString());
        return 0;
    }

    private static void Measure(List<FrameLease> frames, int size, ResizeKernel kernel, ElementType type, TensorLayout layout, string source = "JPEG")
    {
        PictureInput input = new()
        {
            Name = "images",
            Type = type,
            Layout = layout,
            Width = size,
            Height = size,
            Color = ChannelOrder.Rgb,
            Resize = ResizeMode.Letterbox,
            Kernel = kernel,
            Scale = type == ElementType.UInt8 ? 1 : 1 / 255f,
        };
        TimeProvider time = new ThreadCpuTime();
        using FrameDecoder decoder = new([input], PictureTurn.None, PreprocessorLimits.Default, time, NullLogger.Instance);
        using Preprocessor preprocessor = new(input, time);
        using TensorBuffer tensor = new(input.Name, type, input.Shape);
        int count = Math.Max(Rounds * frames.Count, 60);
        double[] decode = new double[count];
        double[] scale = new double[count];
        double[] total = new double[count];
        long bytes = 0;
        for (int i = -count; i < count; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            StageTimes times = default;
            DecodeOutcome outcome = decoder.Decode(frames[(i + count) % frames.Count], ref times);
            if (outcome == DecodeOutcome.Ok) outcome = preprocessor.Process(decoder, tensor.Bytes, out _, ref times);
            if (outcome != DecodeOutcome.Ok) throw new InvalidOperationException(decoder.Describe(outcome, "frame").ToString());
            if (i < 0) continue;
            bytes += GC.GetAllocatedBytesForCurrentThread() - before;
            decode[i] = times.DecodeMilliseconds;
            scale[i] = times.PreprocessMilliseconds;
            total[i] = decode[i] + scale[i];
        }

        Console.WriteLine($"{source,-5} {size} {kernel,-17} {type,-8} {layout}: decode {At(decode, 0.5):F3} resize {At(scale, 0.5):F3} total p50 {At(total, 0.5):F3} p5 {At(total, Percentile5):F3} ms, {bytes / count} bytes");
    }

    private static double At(double[] values, double share)
    {
        Array.Sort(values);
        return values[(int)(share * (values.Length - 1))];
    }

    private static List<FrameLease> Load(string[] files)
    {
        List<FrameLease> frames = [];
        foreach (string file in files) frames.Add(Lease(File.ReadAllBytes(file), PixelFormat.Jpeg, 0, 0));
        for (int seed = 0; frames.Count < 8 && files.Length == 0; seed++) frames.Add(Lease(Draw(seed), PixelFormat.Jpeg, 0, 0));
        return frames;
    }

    private static FrameLease Raw(PixelFormat format)
    {
        byte[] data = new byte[format == PixelFormat.Rgb24 ? 1280 * 720 * 3 : format == PixelFormat.Yuyv ? 1280 * 720 * 2 : 1280 * 720 * 3 / 2];
        new Random(1).NextBytes(data);
        return Lease(data, format, 1280, 720);
    }

    internal static FrameLease Lease(byte[] data, PixelFormat format, int width, int height)
    {
        FramePool pool = new(1, 1 << 28);
        Frame frame = pool.Rent()!;
        data.CopyTo(pool.Memory(frame, data.Length));
        frame.Info = new FrameInfo { Format = format, WidthPixels = width, HeightPixels = height };
        return pool.Publish(frame, data.Length);
    }

    private static byte[] Draw(int seed)
    {
        Random random = new(seed);
        using Image<Rgb24> image = new(1280, 720);
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++)
            {
                int level = (int)(128 + 60 * Math.Sin((x + seed * 9) / 37.0) * Math.Cos(y / 23.0)) + random.Next(-9, 9);
                image[x, y] = new Rgb24((byte)level, (byte)(level + random.Next(-4, 4)), (byte)(255 - level));
            }
        }

        using MemoryStream stream = new();
        image.Save(stream, new JpegEncoder { Quality = 80, ColorType = JpegColorType.YCbCrRatio420 });
        return stream.ToArray();
    }
}

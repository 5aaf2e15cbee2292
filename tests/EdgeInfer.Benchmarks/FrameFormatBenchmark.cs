using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Models;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Benchmarks;

/// <summary>
/// Thread CPU milliseconds from a frame of 720p and 1080p to a letterboxed float tensor, per format, kernel and rotation:
/// <c>formats [JPEG720 JPEG1080]</c>. <c>opencv_formats.py</c> beside it measures cvtColor, resize and blobFromImage on the same sizes.
/// The configurations take turns, so that what else the machine does falls on all of them.
/// </summary>
internal static class FrameFormatBenchmark
{
    private const int Rounds = 120;

    /// <summary>Runs it.</summary>
    public static int Run(string[] files)
    {
        foreach ((int width, int height) in ((int, int)[])[(1280, 720), (1920, 1080)])
        {
            string? file = files.FirstOrDefault(f => f.Contains(height.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
            foreach (int size in (int[])[320, 640])
            {
                List<Way> ways = [];
                foreach (ResizeKernel kernel in (ResizeKernel[])[ResizeKernel.Bilinear, ResizeKernel.Fast])
                {
                    foreach (int degrees in (int[])[0, 90])
                    {
                        foreach (PixelFormat format in (PixelFormat[])[PixelFormat.Rgb24, PixelFormat.Yuyv, PixelFormat.Nv12, PixelFormat.I420])
                            ways.Add(new(Raw(format, width, height), format.ToString(), size, kernel, degrees));
                        if (file is not null) ways.Add(new(PreprocessBenchmark.Lease(File.ReadAllBytes(file), PixelFormat.Jpeg, 0, 0), "JPEG", size, kernel, degrees));
                    }
                }

                for (int i = 0; i < Rounds; i++)
                    foreach (Way way in ways) way.Pass(i >= Rounds / 4);
                foreach (Way way in ways)
                {
                    Console.WriteLine(FormattableString.Invariant($"{width}x{height} to {size} {way.Name}: p50 {way.At(0.5):F3} p5 {way.At(0.05):F3} ms"));
                    way.Dispose();
                }
            }
        }

        return 0;
    }

    /// <summary>Blocks of slowly changing noise: neither flat nor all edges.</summary>
    private static FrameLease Raw(PixelFormat format, int width, int height)
    {
        int bytes = format switch { PixelFormat.Rgb24 => 6, PixelFormat.Yuyv => 4, _ => 3 };
        byte[] data = new byte[width * height * bytes / 2];
        Random random = new(1);
        for (int i = 0; i < data.Length; i++) data[i] = (byte)(100 + i / 16 % 50 + random.Next(12));
        return PreprocessBenchmark.Lease(data, format, width, height);
    }

    private sealed class Way : IDisposable
    {
        private readonly FrameLease _frame;
        private readonly FrameDecoder _decoder;
        private readonly Preprocessor _preprocessor;
        private readonly TensorBuffer _tensor;
        private readonly List<double> _milliseconds = [];

        public Way(FrameLease frame, string source, int size, ResizeKernel kernel, int degrees)
        {
            PictureInput input = new()
            {
                Name = "images",
                Type = ElementType.Float32,
                Layout = TensorLayout.Nchw,
                Width = size,
                Height = size,
                Color = ChannelOrder.Rgb,
                Resize = ResizeMode.Letterbox,
                Kernel = kernel,
                Scale = 1 / 255f,
            };
            Name = $"{source,-5} {kernel,-8} {degrees,2}°";
            _frame = frame;
            TimeProvider time = new ThreadCpuTime();
            _decoder = new FrameDecoder([input], PictureTurn.None with { RotateDegrees = degrees }, PreprocessorLimits.Default, time, NullLogger.Instance);
            _preprocessor = new Preprocessor(input, time);
            _tensor = new TensorBuffer(input.Name, input.Type, input.Shape);
        }

        public string Name { get; }

        public void Pass(bool isCounted)
        {
            StageTimes times = default;
            DecodeOutcome outcome = _decoder.Decode(_frame, ref times);
            if (outcome == DecodeOutcome.Ok) outcome = _preprocessor.Process(_decoder, _tensor.Bytes, out _, ref times);
            if (outcome != DecodeOutcome.Ok) throw new InvalidOperationException(_decoder.Describe(outcome, Name).ToString());
            if (isCounted) _milliseconds.Add(times.DecodeMilliseconds + times.PreprocessMilliseconds);
        }

        public double At(double share)
        {
            _milliseconds.Sort();
            return _milliseconds[(int)(share * (_milliseconds.Count - 1))];
        }

        public void Dispose()
        {
            _preprocessor.Dispose();
            _decoder.Dispose();
            _tensor.Dispose();
        }
    }
}

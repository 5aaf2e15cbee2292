using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Postprocessing;
using EdgeInfer.Signals;
using EdgeInfer.Tests.Inference;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Pipeline;

public sealed class StageBenchmarkTests
{
    [Fact]
    public void Percentiles_are_NumPys()
    {
        DurationSamples samples = new("stage");
        foreach (double milliseconds in new[] { 7.0, 1, 3, 2, 100, 5, 4, 9, 8, 6 }) samples.Add(milliseconds, 3);

        // numpy.percentile([7, 1, 3, 2, 100, 5, 4, 9, 8, 6], [50, 90, 99])
        StageFigures figures = samples.Figures();
        Assert.Equal(5.5, figures.P50, 1e-9);
        Assert.Equal(18.1, figures.P90, 1e-9);
        Assert.Equal(91.81, figures.P99, 1e-9);
        Assert.Equal(3, figures.BytesPerFrame);
    }

    [Fact]
    public void Nothing_measured_is_zero() => Assert.Equal(new StageFigures("stage", 0, 0, 0, null), new DurationSamples("stage").Figures(isCountingBytes: false));

    [Fact]
    public void Every_stage_is_measured_and_returns_its_frame()
    {
        Model model = TestGraph.Conv() with { Input = TestGraph.Picture(3, 16, 16) };
        using ModelSession session = TestGraph.Runtime().Open(model);
        using StageBenchmark benchmark = new(session, DecoderOptions.Default, TimeProvider.System, new Random(1), NullLogger.Instance);
        using FramePool pool = new(1, 4096);

        BenchmarkReport report = benchmark.Measure(Next, "grey", TimeSpan.FromMilliseconds(1), CancellationToken.None);

        Assert.Equal(["decode", "preprocess", "inference", "postprocess", "publish"], report.Stages.Select(static s => s.Name));
        Assert.True(report.Frames >= 1);
        Assert.Equal(1, report.Results);
        Assert.Equal((16, 16), (report.Width, report.Height));
        Assert.True(report.Frame.P50 > 0 && report.SessionAlone.P50 > 0 && report.PayloadBytes > 100);
        Assert.Equal(1, pool.FreeCount);

        FrameLease Next()
        {
            Frame frame = pool.Rent()!;
            pool.Memory(frame, 16 * 16 * 3).Fill(128);
            frame.Info = new() { Format = PixelFormat.Rgb24, WidthPixels = 16, HeightPixels = 16 };
            return pool.Publish(frame, 16 * 16 * 3);
        }
    }
}

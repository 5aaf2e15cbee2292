using EdgeInfer.Models;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Synthetic;

namespace EdgeInfer.Tests.Sources.Synthetic;

/// <summary>
/// Runs detectors over pictures of belts that no training has seen, each a scene of its own, and judges them by the belt's truth:
/// several at once, on the same pictures.
/// </summary>
internal sealed class BeltEvaluation(IReadOnlyList<Model> models) : IDisposable
{
    private readonly DetectorRun[] _runs = [.. models.Select(static model => new DetectorRun(model, 0.01))];
    private readonly TruthBox[] _boxes = new TruthBox[BeltTruth.MaxBoxes];

    /// <summary>The verdict on each model so far.</summary>
    public IReadOnlyList<MeanAveragePrecision> Judges { get; } = [.. models.Select(static model => new MeanAveragePrecision(model.Labels.Count))];

    /// <summary>Milliseconds of each model's runs so far.</summary>
    public IReadOnlyList<List<double>> Milliseconds { get; } = [.. models.Select(static _ => new List<double>())];

    /// <summary>Draws picture <paramref name="frame"/> of a scene, runs the models and counts their answers.</summary>
    public void Add(int seed, long frame, (int Width, int Height) size)
    {
        BeltRenderer renderer = new(new(size, 15, seed));
        byte[] rgb = new byte[renderer.FrameBytes];
        renderer.Render(frame, rgb);
        int boxCount = new BeltTruth(renderer.Scene).At(frame, _boxes);
        FrameInfo info = new() { Format = PixelFormat.Rgb24, WidthPixels = size.Width, HeightPixels = size.Height };
        for (int i = 0; i < _runs.Length; i++)
        {
            Judges[i].Add(_runs[i].Find(rgb, info), _boxes.AsSpan(0, boxCount));
            Milliseconds[i].Add(_runs[i].Milliseconds);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (DetectorRun run in _runs) run.Dispose();
    }
}

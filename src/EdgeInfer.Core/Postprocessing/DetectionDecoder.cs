using EdgeInfer.Models;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Postprocessing;

/// <summary>What all box heads share: thresholds, suppression, and the way back to source pixels.</summary>
internal abstract class DetectionDecoder : OutputDecoder
{
    private readonly Suppression _suppression;
    private readonly float _minArea;
    private readonly int _maxDetections;
    private readonly bool _isSuppressionPerClass;

    /// <summary>Reads what does not depend on the head.</summary>
    protected DetectionDecoder(Model model, DecoderOptions options)
    {
        if (model.Labels.Count == 0) throw Misfit(model, "a detector needs its labels");
        Model = model;
        Filter = new ClassFilter(model, options);
        _suppression = new Suppression(model.Output.Nms);
        _isSuppressionPerClass = model.Output.Nms.Mode != NmsMode.ClassAgnostic;
        _minArea = (float)options.MinArea;
        _maxDetections = model.Output.MaxDetections;
    }

    /// <summary>The model.</summary>
    protected Model Model { get; }

    /// <summary>Thresholds and labels.</summary>
    protected ClassFilter Filter { get; }

    /// <inheritdoc/>
    public sealed override void UseThreshold(double threshold)
    {
        Filter.UseDefault((float)threshold);
        ThresholdsChanged();
    }

    /// <summary>What was worked out from the thresholds of <see cref="Filter"/> is outdated.</summary>
    protected virtual void ThresholdsChanged()
    {
    }

    /// <summary>Proposes every box that <see cref="Filter"/> passes.</summary>
    protected abstract void Collect(IReadOnlyList<TensorBuffer> outputs, in PictureGeometry geometry);

    /// <summary>Proposes a box.</summary>
    protected void Propose(in Candidate candidate)
    {
        // A label nobody wants suppresses others only where the classes compete.
        if (_isSuppressionPerClass && !Filter.IsWanted(candidate.Class)) return;
        _suppression.Add(candidate);
    }

    /// <inheritdoc/>
    protected sealed override void Fill(IReadOnlyList<TensorBuffer> outputs, in PictureGeometry geometry, Prediction result)
    {
        _suppression.Clear();
        Collect(outputs, geometry);
        _suppression.Sort();
        float smallest = _minArea * geometry.SourceWidth * geometry.SourceHeight;
        while (result.Detections.Count < _maxDetections && _suppression.TryNext(out Candidate candidate))
        {
            if (!Filter.IsWanted(candidate.Class)) continue;
            Detection detection = ToSource(candidate, geometry);
            if (detection.Width > 0 && detection.Height > 0 && detection.Width * detection.Height >= smallest) result.Detections.Add(detection);
        }
    }

    private static Detection ToSource(in Candidate candidate, in PictureGeometry geometry)
    {
        float left = Math.Clamp(geometry.ToSourceX(candidate.Left), 0, geometry.SourceWidth);
        float top = Math.Clamp(geometry.ToSourceY(candidate.Top), 0, geometry.SourceHeight);
        float right = Math.Clamp(geometry.ToSourceX(candidate.Right), 0, geometry.SourceWidth);
        float bottom = Math.Clamp(geometry.ToSourceY(candidate.Bottom), 0, geometry.SourceHeight);
        return new(candidate.Class, candidate.Score, left, top, right - left, bottom - top);
    }
}

using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Postprocessing;

/// <summary>
/// Boxes and scores as outputs of their own, <c>[1, n, ≥ 4]</c> and <c>[1, n, classes]</c>, in one or more levels. Without anchors a box is its corners
/// as fractions of the tensor (UltraFace); with anchors it is a centre offset and a size in units of <see cref="SsdOptions.BoxScale"/> (BlazeFace).
/// </summary>
internal sealed class SsdDecoder : DetectionDecoder
{
    private readonly SsdOptions _ssd;
    private readonly int[] _boxOutputs;
    private readonly int[] _scoreOutputs;
    private readonly OutputValues[] _values;
    private readonly ScoreCurve _curve;
    private float _lowestRaw;
    private readonly float[] _softmax;

    /// <summary>Finds the outputs by name and checks their shapes, as far as the graph declares them.</summary>
    public SsdDecoder(Model model, DecoderOptions options)
        : base(model, options)
    {
        _ssd = model.Output.Ssd ?? throw Misfit(model, "an ssd head needs output.ssd with boxes and scores");
        if (_ssd.Boxes.Count == 0 || _ssd.Boxes.Count != _ssd.Scores.Count)
        {
            throw Misfit(model, "an ssd head needs as many outputs of scores as of boxes");
        }

        if (_ssd.Levels.Count > 0 && _ssd.Levels.Count != _ssd.Boxes.Count)
        {
            throw Misfit(model, "an ssd head with anchors needs one level of them per output of boxes");
        }
        _boxOutputs = [.. _ssd.Boxes.Select(name => Find(model, name))];
        _scoreOutputs = [.. _ssd.Scores.Select(name => Find(model, name))];
        _values = [.. model.Output.Outputs.Select(static output => new OutputValues(output))];
        _curve = new ScoreCurve(model.Output.Activation);
        _lowestRaw = _curve.Raw(Filter.Lowest);
        _softmax = model.Output.Activation == ScoreActivation.Softmax ? new float[Filter.Count] : [];
        for (int level = 0; level < _boxOutputs.Length; level++)
        {
            Check(level, model.Output.Outputs[_boxOutputs[level]].Shape, model.Output.Outputs[_scoreOutputs[level]].Shape);
        }
    }

    /// <inheritdoc/>
    protected override void ThresholdsChanged() => _lowestRaw = _curve.Raw(Filter.Lowest);

    /// <inheritdoc/>
    protected override void Collect(IReadOnlyList<TensorBuffer> outputs, in PictureGeometry geometry)
    {
        for (int level = 0; level < _boxOutputs.Length; level++)
        {
            TensorBuffer boxes = outputs[_boxOutputs[level]];
            TensorBuffer scores = outputs[_scoreOutputs[level]];
            Check(level, boxes.Shape, scores.Shape);
            ReadOnlySpan<float> boxValues = _values[_boxOutputs[level]].Read(boxes);
            ReadOnlySpan<float> scoreValues = _values[_scoreOutputs[level]].Read(scores);
            int anchors = (int)boxes.Shape[1];
            int perBox = (int)boxes.Shape[2];
            for (int a = 0; a < anchors; a++)
            {
                if (!TryScore(scoreValues.Slice(a * Filter.Count, Filter.Count), out int @class, out float score)) continue;
                ReadOnlySpan<float> box = boxValues.Slice(a * perBox, 4);
                Propose(_ssd.Levels.Count == 0 ? Corners(@class, score, box, geometry) : Anchored(@class, score, box, _ssd.Levels[level], a, geometry));
            }
        }
    }

    private Candidate Corners(int @class, float score, ReadOnlySpan<float> box, in PictureGeometry geometry)
    {
        float x = geometry.TensorWidth / _ssd.BoxScale;
        float y = geometry.TensorHeight / _ssd.BoxScale;
        return new(@class, score, box[0] * x, box[1] * y, box[2] * x, box[3] * y);
    }

    private Candidate Anchored(int @class, float score, ReadOnlySpan<float> box, AnchorLevel level, int anchor, in PictureGeometry geometry)
    {
        int cell = anchor / level.PerCell;
        float centreX = (cell % level.GridWidth + 0.5f) / level.GridWidth;
        float centreY = (cell / level.GridWidth + 0.5f) / level.GridHeight;
        return Candidate.Centred(
            @class, score,
            (centreX + box[0] / _ssd.BoxScale) * geometry.TensorWidth,
            (centreY + box[1] / _ssd.BoxScale) * geometry.TensorHeight,
            box[2] / _ssd.BoxScale * geometry.TensorWidth,
            box[3] / _ssd.BoxScale * geometry.TensorHeight);
    }

    private bool TryScore(ReadOnlySpan<float> raw, out int @class, out float score)
    {
        if (_softmax.Length > 0)
        {
            Softmax.Compute(raw, _softmax);
            @class = ScoreScan.Best(_softmax, 1, Filter.Count, Model.BackgroundClass, out score);
            return @class >= 0 && Filter.Passes(@class, score);
        }

        @class = ScoreScan.Best(raw, 1, Filter.Count, Model.BackgroundClass, out float best);
        score = 0;
        if (@class < 0 || best < _lowestRaw) return false;
        score = _curve.Score(best);
        return Filter.Passes(@class, score);
    }

    private void Check(int level, IReadOnlyList<long> boxes, IReadOnlyList<long> scores)
    {
        bool fits = boxes.Count == 3 && scores.Count == 3 && boxes[2] is >= 4 or < 0 && (scores[2] == Filter.Count || scores[2] < 0)
            && (boxes[1] == scores[1] || boxes[1] < 0 || scores[1] < 0);
        if (fits && _ssd.Levels.Count > 0 && boxes[1] >= 0)
        {
            AnchorLevel anchors = _ssd.Levels[level];
            fits = boxes[1] == (long)anchors.GridWidth * anchors.GridHeight * anchors.PerCell;
        }

        if (!fits)
        {
            throw Misfit(
                Model,
                $"outputs '{_ssd.Boxes[level]}' {Text(boxes)} and '{_ssd.Scores[level]}' {Text(scores)} are no ssd head with {Filter.Count} labels ([1, n, 4] and [1, n, {Filter.Count}], n by the anchors)");
        }
    }

    private static int Find(Model model, string name)
    {
        for (int i = 0; i < model.Output.Outputs.Count; i++)
        {
            if (model.Output.Outputs[i].Name == name) return i;
        }

        throw Misfit(model, $"the graph has no output '{name}', only {string.Join(", ", model.Output.Outputs.Select(static o => o.Name))}");
    }
}

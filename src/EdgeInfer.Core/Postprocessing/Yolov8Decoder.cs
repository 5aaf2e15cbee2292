using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Postprocessing;

/// <summary>
/// Ultralytics v8 and v11: <c>[1, 4+classes, anchors]</c>, or transposed <c>[1, anchors, 4+classes]</c>; centre x, y, width, height in tensor
/// pixels, then a score per class. One candidate per anchor, its best class, as Ultralytics' own prediction does.
/// </summary>
internal sealed class Yolov8Decoder : DetectionDecoder
{
    // Best scores of so many anchors at a time stay in the first-level cache while the classes' rows pass.
    private const int BlockAnchors = 512;
    private const int BoxValues = 4;

    private readonly OutputValues _values;
    private readonly ScoreCurve _curve;
    private float _lowestRaw;

    /// <summary>Checks the output's shape, as far as the graph declares it.</summary>
    public Yolov8Decoder(Model model, DecoderOptions options)
        : base(model, options)
    {
        TensorInfo output = model.Output.Outputs[0];
        _values = new OutputValues(output);
        _curve = new ScoreCurve(model.Output.Activation);
        _lowestRaw = _curve.Raw(Filter.Lowest);
        if (output.Shape.Count != 3 || output.Shape[0] is > 1 or 0 || !(Fits(output.Shape[1]) || Fits(output.Shape[2])))
        {
            throw Misfit(
                model,
                $"output '{output.Name}' is {Text(output.Shape)}; a yolov8 head with {Filter.Count} labels is [1, {BoxValues + Filter.Count}, anchors]");
        }
    }

    /// <inheritdoc/>
    protected override void ThresholdsChanged() => _lowestRaw = _curve.Raw(Filter.Lowest);

    /// <inheritdoc/>
    protected override void Collect(IReadOnlyList<TensorBuffer> outputs, in PictureGeometry geometry)
    {
        TensorBuffer output = outputs[0];
        int values = BoxValues + Filter.Count;
        ReadOnlySpan<float> data = _values.Read(output);
        if (output.Shape[1] == values) CollectColumns(data, (int)output.Shape[2]);
        else if (output.Shape[2] == values) CollectRows(data, (int)output.Shape[1]);
        else throw Misfit(
            Model,
            $"output '{output.Name}' came out as {Text(output.Shape)}; a yolov8 head with {Filter.Count} labels is [1, {values}, anchors]");
    }

    private bool Fits(long dimension) => dimension < 0 || dimension == BoxValues + Filter.Count;

    private void CollectColumns(ReadOnlySpan<float> data, int anchors)
    {
        ReadOnlySpan<float> scores = data[(BoxValues * anchors)..];
        Span<float> best = stackalloc float[BlockAnchors];
        for (int start = 0; start < anchors; start += BlockAnchors)
        {
            Span<float> block = best[..Math.Min(BlockAnchors, anchors - start)];
            ScoreScan.BestOfColumns(scores, anchors, Filter.Count, start, block);
            for (int i = 0; i < block.Length; i++)
            {
                if (block[i] < _lowestRaw) continue;
                int a = start + i;
                int @class = ScoreScan.Best(scores[a..], anchors, Filter.Count, -1, out float raw);
                float score = _curve.Score(raw);
                if (@class < 0 || !Filter.Passes(@class, score)) continue;
                Propose(Candidate.Centred(@class, score, data[a], data[anchors + a], data[2 * anchors + a], data[3 * anchors + a]));
            }
        }
    }

    private void CollectRows(ReadOnlySpan<float> data, int anchors)
    {
        int values = BoxValues + Filter.Count;
        for (int a = 0; a < anchors; a++)
        {
            ReadOnlySpan<float> row = data.Slice(a * values, values);
            int @class = ScoreScan.Best(row[BoxValues..], 1, Filter.Count, -1, out float raw);
            if (@class < 0 || raw < _lowestRaw) continue;
            float score = _curve.Score(raw);
            if (Filter.Passes(@class, score)) Propose(Candidate.Centred(@class, score, row[0], row[1], row[2], row[3]));
        }
    }
}

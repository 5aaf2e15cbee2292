using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Postprocessing;

/// <summary>
/// YOLOX: <c>[1, anchors, 5+classes]</c> as the network leaves it: centre offset in cells, log of the size in cells, objectness and class scores in
/// 0 to 1; one anchor per cell of the grids of strides 8, 16, 32. The score is objectness times class.
/// </summary>
internal sealed class YoloxDecoder : DetectionDecoder
{
    private const int BoxValues = 5;
    private const int FinestStride = 8;
    private const int CoarsestStride = 32;

    private readonly OutputValues _values;
    private readonly ScoreCurve _curve;
    private readonly int _anchors;

    /// <summary>Checks the output's shape, as far as the graph declares it.</summary>
    public YoloxDecoder(Model model, DecoderOptions options)
        : base(model, options)
    {
        TensorInfo output = model.Output.Outputs[0];
        _values = new OutputValues(output);
        _curve = new ScoreCurve(model.Output.Activation);
        for (int stride = FinestStride; stride <= CoarsestStride; stride *= 2) _anchors += model.Input.Width / stride * (model.Input.Height / stride);
        if (!Fits(output.Shape)) throw Misfit(model, $"output '{output.Name}' is {Text(output.Shape)}; {Wanted}");
    }

    private string Wanted => $"a yolox head with {Filter.Count} labels on {Model.Input.Width}x{Model.Input.Height} is [1, {_anchors}, {BoxValues + Filter.Count}]";

    /// <inheritdoc/>
    protected override void Collect(IReadOnlyList<TensorBuffer> outputs, in PictureGeometry geometry)
    {
        if (!Fits(outputs[0].Shape)) throw Misfit(Model, $"output '{outputs[0].Name}' came out as {Text(outputs[0].Shape)}; {Wanted}");
        ReadOnlySpan<float> data = _values.Read(outputs[0]);
        int values = BoxValues + Filter.Count;
        int offset = 0;
        for (int stride = FinestStride; stride <= CoarsestStride; stride *= 2)
        {
            int columns = geometry.TensorWidth / stride;
            int rows = geometry.TensorHeight / stride;
            for (int y = 0; y < rows; y++)
            {
                for (int x = 0; x < columns; x++, offset += values) Read(data.Slice(offset, values), x, y, stride);
            }
        }
    }

    private void Read(ReadOnlySpan<float> row, int x, int y, int stride)
    {
        float objectness = _curve.Score(row[4]);
        // Class scores are at most 1, so most anchors end here without their classes being looked at.
        if (!(objectness >= Filter.Lowest)) return;
        int @class = ScoreScan.Best(row[BoxValues..], 1, Filter.Count, -1, out float raw);
        if (@class < 0) return;
        float score = objectness * _curve.Score(raw);
        if (!Filter.Passes(@class, score)) return;
        Propose(Candidate.Centred(
            @class, score, (row[0] + x) * stride, (row[1] + y) * stride, MathF.Exp(row[2]) * stride, MathF.Exp(row[3]) * stride));
    }

    private bool Fits(IReadOnlyList<long> shape)
        => shape.Count == 3 && shape[0] is 1 or < 0 && (shape[1] == _anchors || shape[1] < 0) && (shape[2] == BoxValues + Filter.Count || shape[2] < 0);
}

using EdgeInfer.Models;
using EdgeInfer.Signals;

namespace EdgeInfer.Postprocessing;

/// <summary>
/// FastestDet: <c>[1, 5+classes, rows, columns]</c>: objectness, centre (tanh, in cells), size (sigmoid, of the whole tensor), class scores in 0 to 1.
/// The score is objectness^0.6 · class^0.4.
/// </summary>
internal sealed class FastestDetDecoder : DetectionDecoder
{
    private const int BoxValues = 5;
    private const float ObjectnessPower = 0.6f;
    private const float ClassPower = 0.4f;

    private readonly OutputValues _values;

    /// <summary>Checks the output's shape, as far as the graph declares it.</summary>
    public FastestDetDecoder(Model model, DecoderOptions options)
        : base(model, options)
    {
        TensorInfo output = model.Output.Outputs[0];
        _values = new OutputValues(output);
        if (!Fits(output.Shape)) throw Misfit(model, $"output '{output.Name}' is {Text(output.Shape)}; {Wanted}");
    }

    private string Wanted => $"a fastestdet head with {Filter.Count} labels is [1, {BoxValues + Filter.Count}, rows, columns]";

    /// <inheritdoc/>
    protected override void Collect(IReadOnlyList<TensorBuffer> outputs, in PictureGeometry geometry)
    {
        TensorBuffer output = outputs[0];
        if (!Fits(output.Shape)) throw Misfit(Model, $"output '{output.Name}' came out as {Text(output.Shape)}; {Wanted}");
        ReadOnlySpan<float> data = _values.Read(output);
        int rows = (int)output.Shape[2];
        int columns = (int)output.Shape[3];
        int cells = rows * columns;
        for (int cell = 0; cell < cells; cell++)
        {
            float objectness = MathF.Pow(data[cell], ObjectnessPower);
            if (!(objectness >= Filter.Lowest)) continue;
            int @class = ScoreScan.Best(data[(BoxValues * cells + cell)..], cells, Filter.Count, -1, out float raw);
            if (@class < 0) continue;
            float score = objectness * MathF.Pow(raw, ClassPower);
            if (!Filter.Passes(@class, score)) continue;
            float x = (MathF.Tanh(data[cells + cell]) + cell % columns) / columns * geometry.TensorWidth;
            float y = (MathF.Tanh(data[2 * cells + cell]) + cell / columns) / rows * geometry.TensorHeight;
            float width = Sigmoid(data[3 * cells + cell]) * geometry.TensorWidth;
            float height = Sigmoid(data[4 * cells + cell]) * geometry.TensorHeight;
            Propose(Candidate.Centred(@class, score, x, y, width, height));
        }
    }

    private static float Sigmoid(float value) => 1 / (1 + MathF.Exp(-value));

    private bool Fits(IReadOnlyList<long> shape) => shape.Count == 4 && shape[0] is 1 or < 0 && (shape[1] == BoxValues + Filter.Count || shape[1] < 0);
}

using EdgeInfer.Models;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Postprocessing;

/// <summary>
/// One vector of class scores: logits or probabilities, quantised or not. The background class counts in the softmax and is never a result.
/// Gives the best few at or above their thresholds; equal scores in class order.
/// </summary>
internal sealed class ClassificationDecoder : OutputDecoder
{
    private readonly Model _model;
    private readonly ClassFilter _filter;
    private readonly OutputValues _values;
    private readonly ScoreCurve _curve;
    private readonly float[] _softmax;
    private readonly int _top;

    /// <summary>Checks the output's shape, as far as the graph declares it.</summary>
    public ClassificationDecoder(Model model, DecoderOptions options)
    {
        if (model.Labels.Count == 0) throw Misfit(model, "a classifier needs its labels");
        TensorInfo output = model.Output.Outputs[0];
        _model = model;
        _filter = new ClassFilter(model, options);
        _values = new OutputValues(output);
        _curve = new ScoreCurve(model.Output.Activation);
        _softmax = model.Output.Activation == ScoreActivation.Softmax ? new float[_filter.Count] : [];
        _top = options.Top;
        long count = 1;
        foreach (long dimension in output.Shape) count = dimension < 0 ? -1 : count * dimension;
        if (count >= 0 && count != _filter.Count) throw Misfit(model, $"output '{output.Name}' is {Text(output.Shape)} for {_filter.Count} labels");
    }

    /// <inheritdoc/>
    public override void UseThreshold(double threshold) => _filter.UseDefault((float)threshold);

    /// <inheritdoc/>
    protected override void Fill(IReadOnlyList<TensorBuffer> outputs, in PictureGeometry geometry, Prediction result)
    {
        ReadOnlySpan<float> values = _values.Read(outputs[0]);
        if (values.Length != _filter.Count)
        {
            throw Misfit(_model, $"output '{outputs[0].Name}' came out as {Text(outputs[0].Shape)} for {_filter.Count} labels");
        }

        if (_softmax.Length > 0)
        {
            Softmax.Compute(values, _softmax);
            values = _softmax;
        }

        for (int c = 0; c < values.Length; c++)
        {
            float score = _curve.Score(values[c]);
            if (_filter.Passes(c, score) && _filter.IsWanted(c)) Insert(result.Classes, new(c, score));
        }
    }

    private void Insert(List<ClassScore> best, ClassScore entry)
    {
        int place = best.Count;
        while (place > 0 && best[place - 1].Score < entry.Score) place--;
        if (place >= _top) return;
        if (best.Count == _top) best.RemoveAt(best.Count - 1);
        best.Insert(place, entry);
    }
}

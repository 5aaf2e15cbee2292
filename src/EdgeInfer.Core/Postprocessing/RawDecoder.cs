using System.Runtime.InteropServices;
using EdgeInfer.Models;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Postprocessing;

/// <summary>Every output as it is, in real numbers.</summary>
internal sealed class RawDecoder : OutputDecoder
{
    private readonly OutputValues[] _values;

    /// <summary>Any outputs fit.</summary>
    public RawDecoder(Model model) => _values = [.. model.Output.Outputs.Select(static output => new OutputValues(output))];

    /// <inheritdoc/>
    protected override void Fill(IReadOnlyList<TensorBuffer> outputs, in PictureGeometry geometry, Prediction result)
    {
        for (int i = 0; i < outputs.Count; i++)
        {
            ReadOnlySpan<float> values = _values[i].Read(outputs[i]);
            result.RawOutputs.Add((outputs[i].Name, values.Length));
            int start = result.RawValues.Count;
            CollectionsMarshal.SetCount(result.RawValues, start + values.Length);
            values.CopyTo(CollectionsMarshal.AsSpan(result.RawValues)[start..]);
        }
    }
}

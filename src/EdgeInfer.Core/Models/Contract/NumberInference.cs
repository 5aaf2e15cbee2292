using EdgeInfer.Models.Families;
using EdgeInfer.Models.Onnx;
using EdgeInfer.Signals;

namespace EdgeInfer.Models.Contract;

/// <summary>How a pixel becomes a number of the tensor.</summary>
internal sealed record PixelNumbers(float Scale, IReadOnlyList<float> Mean, IReadOnlyList<float> Std, Quantisation? Quantisation)
{
    /// <summary>The pixel itself.</summary>
    public static PixelNumbers Bytes { get; } = new(1, [0, 0, 0], [1, 1, 1], null);
}

/// <summary>
/// Settles scale, mean, std and quantisation. A quantised input whose stored zero is a byte's zero (uint8, or int8 with zero point −128)
/// takes bytes as they are unless someone states a scale, mean or std: its own quantisation already maps bytes to the real range.
/// </summary>
internal sealed class NumberInference(ContractSheet sheet, ModelYaml? yaml, OnnxWiring wiring)
{
    /// <summary>The value that inspections show where no arithmetic is done.</summary>
    public const string PixelsAsTheyAre = "pixels as they are";

    private readonly InputKeys _keys = yaml?.Inputs ?? new();

    /// <summary>Settles the numbers.</summary>
    /// <returns>Null where something must be chosen or is wrong.</returns>
    public PixelNumbers? Numbers(InputShape shape, FamilyFacts? family, string unknown)
    {
        bool isInteger = shape.Value.Type is ElementType.UInt8 or ElementType.Int8;
        Quantisation? quantisation = Quantisation(shape, isInteger);
        bool isStated = _keys.Scale is not null || _keys.Mean is not null || _keys.Std is not null;
        if (isInteger && quantisation is null)
        {
            Forbid();
            return Bytes($"{ModelWords.Of(shape.Value.Type)} without quantisation");
        }

        if (quantisation is { } known && !isStated && family?.Scale is null)
        {
            if (shape.Value.Type == ElementType.UInt8 || known.ZeroPoint == -128)
                return Bytes($"{ModelWords.Of(shape.Value.Type)}, {ContractText.Of(known)}");
            sheet.Ask(
                "input.scale", ["1/255", "1", "another factor, with mean and std"],
                $"the input is int8 with {ContractText.Of(known)}, which does not show what a pixel is in the model's real numbers");
            return null;
        }

        return Real(shape, family, unknown, quantisation);
    }

    private PixelNumbers? Real(InputShape shape, FamilyFacts? family, string unknown, Quantisation? quantisation)
    {
        string by = family?.Detail ?? "";
        // The documented default of 1 counts once the author describes the input; a bare graph says nothing about its numbers, and neither
        // does a key left empty, as a draft leaves it to be chosen.
        bool isDescribed = yaml?.Input is { } input && !input.Entries.Any(e => e.Key.Value == "scale");
        float? byDefault = isDescribed ? 1 : null;
        Candidate<float>? scale = sheet.Pick(
            "input.scale", ContractText.Of,
            Candidate.Yaml(_keys.Scale), Candidate.Family(family?.Scale, family),
            Candidate.From(byDefault, ContractOrigin.Default, ""));
        if (scale is null)
        {
            sheet.Ask("input.scale", ["1/255", "1", "another factor, with mean and std"], unknown);
            return null;
        }

        float[] mean = PerChannel("mean", _keys.Mean, family?.Mean, 0, shape.Channels, by);
        float[] std = PerChannel("std", _keys.Std, family?.Std, 1, shape.Channels, by);
        return new(scale.Value.Value, mean, std, quantisation);
    }

    private float[] PerChannel(string key, IReadOnlyList<float>? stated, float? family, float byDefault, int channels, string by)
    {
        IReadOnlyList<float> value = sheet.Pick(
            $"input.{key}", ContractText.Of,
            Candidate.Yaml(stated),
            Candidate.From(family is { } same ? (IReadOnlyList<float>)[same] : null, ContractOrigin.DecoderFamily, by),
            new Candidate<IReadOnlyList<float>>([byDefault], ContractOrigin.Default, ""))!.Value.Value;
        if (value.Count == 3 && channels == 1)
        {
            yaml!.Input!.Fault(
                key, "three numbers, but the graph's input has one channel", "write one number");
        }
        return value.Count == channels ? [.. value] : [.. Enumerable.Repeat(value[0], channels)];
    }

    private Quantisation? Quantisation(InputShape shape, bool isInteger)
    {
        if (!isInteger)
        {
            if (_keys.Quantisation is not null)
                yaml!.Input!.Fault(
                    "quantisation", $"the graph's input is {ModelWords.Of(shape.Value.Type)}, which is not stored as an integer",
                    "remove the key");
            return null;
        }

        Quantisation? quantisation = sheet.Pick(
            "input.quantisation", ContractText.Of,
            Candidate.Yaml(_keys.Quantisation),
            Candidate.From(wiring.QuantisationOfInput(shape.Value.Name), ContractOrigin.Graph, "DequantizeLinear at the input"))?.Value;
        (int low, int high) = shape.Value.Type == ElementType.UInt8 ? (0, 255) : (-128, 127);
        if (_keys.Quantisation is { } stated && (stated.ZeroPoint < low || stated.ZeroPoint > high))
            yaml!.Input!.Fault(
                "quantisation", $"zero_point {stated.ZeroPoint} does not fit {ModelWords.Of(shape.Value.Type)}",
                $"expected {low} to {high}");
        return quantisation;
    }

    private void Forbid()
    {
        foreach ((string key, bool isThere) in new[] { ("scale", _keys.Scale is not null), ("mean", _keys.Mean is not null), ("std", _keys.Std is not null) })
            if (isThere)
            {
                yaml!.Input!.Fault(
                    key, "the graph's input is an integer without quantisation and takes the pixels as they are",
                    "remove the key, or give input.quantisation");
            }
    }

    private PixelNumbers Bytes(string detail)
    {
        sheet.Record("input.scale", PixelsAsTheyAre, ContractOrigin.Graph, detail);
        return PixelNumbers.Bytes;
    }
}

using System.Globalization;

namespace EdgeInfer.Models.Contract;

/// <summary>Numbers and lists as <c>model.yaml</c> writes them, so that what is printed can be read back without loss.</summary>
internal static class ContractText
{
    private const int LargestDenominator = 4096;

    /// <summary>A whole number.</summary>
    public static string Of(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>The shortest text that reads back as the same float; <c>1/255</c> where it is such a fraction.</summary>
    public static string Of(float value)
    {
        string plain = value.ToString("R", CultureInfo.InvariantCulture);
        if (value is <= 0 or >= 1 || plain.Length <= 5) return plain;
        double denominator = Math.Round(1.0 / value, 2);
        bool isFraction = denominator <= LargestDenominator && (float)(1.0 / denominator) == value;
        return isFraction ? "1/" + denominator.ToString(CultureInfo.InvariantCulture) : plain;
    }

    /// <summary>A list of numbers.</summary>
    public static string Of(IReadOnlyList<float> values) => $"[{string.Join(", ", values.Select(Of))}]";

    /// <summary>A shape; <c>?</c> for a dynamic dimension.</summary>
    public static string OfShape(IReadOnlyList<long> shape)
        => $"[{string.Join(", ", shape.Select(d => d < 0 ? "?" : d.ToString(CultureInfo.InvariantCulture)))}]";

    /// <summary>As in <c>{ scale: 1/128, zero_point: 128 }</c>.</summary>
    public static string Of(Quantisation value) => $"{{ scale: {Of(value.Scale)}, zero_point: {Of(value.ZeroPoint)} }}";

    /// <summary>As in <c>{ boxes: [a], scores: [b], levels: [[16, 16, 2]], box_scale: 256 }</c>.</summary>
    public static string Of(SsdOptions ssd)
    {
        string levels = string.Join(", ", ssd.Levels.Select(l => string.Create(CultureInfo.InvariantCulture, $"[{l.GridWidth}, {l.GridHeight}, {l.PerCell}]")));
        return $"{{ boxes: [{string.Join(", ", ssd.Boxes.Select(Quoted))}], scores: [{string.Join(", ", ssd.Scores.Select(Quoted))}], levels: [{levels}], box_scale: {Of(ssd.BoxScale)} }}";
    }

    /// <summary>As in <c>[{ input: "a.jpg", expect: "a.json", truth: "a.truth.json" }]</c>.</summary>
    public static string OfGolden(IEnumerable<GoldenFiles> entries)
    {
        return $"[{string.Join(", ", entries.Select(e => $"{{ input: {Quoted(e.Input)}{Named("expect", e.Expect)}{Named("truth", e.Truth)} }}"))}]";

        static string Named(string key, string? file) => file is null ? "" : $", {key}: {Quoted(file)}";
    }

    /// <summary>A text in double quotes, as YAML reads them.</summary>
    public static string Quoted(string text)
    {
        System.Text.StringBuilder quoted = new("\"");
        foreach (char c in text)
        {
            if (c is '"' or '\\') quoted.Append('\\').Append(c);
            else if (c < ' ') quoted.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:X2}");
            else quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }
}

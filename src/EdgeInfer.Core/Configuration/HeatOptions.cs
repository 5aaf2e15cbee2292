namespace EdgeInfer.Configuration;

/// <summary><c>runtime.heat</c>: what is done about heat.</summary>
public sealed record HeatOptions
{
    /// <summary>Whether the inference rate is lowered while the device is too hot or held back.</summary>
    public bool IsGoverned { get; init; } = true;

    /// <summary>The temperature above which it is, in degrees Celsius; null for each zone's own.</summary>
    public double? LimitCelsius { get; init; }
}

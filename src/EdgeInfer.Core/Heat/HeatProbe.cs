namespace EdgeInfer.Heat;

/// <summary>Reads a device's heat and power.</summary>
internal sealed class HeatProbe
{
    /// <summary>Zones beyond these are left out: each is a label of the metrics.</summary>
    public const int MostZones = 32;
}

using System.Globalization;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>What values a control takes.</summary>
internal enum ControlKind
{
    /// <summary>A number of a range.</summary>
    Integer,

    /// <summary>Off and on.</summary>
    Boolean,

    /// <summary>One of a few named or numbered items.</summary>
    Menu,

    /// <summary>Bits.</summary>
    Bitmask,

    /// <summary>Does something when pressed; holds no value.</summary>
    Button,

    /// <summary>A text or a structure, which EdgeInfer does not set.</summary>
    Other,
}

/// <summary>An item of a menu.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Title">The driver's words, or the value of an integer menu.</param>
internal sealed record ControlItem(long Index, string Title)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index} ({Title})");
}

/// <summary>A control as the driver describes it.</summary>
/// <param name="Id">V4L2_CID_….</param>
/// <param name="Name">As v4l2-ctl prints it: <c>exposure_time_absolute</c>.</param>
/// <param name="Title">The driver's words.</param>
/// <param name="Kind">What values it takes.</param>
/// <param name="Minimum">Smallest value.</param>
/// <param name="Maximum">Largest value.</param>
/// <param name="Step">Distance between values; at least 1.</param>
/// <param name="Default">What the driver starts with.</param>
/// <param name="Flags">V4L2_CTRL_FLAG_….</param>
/// <param name="IsWide">Whether it has 64 bits.</param>
/// <param name="Items">Of a menu.</param>
internal sealed record ControlInfo(
    uint Id, string Name, string Title, ControlKind Kind, long Minimum, long Maximum, long Step, long Default, uint Flags, bool IsWide,
    IReadOnlyList<ControlItem> Items)
{
    /// <summary>The value it has now; null where it cannot be read.</summary>
    public long? Current { get; init; }

    /// <summary>Whether it can be read but not set.</summary>
    public bool IsReadOnly => (Flags & V4l2Values.ControlFlagReadOnly) != 0;

    /// <summary>Whether another control (mostly an automatic mode) makes it of no effect now.</summary>
    public bool IsInactive => (Flags & V4l2Values.ControlFlagInactive) != 0;

    /// <summary>Whether another program holds it.</summary>
    public bool IsGrabbed => (Flags & V4l2Values.ControlFlagGrabbed) != 0;

    /// <summary>Whether setting it makes others active or inactive; those go first.</summary>
    public bool IsMode => (Flags & V4l2Values.ControlFlagUpdate) != 0 || Id is V4l2Values.ControlAutoWhiteBalance or V4l2Values.ControlAutoGain
        or V4l2Values.ControlHueAuto or V4l2Values.ControlAutoBrightness or V4l2Values.ControlAutoExposure or V4l2Values.ControlExposureAutoPriority
        or V4l2Values.ControlFocusAuto or V4l2Values.ControlIsoSensitivityAuto;

    /// <summary>A value in words: an item with its title, else the number.</summary>
    public string Text(long value) => Kind switch
    {
        ControlKind.Boolean => value == 0 ? "false" : "true",
        ControlKind.Menu when Items.FirstOrDefault(i => i.Index == value) is { } item => item.ToString(),
        ControlKind.Bitmask => $"0x{value:x}",
        _ => value.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>The values it takes, in words: <c>3 to 2047, step 1, default 250</c>.</summary>
    public string Range() => Kind switch
    {
        ControlKind.Boolean => $"true or false, default {Text(Default)}",
        ControlKind.Menu => $"{string.Join(", ", Items)}, default {Text(Default)}",
        ControlKind.Bitmask => $"bits of {Text(Maximum)}, default {Text(Default)}",
        ControlKind.Button => "a button",
        ControlKind.Other => "a text or structure",
        _ => string.Create(CultureInfo.InvariantCulture, $"{Minimum} to {Maximum}, step {Step}, default {Default}"),
    };
}

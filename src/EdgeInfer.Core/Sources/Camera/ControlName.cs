using System.Text;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>Names of controls and of their menu's items, as v4l2-ctl prints them.</summary>
internal static class ControlName
{
    /// <summary>
    /// The same control under the names that the kernel's USB camera driver gave it before and since its names follow V4L2's own:
    /// a configuration stays true when the system is upgraded, or moved from an older Jetson to a newer Pi.
    /// </summary>
    private static readonly (uint Id, string Since, string Before)[] s_renamed =
    [
        (V4l2Values.ControlAutoWhiteBalance, "white_balance_automatic", "white_balance_temperature_auto"),
        (V4l2Values.ControlAutoExposure, "auto_exposure", "exposure_auto"),
        (V4l2Values.ControlExposureAbsolute, "exposure_time_absolute", "exposure_absolute"),
        (V4l2Values.ControlExposureAutoPriority, "exposure_dynamic_framerate", "exposure_auto_priority"),
        (V4l2Values.ControlFocusAuto, "focus_automatic_continuous", "focus_auto"),
    ];

    /// <summary>Lower case; whatever is no letter or digit becomes one underscore: <c>Exposure Time, Absolute</c> is <c>exposure_time_absolute</c>.</summary>
    public static string Of(string title)
    {
        StringBuilder name = new(title.Length);
        bool isGap = false;
        foreach (char c in title)
        {
            if (!char.IsAsciiLetterOrDigit(c))
            {
                isGap = name.Length > 0;
                continue;
            }

            if (isGap) name.Append('_');
            isGap = false;
            name.Append(char.ToLowerInvariant(c));
        }

        return name.ToString();
    }

    /// <summary>Whether a name as written means a control.</summary>
    public static bool Means(string written, ControlInfo control)
    {
        if (control.Name == written) return true;
        foreach ((uint id, string since, string before) in s_renamed)
            if (id == control.Id && (written == since || written == before)) return true;
        return false;
    }
}

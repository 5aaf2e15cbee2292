using EdgeInfer.Diagnostics;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Diagnosis;

/// <summary>The cameras of a survey as findings.</summary>
/// <param name="user">The service's user.</param>
internal sealed class CameraExamination(ServiceUser user)
{
    private const string Agent = "edgeinfer";

    /// <summary>Puts what was found into words.</summary>
    /// <param name="cameras">V4L2 nodes that capture.</param>
    /// <param name="csi">Cameras on ribbon cables.</param>
    public Section Examine(IReadOnlyList<SurveyedCamera> cameras, CsiFinding csi)
    {
        SectionBuilder section = new("cameras", "Cameras");
        foreach (SurveyedCamera camera in cameras) section.Add(Describe(camera));
        foreach (CsiCamera camera in csi.Cameras) section.Add(Finding.Ok(FindingId.CameraFound, $"{camera.Sensor} on a ribbon cable, {camera.Size}", $"csi:{camera.Number}") with { Details = camera.Modes });
        if (csi.Trouble is { } trouble)
            section.Add(Finding.Info(FindingId.CameraListFailed, trouble, csi.Program ?? "", "another program may hold the ribbon-cable camera; stop that and try again"));
        if (csi.Program == "nvarguscamerasrc") section.Add(Finding.Info(FindingId.CameraListAbsent, "ribbon-cable cameras are read through nvargus, which lists none: try csi:0"));
        if (cameras.Count == 0 && csi.Cameras.Count == 0)
        {
            section.Add(Finding.Info(FindingId.CameraNone, "no camera found", "", "plug one in (USB), or see dmesg; a container sees only what it was given with --device; a network camera needs none of this: source: { stream: … }"));
        }

        return section.Build();
    }

    private Finding Describe(SurveyedCamera camera)
    {
        string name = camera.Driver.Length > 0 ? $"{camera.Name} ({camera.Driver}, {camera.Bus})" : camera.Name.Length > 0 ? camera.Name : "a camera";
        string node = camera.StablePath == camera.Path ? "" : $" = {camera.Path}";
        List<string> details = Details(camera);
        if (camera.Access is { MayOpen: false, Cure: { } cure })
            return Finding.Warning(FindingId.CameraNotAllowed, $"{name}{node}: user {user.Name} may not open it ({camera.Access})", camera.StablePath, cure) with { Details = details };
        if (camera.Trouble is { } trouble) return Finding.Of(FindingId.CameraFault, trouble, FindingLevel.Warning) with { Details = details };
        if (camera.Controls.FirstOrDefault(static c => c.Name == "privacy") is { Current: 1 })
            return Finding.Warning(FindingId.CameraShutterClosed, $"{name}{node}: its privacy shutter is closed, its pictures are black", camera.StablePath, "open the shutter on the camera") with { Details = details };
        return camera.Role switch
        {
            CameraRole.CsiReceiver => Finding.Info(FindingId.CameraRaw, $"{name}{node}: gives raw data of a ribbon-cable camera, not pictures", camera.StablePath, "read it with source: { camera: csi:0 }") with { Details = details },
            CameraRole.Unreadable => Finding.Info(FindingId.CameraUnreadable, $"{name}{node}: offers no format that EdgeInfer reads, only {camera.Offer.Names()}", camera.StablePath) with { Details = details },
            _ => Finding.Ok(FindingId.CameraFound, $"{name}{node}", camera.StablePath) with { Details = details },
        };
    }

    private static List<string> Details(SurveyedCamera camera)
    {
        List<string> lines = [];
        if (camera.Holder is { } holder)
            lines.Add(holder.Name == Agent ? $"in use by the service (process {holder.Id})" : $"in use by {holder.Name} (process {holder.Id})");
        foreach (OfferedFormat format in camera.Offer.Formats) lines.Add($"{format.Format}: {(format.Sizes.Count == 0 ? "sizes not said" : string.Join(", ", format.Sizes))}");
        int width = camera.Controls.Count == 0 ? 0 : camera.Controls.Max(static c => c.Name.Length);
        foreach (ControlInfo control in camera.Controls)
        {
            string now = control.Current is { } value ? $", now {control.Text(value)}" : "";
            string note = control.IsReadOnly ? " (read only)" : control.IsInactive ? " (no effect now)" : "";
            lines.Add($"{control.Name.PadRight(width)}  {control.Range()}{now}{note}");
        }

        return lines;
    }
}

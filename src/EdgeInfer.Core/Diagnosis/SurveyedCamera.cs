using EdgeInfer.Diagnostics;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Diagnosis;

/// <summary>What a node that captures is for.</summary>
internal enum CameraRole
{
    /// <summary>A camera that EdgeInfer reads.</summary>
    Camera,

    /// <summary>The receiver of a ribbon-cable (CSI) camera: raw sensor data, which libcamera or nvargus make into pictures.</summary>
    CsiReceiver,

    /// <summary>Gives pictures in no format that EdgeInfer reads.</summary>
    Unreadable,

    /// <summary>It could not be asked: see <see cref="SurveyedCamera.Trouble"/>.</summary>
    Unknown,
}

/// <summary>A /dev/video* node that captures pictures, or that could not be asked.</summary>
/// <param name="Path"><c>/dev/videoN</c>.</param>
/// <param name="Name">The camera's name.</param>
/// <param name="Driver">Kernel driver; empty where the node could not be opened.</param>
/// <param name="Bus">Where it is plugged in; empty where the node could not be opened.</param>
/// <param name="Role">What it is for.</param>
internal sealed record SurveyedCamera(string Path, string Name, string Driver, string Bus, CameraRole Role)
{
    /// <summary>The link under /dev/v4l/by-path, which stays with the port; null where there is none.</summary>
    public string? ByPath { get; init; }

    /// <summary>The link under /dev/v4l/by-id, which stays with the camera; null where there is none.</summary>
    public string? ById { get; init; }

    /// <summary>What a configuration should name: a link that survives another order of plugging in.</summary>
    public string StablePath => ByPath ?? ById ?? Path;

    /// <summary>Formats, sizes and rates.</summary>
    public CameraOffer Offer { get; init; } = new([]);

    /// <summary>Controls with their ranges and values now.</summary>
    public IReadOnlyList<ControlInfo> Controls { get; init; } = [];

    /// <summary>Who may open it; null where the file system does not say.</summary>
    public NodeAccess? Access { get; init; }

    /// <summary>Who has it open now, as far as /proc shows it; null for nobody.</summary>
    public DeviceHolder? Holder { get; init; }

    /// <summary>Why it could not be asked; null where it could.</summary>
    public Fault? Trouble { get; init; }
}

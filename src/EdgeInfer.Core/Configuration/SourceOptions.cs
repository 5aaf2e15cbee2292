using System.Globalization;
using System.Text;

namespace EdgeInfer.Configuration;

/// <summary>The kinds of source, each with its options.</summary>
public abstract record SourceOptions
{
    /// <summary><c>rotate</c>, <c>flip</c> and <c>crop</c>.</summary>
    public PictureTurn Turn { get; init; } = PictureTurn.None;
}

/// <summary><c>source.camera</c>: a V4L2 node.</summary>
/// <param name="Device">Path of the node or of a link to it.</param>
/// <param name="Size">Wanted size; null takes what the driver has set.</param>
/// <param name="FramesPerSecond">Wanted rate; null takes what the driver has set.</param>
/// <param name="Format">Wanted format (mjpg, yuyv, nv12, grey); null prefers MJPG.</param>
public sealed record CameraOptions(string Device, (int Width, int Height)? Size, double? FramesPerSecond, string? Format) : SourceOptions
{
    /// <summary>Controls to set at each open.</summary>
    public ControlWishes Controls { get; init; } = ControlWishes.None;
}

/// <summary>How a source's pictures become upright: turned, then mirrored, then cut.</summary>
/// <param name="RotateDegrees">Clockwise: 0, 90, 180 or 270.</param>
/// <param name="IsMirrored">Left and right change sides after the turn.</param>
/// <param name="IsUpsideDown">Top and bottom change sides after the turn.</param>
/// <param name="Crop">What is kept of the turned picture, in fractions of it; null keeps all.</param>
public sealed record PictureTurn(int RotateDegrees, bool IsMirrored, bool IsUpsideDown, CropBox? Crop)
{
    /// <summary>The picture as it comes.</summary>
    public static PictureTurn None { get; } = new(0, false, false, null);
}

/// <summary>A part of a picture in fractions of its width and height.</summary>
/// <param name="X">Left edge, 0 to 1.</param>
/// <param name="Y">Upper edge, 0 to 1.</param>
/// <param name="Width">Above 0; X + Width is at most 1.</param>
/// <param name="Height">Above 0; Y + Height is at most 1.</param>
public readonly record struct CropBox(double X, double Y, double Width, double Height);

/// <summary><c>source.stream</c>: MJPEG or snapshots over HTTP.</summary>
/// <param name="Url">http or https; no credentials.</param>
/// <param name="Username">Basic or digest user.</param>
/// <param name="Password">Its password.</param>
/// <param name="SnapshotInterval">Set: the URL gives single pictures, fetched this often.</param>
public sealed record StreamOptions(Uri Url, string? Username, Secret? Password, TimeSpan? SnapshotInterval) : SourceOptions
{
    // The query of a camera's address often holds its password.
    /// <inheritdoc/>
    protected override bool PrintMembers(StringBuilder builder)
    {
        builder.Append(CultureInfo.InvariantCulture,
            $"Url = {Url.GetLeftPart(UriPartial.Path)}, Username = {Username}, SnapshotInterval = {SnapshotInterval}");
        return true;
    }
}

/// <summary><c>source.files</c>: a picture, a folder or a glob.</summary>
/// <param name="Pattern">Absolute.</param>
/// <param name="IsLooped">Starts again after the last.</param>
public sealed record FilesOptions(string Pattern, bool IsLooped) : SourceOptions;

/// <summary><c>source.synthetic</c>: the conveyor belt drawn in code.</summary>
/// <param name="Size">Picture size.</param>
/// <param name="FramesPerSecond">Pictures a second.</param>
/// <param name="Seed">Same seed, same pictures.</param>
public sealed record SyntheticOptions((int Width, int Height) Size, double FramesPerSecond, int Seed) : SourceOptions;

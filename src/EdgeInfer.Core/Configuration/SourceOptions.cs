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

/// <summary><c>source.stream</c>: MJPEG or snapshots over HTTP, or whatever ffmpeg reads.</summary>
/// <param name="Url">No credentials.</param>
/// <param name="Username">Basic or digest user.</param>
/// <param name="Password">Its password.</param>
/// <param name="SnapshotInterval">Set: the URL gives single pictures, fetched this often.</param>
public sealed record StreamOptions(Uri Url, string? Username, Secret? Password, TimeSpan? SnapshotInterval) : SourceOptions
{
    /// <summary>How ffmpeg reads it; null where it is read without.</summary>
    public FfmpegOptions? Ffmpeg { get; init; }

    // The query of a camera's address often holds its password.
    /// <inheritdoc/>
    protected override bool PrintMembers(StringBuilder builder)
    {
        builder.Append(CultureInfo.InvariantCulture,
            $"Url = {Url.GetLeftPart(UriPartial.Path)}, Username = {Username}, SnapshotInterval = {SnapshotInterval}");
        return true;
    }
}

/// <summary><c>source.files</c>: a picture or a film, a folder or a glob.</summary>
/// <param name="Pattern">Absolute.</param>
/// <param name="IsLooped">Starts again after the last.</param>
public sealed record FilesOptions(string Pattern, bool IsLooped) : SourceOptions
{
    /// <summary>How ffmpeg reads films; null where nothing is said about it.</summary>
    public FfmpegOptions? Ffmpeg { get; init; }
}

/// <summary>How ffmpeg reads a stream or a film.</summary>
public sealed record FfmpegOptions
{
    /// <summary><c>ffmpeg</c>: a path, or a name that is looked for in PATH.</summary>
    public string Program { get; init; } = "ffmpeg";

    /// <summary><c>transport</c>: whether RTSP's pictures come by UDP instead of within its own TCP connection.</summary>
    public bool IsUdp { get; init; }

    /// <summary><c>input_args</c>: what stands before <c>-i</c>, such as a hardware decoder.</summary>
    public IReadOnlyList<string> InputArguments { get; init => field = ByValue.List(value); } = ByValue.List<string>([]);

    /// <summary><c>fps</c>: frames above this rate are dropped by ffmpeg; null keeps all.</summary>
    public double? FramesPerSecond { get; init; }

    /// <summary><c>size</c>: ffmpeg scales to this; null keeps the size as it is.</summary>
    public (int Width, int Height)? Size { get; init; }

    /// <summary><c>timeout</c>: without a frame for so long the stream is opened anew. By default a frozen camera is noticed within 5 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(4);
}

/// <summary><c>source.synthetic</c>: the conveyor belt drawn in code.</summary>
/// <param name="Size">Picture size.</param>
/// <param name="FramesPerSecond">Pictures a second.</param>
/// <param name="Seed">Same seed, same pictures.</param>
public sealed record SyntheticOptions((int Width, int Height) Size, double FramesPerSecond, int Seed) : SourceOptions;

/// <summary><c>source.exec</c>: a command that writes pictures to its standard output.</summary>
/// <param name="Command">The program and its arguments.</param>
/// <param name="IsShellText">Whether it was written as one text and is run by <c>/bin/sh -c</c>.</param>
/// <param name="Format">mjpeg, or the raw format: i420, nv12, yuyv, rgb24, bgr24, gray.</param>
/// <param name="Size">Of raw pictures.</param>
/// <param name="FramesPerSecond">A command that writes faster is held up to this; null lets it.</param>
/// <param name="IsLooped">Whether a command that ends with code 0 is started again.</param>
/// <param name="Timeout">The longest time without a picture before it is ended and started again.</param>
public sealed record ExecOptions(
    IReadOnlyList<string> Command, bool IsShellText, string Format, (int Width, int Height)? Size, double? FramesPerSecond, bool IsLooped, TimeSpan Timeout) : SourceOptions
{
    /// <summary>The program and its arguments.</summary>
    public IReadOnlyList<string> Command { get; init => field = ByValue.List(value); } = ByValue.List(Command);

    // A command may hold a password.
    /// <inheritdoc/>
    protected override bool PrintMembers(StringBuilder builder)
    {
        builder.Append(CultureInfo.InvariantCulture, $"Format = {Format}, Size = {Size}, FramesPerSecond = {FramesPerSecond}, IsLooped = {IsLooped}, Timeout = {Timeout}");
        return true;
    }
}

/// <summary><c>source.camera: csi:N</c>: a camera on a ribbon, through the board's own program.</summary>
/// <param name="Number">N.</param>
/// <param name="Size">Wanted size.</param>
/// <param name="FramesPerSecond">Wanted rate; null takes the program's own.</param>
/// <param name="IsJpeg">JPEG instead of raw pictures.</param>
/// <param name="Arguments">More arguments for the program.</param>
/// <param name="Timeout">The longest time without a picture before the program is ended and started again.</param>
public sealed record CsiOptions(
    int Number, (int Width, int Height) Size, double? FramesPerSecond, bool IsJpeg, IReadOnlyList<string> Arguments, TimeSpan Timeout) : SourceOptions
{
    /// <summary>More arguments for the program.</summary>
    public IReadOnlyList<string> Arguments { get; init => field = ByValue.List(value); } = ByValue.List(Arguments);
}

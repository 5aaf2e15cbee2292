using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Sources.Children;

/// <summary>
/// A camera on a ribbon (<c>source.camera: csi:N</c>), through the program that the board's maker gives for it: <c>rpicam-vid</c> or
/// <c>libcamera-vid</c> on a Raspberry Pi, GStreamer's <c>nvarguscamerasrc</c> on a Jetson. Which one is found at each start.
/// </summary>
internal sealed class CsiSource : ChildSource
{
    private const string Launcher = "gst-launch-1.0";
    private const string Cure =
        "on a Raspberry Pi install rpicam-apps; on a Jetson NVIDIA's GStreamer plugins (nvidia-l4t-gstreamer); for other boards name their own command with `exec`";

    // Argus lets a camera go only after its pipeline has come to its end; a client killed before that can leave its daemon unusable.
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(5);

    private readonly CsiOptions _options;
    private readonly string? _folders;

    /// <summary>Prepares the source; nothing is started before <see cref="FrameSource.Start"/>.</summary>
    /// <param name="options">Number of the camera, size and rate.</param>
    /// <param name="output">Where frames go.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Jitter of the back-off.</param>
    /// <param name="logger">Changes of state go here.</param>
    /// <param name="folders">Where programs are looked for; null takes PATH.</param>
    public CsiSource(CsiOptions options, FrameMailbox output, TimeProvider time, Random random, ILogger logger, string? folders = null)
        : base($"csi:{options.Number}", RulesOf(options), output, time, random, logger)
    {
        _options = options;
        _folders = folders;
    }

    /// <inheritdoc/>
    protected override ChildCommand Command()
    {
        foreach (string name in (string[])["rpicam-vid", "libcamera-vid", Launcher])
        {
            if (ProgramPath.Find(name, _folders) is not { } path) continue;
            Program = name == Launcher ? "nvarguscamerasrc" : name;
            return new(name == Launcher ? Jetson(path) : RaspberryPi(path)) { StopSignal = StopSignal.Interrupt, Grace = s_grace };
        }

        throw new SourceException(SourceState.Failed,
            new(FaultKind.Unavailable, Name, $"none of rpicam-vid, libcamera-vid and {Launcher} is installed", Cure));
    }

    /// <inheritdoc/>
    protected override Fault? Explain(ChildExit exit, IReadOnlyList<string> errors)
    {
        string said = string.Join('\n', errors);
        if (said.Contains("no element \"nvarguscamerasrc\"", StringComparison.Ordinal))
            return new(FaultKind.Unavailable, Name, "rpicam-vid is not installed, and GStreamer has no nvarguscamerasrc", Cure);
        if (said.Contains("no cameras available", StringComparison.OrdinalIgnoreCase))
            return new(FaultKind.Unavailable, Name, "the board sees no camera", "check the ribbon and, for an older sensor, the overlay in /boot/firmware/config.txt");
        return null;
    }

    /// <summary>
    /// Raw rows are padded to 64 pixels on the Pi, which is why the size keeps to that. Large pictures are BT.709 there, JPEG pictures
    /// carry their own rule.
    /// </summary>
    private static ChildRules RulesOf(CsiOptions options)
    {
        (int width, int height) = options.Size;
        return new(options.IsJpeg ? null : new RawShape(PixelFormat.I420, width, height, ColourOf(width, height)), ChildRules.Patience(options.Timeout, options.FramesPerSecond));
    }

    // libcamera's own applications ask for Rec. 709 from 1280 or 720 on and for SMPTE 170M below.
    private static YuvColour ColourOf(int width, int height) => width >= 1280 || height >= 720 ? YuvColour.Bt709Limited : YuvColour.Bt601Limited;

    private List<string> RaspberryPi(string program)
    {
        List<string> command =
        [
            program, "--camera", Text(_options.Number), "--codec", _options.IsJpeg ? "mjpeg" : "yuv420", "-t", "0", "-n",
            "--width", Text(_options.Size.Width), "--height", Text(_options.Size.Height),
        ];
        if (_options.FramesPerSecond is { } rate) command.AddRange(["--framerate", rate.ToString(CultureInfo.InvariantCulture)]);
        return [.. command, .. _options.Arguments, "--flush", "-o", "-"];
    }

    /// <summary>
    /// The camera's library prints to standard output, so the pictures leave by descriptor 3 and a shell makes that the pipe.
    /// </summary>
    private List<string> Jetson(string launcher)
    {
        string caps = $"video/x-raw(memory:NVMM),width={Text(_options.Size.Width)},height={Text(_options.Size.Height)}";
        if (_options.FramesPerSecond is { } rate) caps += $",framerate={Fraction(rate)}";
        List<string> command =
        [
            "/bin/sh", "-c", "exec \"$@\" 3>&1 1>&2", "sh", launcher, "-q", "-e",
            "nvarguscamerasrc", $"sensor-id={Text(_options.Number)}", .. _options.Arguments, "!", caps, "!",
        ];
        return _options.IsJpeg
            ? [.. command, "nvjpegenc", "!", "fdsink", "fd=3"]
            : [.. command, "nvvidconv", "!", "video/x-raw,format=I420", "!", "fdsink", "fd=3"];
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Fraction(double rate) => rate == Math.Floor(rate) ? $"{(int)rate}/1" : $"{(int)Math.Round(rate * 1000)}/1000";
}

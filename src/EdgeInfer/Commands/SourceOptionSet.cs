using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Commands;

/// <summary>The options that name a source on the command line.</summary>
internal sealed class SourceOptionSet
{
    /// <summary><c>--camera</c>.</summary>
    public Option<string?> Camera { get; } = new("--camera") { Description = "A camera: /dev/video0, or csi:0 for one on a ribbon", HelpName = "DEV" };

    /// <summary><c>--stream</c>.</summary>
    public Option<string?> Stream { get; } = new("--stream") { Description = "A stream (http MJPEG, rtsp …) or a snapshot over http", HelpName = "URL" };

    /// <summary><c>--files</c>.</summary>
    public Option<string?> Files { get; } = new("--files") { Description = "A picture, a film, a folder or a glob", HelpName = "GLOB" };

    /// <summary><c>--exec</c>.</summary>
    public Option<string?> Exec { get; } = new("--exec") { Description = "A command that writes pictures to its standard output: MJPEG, or raw ones with --format and --size", HelpName = "CMD" };

    /// <summary><c>--size</c>.</summary>
    public Option<string?> Size { get; } = new("--size") { Description = "Wanted picture size of a camera, or that of a command's raw pictures, as in 1280x720", HelpName = "WxH" };

    /// <summary><c>--format</c>.</summary>
    public Option<string?> Format { get; } = new("--format") { Description = "Wanted format of a camera (mjpg, yuyv, nv12, grey), or that of a command (mjpeg, i420, nv12, rgb24 …)", HelpName = "F" };

    /// <summary><c>--username</c>.</summary>
    public Option<string?> Username { get; } = new("--username") { Description = "User name at the camera", HelpName = "NAME" };

    /// <summary><c>--password-file</c>.</summary>
    public Option<string?> PasswordFile { get; } = new("--password-file") { Description = "File that holds the camera's password", HelpName = "FILE" };

    /// <summary><c>--password</c>, which is only there to be refused.</summary>
    public Option<string?> Password { get; } = new("--password") { Hidden = true };

    /// <summary>What was given.</summary>
    public SourceFlags Read(ParseResult parsed) => new()
    {
        Camera = parsed.GetValue(Camera),
        Stream = parsed.GetValue(Stream),
        Files = parsed.GetValue(Files),
        Exec = parsed.GetValue(Exec),
        Size = parsed.GetValue(Size),
        Format = parsed.GetValue(Format),
        Username = parsed.GetValue(Username),
        PasswordFile = parsed.GetValue(PasswordFile),
    };

    /// <summary>Refuses a password on the command line, unseen.</summary>
    /// <exception cref="FaultException">One was given.</exception>
    public void RefusePassword(ParseResult parsed)
    {
        if (parsed.GetValue(Password) is null) return;
        throw FaultException.Of(FaultKind.Usage, "--password", "a password on the command line can be read by everyone on this machine",
            "write it into a file and give --password-file FILE");
    }
}

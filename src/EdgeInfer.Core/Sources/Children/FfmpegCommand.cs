using System.Globalization;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Posix;

namespace EdgeInfer.Sources.Children;

/// <summary>What an ffmpeg can do; found by trying, newest first.</summary>
/// <param name="HasFrameRateMode">Has <c>-fps_mode</c> (5.1), which replaces <c>-vsync</c>.</param>
/// <param name="HasListOptions">Its lists of files take <c>option</c> (5.0).</param>
internal readonly record struct FfmpegAbilities(bool HasFrameRateMode, bool HasListOptions)
{
    /// <summary>A current one.</summary>
    public static FfmpegAbilities All { get; } = new(true, true);
}

/// <summary>
/// Command lines that make ffmpeg write the picture alone, as raw planes, in the stream's own size and colours. A stream's address is
/// in a list that ffmpeg reads from its standard input: everybody on the machine can read arguments and some the environment.
/// </summary>
internal static class FfmpegCommand
{
    /// <summary>
    /// Decoder threads. Each holds a frame back, and one may be too slow: two keep up with twice what one does, for one frame's delay.
    /// </summary>
    private const string Threads = "2";

    /// <summary>In the order of preference: what decoders give, so that nothing is converted where it need not be.</summary>
    private const string Formats = "format=yuv420p|yuvj420p|nv12";

    // It says goodbye to the camera, which otherwise keeps its place for a minute; a camera that is gone does not hold it up for longer.
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(500);

    /// <summary>Reads a stream.</summary>
    /// <param name="options">The stream; with <see cref="StreamOptions.Ffmpeg"/>.</param>
    /// <param name="abilities">What this ffmpeg can do.</param>
    /// <param name="errors">Sees its log.</param>
    public static ChildCommand OfStream(StreamOptions options, FfmpegAbilities abilities, ErrorBytes errors)
    {
        FfmpegOptions ffmpeg = options.Ffmpeg!;
        // The outer demuxer only passes on what the inner one has found out.
        List<string> arguments = Start(ffmpeg);
        arguments.AddRange(["-fpsprobesize", "0", "-f", "concat", "-safe", "0", "-protocol_whitelist", Protocols(options.Url.Scheme), "-i", "pipe:0"]);

        // By the clock: cameras send time stamps that stand still, jump or are not there.
        const string arrival = "setpts=(RTCTIME-RTCSTART)/(TB*1000000),";
        AddOutput(arguments, ffmpeg, arrival, abilities);
        return new(arguments) { Input = Encoding.UTF8.GetBytes(List(options, abilities)), Errors = errors, Grace = s_grace };
    }

    /// <summary>Reads a film from its first frame to its last.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="ffmpeg">How.</param>
    /// <param name="abilities">What this ffmpeg can do.</param>
    /// <param name="errors">Sees its log.</param>
    public static ChildCommand OfFilm(string path, FfmpegOptions ffmpeg, FfmpegAbilities abilities, ErrorBytes errors)
    {
        List<string> arguments = Start(ffmpeg);
        arguments.AddRange(["-i", "file:" + path]);
        AddOutput(arguments, ffmpeg, "", abilities);
        return new(arguments) { Errors = errors, Grace = s_grace };
    }

    /// <summary>The list with the one stream, and its credentials; nothing to log.</summary>
    internal static string List(StreamOptions options, FfmpegAbilities abilities)
    {
        bool isRtsp = options.Url.Scheme is "rtsp" or "rtsps";
        string transport = options.Ffmpeg!.IsUdp ? "udp" : "tcp";
        StringBuilder list = new("ffconcat version 1.0\nfile '");
        list.Append(Address(options, isRtsp && !abilities.HasListOptions ? transport : null)).Append("'\n");

        // Twenty frames are otherwise looked at to learn the rate, which nobody needs here: four seconds at 5 fps.
        if (abilities.HasListOptions) list.Append("option fpsprobesize 0\n");
        if (abilities.HasListOptions && isRtsp) list.Append("option rtsp_transport ").Append(transport).Append('\n');
        return list.ToString();
    }

    /// <summary>The address with its credentials, percent-encoded so that no character of theirs is taken for the address's own.</summary>
    /// <param name="options">The stream.</param>
    /// <param name="transport">Named in the query, which ffmpeg takes out again; null for not.</param>
    private static string Address(StreamOptions options, string? transport)
    {
        Uri url = options.Url;
        StringBuilder address = new(url.Scheme);
        address.Append("://");
        if (options.Username is { } user)
        {
            address.Append(Uri.EscapeDataString(user));
            if (options.Password is { } password) address.Append(':').Append(Uri.EscapeDataString(password.Reveal()));
            address.Append('@');
        }

        address.Append(url.GetComponents(UriComponents.Host | UriComponents.Port | UriComponents.Path | UriComponents.Query, UriFormat.UriEscaped));
        if (transport is not null) address.Append(url.Query.Length > 1 ? '&' : '?').Append(transport);

        // The list's own quote.
        return address.Replace("'", "%27").ToString();
    }

    private static List<string> Start(FfmpegOptions ffmpeg) =>
    [
        // Sizes and changes of size are said at this level; single frames are not.
        ffmpeg.Program, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "verbose", "-threads", Threads, .. ffmpeg.InputArguments,
    ];

    private static void AddOutput(List<string> arguments, FfmpegOptions ffmpeg, string stamping, FfmpegAbilities abilities)
    {
        StringBuilder filters = new();
        if (ffmpeg.FramesPerSecond is { } rate) filters.Append(stamping).Append(Dropping(rate)).Append(',');
        if (ffmpeg.Size is { } size) filters.Append(CultureInfo.InvariantCulture, $"scale={size.Width}:{size.Height},");
        filters.Append(Formats);
        arguments.AddRange(["-map", "0:v:0", "-vf", filters.ToString()]);

        // As they come: by default ffmpeg repeats and drops frames for an even rate.
        arguments.AddRange([abilities.HasFrameRateMode ? "-fps_mode" : "-vsync", "passthrough", "-f", "rawvideo", "pipe:1"]);
    }

    /// <summary>
    /// Lets frames pass by the grid that the pipeline's own gate keeps. ffmpeg's <c>fps</c> filter would repeat frames where fewer come.
    /// </summary>
    private static string Dropping(double rate)
    {
        double interval = 1 / rate;
        double slack = Math.Min(interval / 8, 0.005);
        return string.Create(CultureInfo.InvariantCulture,
            $"select='if(isnan(t),1,if(gte(t+{slack:0.######},ld(0)),st(0,if(gt(t-ld(0),{interval:0.######}),t,ld(0))+{interval:0.######})*0+1,0))'");
    }

    private static string Protocols(string scheme) => scheme switch
    {
        "rtsp" or "rtsps" => "pipe,rtsp,rtp,tcp,udp,tls,crypto,data",
        "rtmp" or "rtmps" => "pipe,rtmp,rtmps,tcp,tls,crypto,data",
        "srt" => "pipe,srt,udp",
        "udp" => "pipe,udp",
        _ => "pipe,http,https,httpproxy,tcp,tls,crypto,data",
    };
}

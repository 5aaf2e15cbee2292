namespace EdgeInfer.Configuration;

internal sealed partial class SourceReader
{
    private static readonly string[] s_rtsp = ["rtsp", "rtsps"];
    private static readonly string[] s_schemes = ["http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp"];

    // Of streams and films that ffmpeg reads.
    private static readonly string[] s_ffmpegKeys = ["fps", "size", "input_args", "ffmpeg"];

    private StreamOptions? Stream(MappingReader source)
    {
        string? username = source.Text("username");
        Secret? password = new SecretReader(context).Read(source, "password");
        TimeSpan? snapshot = source.Duration("snapshot_interval", TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1));
        string? transport = source.Word("transport", ["tcp", "udp"]);
        TimeSpan? timeout = source.Duration("timeout", TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        FfmpegOptions ffmpeg = Ffmpeg(source) with { IsUdp = transport == "udp" };
        if (timeout is { } given) ffmpeg = ffmpeg with { Timeout = given };

        Uri? url = new ServerAddress(context).Read(source, "stream", s_schemes, "http://HOST/PATH or rtsp://HOST/PATH");
        if (url is null) return null;
        bool isHttp = url.Scheme is "http" or "https";
        bool isByFfmpeg = !isHttp || url.AbsolutePath.EndsWith(".m3u8", StringComparison.OrdinalIgnoreCase);
        if (password is not null && username is null) source.Fault("password", "a password without a user", $"add {source.PathOf("username")}");
        if (username?.Contains(':', StringComparison.Ordinal) == true) source.Fault("username", "holds a colon, which no camera's user name can have", "correct it");
        if (isByFfmpeg && snapshot is not null) source.Fault("snapshot_interval", "is for single pictures over http", "remove it, and set fps");
        if (!s_rtsp.Contains(url.Scheme)) Refuse(source, ["transport"], "is for rtsp", "remove it");
        if (!isByFfmpeg) Refuse(source, [.. s_ffmpegKeys, "timeout"], "is for streams that ffmpeg reads (rtsp and others)", "remove it; the pipeline's own fps drops frames before they are decoded");
        if (username is not null && url.Scheme is "srt" or "udp") Refuse(source, ["username"], $"is not for {url.Scheme}", "remove it");
        return new(url, username, password, snapshot) { Ffmpeg = isByFfmpeg ? ffmpeg : null };
    }

    private FfmpegOptions Ffmpeg(MappingReader source)
    {
        FfmpegOptions options = new();
        double? rate = Rate(source);
        (int Width, int Height)? size = source.Size("size");
        IReadOnlyList<string> arguments = source.Texts("input_args") ?? [];
        if (arguments.Any(a => a.Contains("://", StringComparison.Ordinal) || a is "-i" || a.Contains('\0', StringComparison.Ordinal)))
            source.Fault("input_args", "holds an address, or -i", "write only options; everybody on this machine can see them");
        string? program = source.Text("ffmpeg");
        if (program?.Contains('/', StringComparison.Ordinal) == true) program = context.AbsolutePath(source, "ffmpeg");
        return options with { Program = program ?? options.Program, InputArguments = arguments, FramesPerSecond = rate, Size = size };
    }

    private static void Refuse(MappingReader source, IEnumerable<string> keys, string what, string cure)
    {
        foreach (string key in keys.Where(source.Contains)) source.Fault(key, what, cure);
    }
}

using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Sources.Streams;

namespace EdgeInfer.Sources.Children;

/// <summary>Says once, in words, what ffmpeg's log of many lines comes to, and what to do about it. Nothing of the log passes unredacted.</summary>
/// <param name="name">The stream or film, free of secrets.</param>
/// <param name="program">ffmpeg, as configured.</param>
/// <param name="redaction">Takes secrets out of its lines.</param>
/// <param name="hasCredentials">Whether a user is configured.</param>
internal sealed class FfmpegFaults(string name, string program, Redaction redaction, bool hasCredentials)
{
    private const string CheckTheLine = "check the camera and the network";

    /// <summary>It ended by itself.</summary>
    /// <param name="exit">How.</param>
    /// <param name="lines">The last of its log.</param>
    /// <param name="codec">Of the video that came; empty for none.</param>
    /// <param name="hadFrames">Whether frames had come.</param>
    public SourceException OfEnd(ChildExit exit, IReadOnlyList<string> lines, string codec, bool hadFrames)
    {
        if (exit.Signal is not null) return NoSignal($"{program} {exit}", "see the system's log (journalctl -k); it is started again");
        string Line(string text) => lines.LastOrDefault(l => l.Contains(text, StringComparison.OrdinalIgnoreCase)) ?? "";
        bool Says(string text) => Line(text).Length > 0;

        if (hadFrames) return NoSignal("the camera ended the stream", "check the camera; some end a stream after a time, and it is opened again");
        if (OfOptions(Says, Line) is { } options) return options;
        if (Code(lines) is { } code) return OfCode(code);
        if (OfDecoder(Says, Line, codec) is { } decoder) return decoder;
        if (Says("matches no streams")) return Failed("there is no video in this stream", "use the address of the camera's video");
        if (Says("Failed to resolve hostname")) return NoSignal("the host name is not known here", "check the name, or use the camera's address");
        if (Says("Connection refused")) return NoSignal("nothing listens there (connection refused)", "check that the camera is on, and the port");
        if (Says("Network is unreachable") || Says("No route to host")) return NoSignal("there is no way to that address", "check the network, and that the camera is on");
        if (Says("Connection timed out")) return NoSignal("no answer", CheckTheLine);
        if (Says("Protocol not found")) return Failed("this ffmpeg cannot speak that protocol", "install a full ffmpeg, or use another address of the camera");
        if (Says("Invalid data found")) return Failed("what answers there is no video stream", "check the address, port and path; a web page is none");
        if (Says("Could not find codec parameters")) return NoSignal("the stream came without a whole picture", CheckTheLine);
        if (exit.IsSuccess || Says("Input/output error") || Says("reset by peer") || Says("End of file")) return NoSignal("the camera ended the connection before a picture", CheckTheLine);
        string last = lines.Count > 0 ? ": " + redaction.Clean(lines[^1]) : "";
        return NoSignal($"{program} {exit}{last}", "try the address with ffmpeg or ffprobe by hand");
    }

    /// <summary>A film that gave no frame, in the words that follow its path.</summary>
    public string OfFilm(ChildExit exit, IReadOnlyList<string> lines, string codec) => OfEnd(exit, lines, codec, false) switch
    {
        { Fault.What: "what answers there is no video stream" } => "is no film that ffmpeg can read",
        { Fault.What: "there is no video in this stream" } => "has no video in it",
        var other when exit.IsSuccess => "has no frame in it",
        var other => $"cannot be played: {other.Fault.What}; {other.Fault.Cure}",
    };

    /// <summary>No frame in time.</summary>
    /// <param name="limit">The wait.</param>
    /// <param name="codec">Of the video that came; empty for none.</param>
    /// <param name="hadFrames">Whether frames had come before.</param>
    public SourceException OfSilence(TimeSpan limit, string codec, bool hadFrames)
    {
        string seconds = limit.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture);
        if (hadFrames) return NoSignal($"no frame for {seconds} s", CheckTheLine);
        return codec.Length > 0
            ? NoSignal($"the stream has {codec} video, but no picture came in {seconds} s", "let the camera send a key frame every second or two")
            : NoSignal($"no stream in {seconds} s", "check the camera, and its port: something else may listen there");
    }

    /// <summary>It wrote something else than what was asked for.</summary>
    public SourceException OfUnknown(string codec)
        => Failed($"{program} does not say what it writes ({(codec.Length == 0 ? "no" : codec)} video)", "check input_args, and that this is ffmpeg 4.2 or newer");

    /// <summary>A picture beyond the limit.</summary>
    public SourceException OfSize(RawPictures? pictures, int limitBytes)
        => Failed($"pictures of {pictures?.Width}x{pictures?.Height}, more than {limitBytes >> 20} MiB each", "set `size`, or ask the camera for smaller pictures");

    /// <summary>It could not be started at all.</summary>
    public SourceException OfStart(Fault fault)
    {
        if (fault.Kind != FaultKind.NoInput) return Failed($"{program}: {fault.What}", fault.Cure);
        return program == "ffmpeg"
            ? Failed("ffmpeg is not installed", "apt-get install ffmpeg")
            : Failed($"{program}: {fault.What}", "correct `ffmpeg`, or leave it out and apt-get install ffmpeg");
    }

    /// <summary>The machine has no descriptors left for its pipes.</summary>
    public SourceException OfPipes(IOException e) => new(SourceState.Failed, ChildFaults.NoPipes(name, e));

    /// <summary>Something an operator must mend.</summary>
    public SourceException Failed(string what, string cure, TimeSpan pause = default)
        => new(SourceState.Failed, new(FaultKind.Unavailable, name, what, cure)) { Pause = pause };

    /// <summary>Something that waiting may mend.</summary>
    public SourceException NoSignal(string what, string cure) => new(SourceState.NoSignal, new(FaultKind.Unavailable, name, what, cure));

    private SourceException? OfOptions(Func<string, bool> says, Func<string, string> line)
    {
        foreach (string text in (ReadOnlySpan<string>)["Unrecognized option '", "Unrecognized hwaccel", "Unknown decoder '", "Error parsing options", "Error setting option", "Invalid value", "Option not found"])
        {
            if (says(text)) return Failed($"{program} does not take an option: {redaction.Clean(line(text))}", "correct input_args; ffmpeg -hwaccels and ffmpeg -decoders list what it has");
        }

        return null;
    }

    private SourceException? OfDecoder(Func<string, bool> says, Func<string, string> line, string codec)
    {
        if (says("Device creation failed") || says("Device setup failed") || says("No device available for decoder"))
            return Failed("the hardware decoder cannot be opened", "check input_args and that the service's user is in the groups video and render; without -hwaccel the processor decodes");
        if (says("Error while opening decoder") || says("can't configure decoder"))
            return Failed($"the decoder of {Known(codec)} video cannot be opened", "check input_args, or leave them out so that the processor decodes");
        if (!says("no decoder found for") && !says(") not found for input stream") && !says("Decoder not found")) return null;
        string named = line("no decoder found for") is { Length: > 0 } text ? text[(text.LastIndexOf(' ') + 1)..] : codec;
        return Failed($"this ffmpeg cannot decode {Known(named)} video", "set the camera to H.264, or install an ffmpeg that has the decoder");
    }

    private SourceException OfCode(int code) => code switch
    {
        401 when hasCredentials => Failed(
            "the camera refused the user name or password (401)",
            "check `username` and `password` of the stream; some cameras lock an account for minutes after wrong tries",
            CameraCredentials.PauseAfterRefusal),
        401 => Failed("the camera asks for a user name and a password (401)", "set `username` and `password` of the stream"),
        403 => Failed("the camera forbids this address to this user (403)", "give the user the right to see the picture"),
        404 or 454 => Failed($"the camera knows no such address ({code})", "take the path of the stream from the camera's manual"),
        461 => Failed("the camera does not send the stream that way (461)", "change `transport` of the stream: tcp or udp"),
        453 or 503 => NoSignal($"the camera is busy ({code})", "close other viewers: many cameras serve two or three at a time"),
        >= 500 => NoSignal($"the camera answered with an error of its own ({code})", "see the camera's log, or restart it"),
        _ => Failed($"the camera answered {code}", "check the address with the camera's manual"),
    };

    /// <summary>The status that the server answered with.</summary>
    private static int? Code(IReadOnlyList<string> lines)
    {
        foreach (string line in lines.Reverse())
        {
            foreach (string before in (ReadOnlySpan<string>)[" failed: ", "Server returned ", "HTTP error "])
            {
                int at = line.IndexOf(before, StringComparison.Ordinal) + before.Length;
                if (at < before.Length || at + 3 > line.Length) continue;
                if (int.TryParse(line.AsSpan(at, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int code) && code is >= 300 and < 600) return code;
            }
        }

        return null;
    }

    private static string Known(string codec) => codec switch { "hevc" => "H.265", "h264" => "H.264", "" => "this", _ => codec };
}

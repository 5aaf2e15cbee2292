using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;

namespace EdgeInfer.Sources.Children;

/// <summary>Words what commands do wrong.</summary>
internal sealed class ChildFaults(string name, ChildRules rules)
{
    // What a shell ends with where it could not run a command.
    private const int NotExecutable = 126;
    private const int NotFound = 127;

    /// <summary>The machine has no descriptors left for a command's pipes.</summary>
    public static Fault NoPipes(string name, IOException e) => new(FaultKind.InputOutput, name, e.Message, "see `ulimit -n`, or LimitNOFILE= of the service");

    /// <summary>No picture came in time.</summary>
    public SourceException Silent(TimeSpan time, bool hasBytes, ErrorTail errors)
    {
        string what = hasBytes ? "bytes came, but no whole picture" : "nothing came";
        return Of(SourceState.NoSignal, FaultKind.Unavailable, $"{what} for {ScalarText.Duration(time)}, and the command was ended{Said(errors)}",
            "it is started again; where it only needs longer, set `timeout`");
    }

    /// <summary>The command ended by itself.</summary>
    public SourceException Ended(ChildExit exit, bool hasFrames, int pendingBytes, ErrorTail errors)
    {
        string what = $"the command {exit}{(hasFrames ? "" : " before its first picture")}";
        if (pendingBytes > 0) what += ", " + Unfinished(pendingBytes);
        string cure = exit.Code switch
        {
            NotFound => "install what it needs, or correct the name",
            NotExecutable => "make it executable for the service's user",
            0 when hasFrames => "it is started again; with `loop: false` the source ends instead",
            0 => "it must write pictures to its standard output",
            _ when hasFrames => "it is started again",
            _ => "try it by hand as the service's user",
        };
        SourceState state = hasFrames ? SourceState.NoSignal : SourceState.Failed;
        return Of(state, exit.Code == NotFound ? FaultKind.NoInput : FaultKind.Unavailable, what + Said(errors), cure);
    }

    /// <summary>Where within a picture the output stopped.</summary>
    public string Unfinished(int pendingBytes)
        => rules.Shape is { } shape
            ? string.Create(CultureInfo.InvariantCulture,
                $"{pendingBytes} bytes into a frame of {shape.FrameBytes}: are `size` ({shape.Width}x{shape.Height}) and `format` right?")
            : "within a picture";

    /// <summary>What came holds no pictures.</summary>
    public SourceException Garbage(long bytes)
        => Of(SourceState.Failed, FaultKind.Data, $"{bytes >> 20} MiB came without a whole JPEG picture",
            "`format: mjpeg` wants JPEG pictures one after the other; for raw pictures name their `format` and `size`");

    /// <summary>A picture that does not end.</summary>
    public SourceException TooLarge(int bytes)
        => Of(SourceState.Failed, FaultKind.Data, $"a picture of more than {bytes >> 20} MiB", "let the command write smaller pictures");

    private SourceException Of(SourceState state, FaultKind kind, string what, string cure) => new(state, new(kind, name, what, cure));

    private static string Said(ErrorTail errors) => errors.LastLine is { } line ? $"; it said: \"{Redaction.OfAddresses.Clean(line)}\"" : "";
}

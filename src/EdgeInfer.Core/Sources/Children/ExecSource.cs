using EdgeInfer.Configuration;
using EdgeInfer.Posix;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Sources.Children;

/// <summary>Pictures that any command writes to its standard output (<c>source.exec</c>).</summary>
internal sealed class ExecSource : ChildSource
{
    private readonly ChildCommand _command;

    /// <summary>Prepares the source; nothing is started before <see cref="FrameSource.Start"/>.</summary>
    public ExecSource(ExecOptions options, FrameMailbox output, TimeProvider time, Random random, ILogger logger)
        : base(NameOf(options), RulesOf(options), output, time, random, logger)
        => _command = new(options.Command);

    /// <inheritdoc/>
    protected override ChildCommand Command() => _command;

    private static ChildRules RulesOf(ExecOptions options)
    {
        RawShape? shape = options.Size is { } size && FormatOf(options.Format) is { } format ? new(format, size.Width, size.Height) : null;
        return new(shape, ChildRules.Patience(options.Timeout, options.FramesPerSecond), options.IsLooped, options.FramesPerSecond);
    }

    private static PixelFormat? FormatOf(string word) => word switch
    {
        "mjpeg" => null,
        "i420" => PixelFormat.I420,
        "nv12" => PixelFormat.Nv12,
        "yuyv" => PixelFormat.Yuyv,
        "rgb24" => PixelFormat.Rgb24,
        "bgr24" => PixelFormat.Bgr24,
        "gray" => PixelFormat.Gray8,
        _ => throw new ArgumentOutOfRangeException(nameof(word), word, "no such format"),
    };

    // The program alone: what follows it may hold a password, and so may an assignment before it.
    private static string NameOf(ExecOptions options)
    {
        string program = options.Command[0];
        if (options.IsShellText)
        {
            string text = options.Command[^1].TrimStart();
            if (text.StartsWith("exec ", StringComparison.Ordinal)) text = text[5..].TrimStart();
            string first = text.Split([' ', '\t', '\n', ';', '|', '&'], 2)[0];
            if (first.Length > 0 && first.All(static c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or '+')) program = first;
        }

        return "exec " + program;
    }
}

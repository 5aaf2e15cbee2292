using System.Globalization;

namespace EdgeInfer.Configuration;

internal sealed partial class SourceReader
{
    private const string CsiPrefix = "csi:";

    /// <summary>Raw rows of the Pi's cameras are padded to this many pixels.</summary>
    private const int CsiWidthStep = 64;

    private static readonly TimeSpan s_usualTimeout = TimeSpan.FromSeconds(5);
    private static readonly string[] s_execFormats = ["mjpeg", "i420", "nv12", "yuyv", "rgb24", "bgr24", "gray"];
    private static readonly string[] s_csiFormats = ["i420", "mjpeg"];

    private ExecOptions? Exec(MappingReader source)
    {
        string format = source.Word("format", s_execFormats) ?? "mjpeg";
        (int Width, int Height)? size = source.Size("size");
        double? rate = Rate(source);
        bool isLooped = source.Boolean("loop") ?? true;
        TimeSpan timeout = Timeout(source);
        if (format == "mjpeg" && size is not null) source.Fault("size", "JPEG pictures have their own size", "remove it, or name the raw `format`");
        if (format != "mjpeg" && !source.Has("size")) source.Missing("size", $"raw pictures say nothing of their size: write size: WIDTHxHEIGHT of what the command writes as {format}");
        if (format is "nv12" or "yuyv" && size is { } odd && odd.Width % 2 != 0) source.Fault("size", $"a width of {odd.Width} in {format}", "write an even width");

        if (source.Node("exec") is not { } node) return null;
        (IReadOnlyList<string> Command, bool IsShellText)? command = node switch
        {
            YamlScalar text when !string.IsNullOrWhiteSpace(text.Value) => (["/bin/sh", "-c", text.Value], true),
            YamlSequence { Items.Count: > 0 } when source.Texts("exec") is { } parts && parts.Count > 0 && parts[0].Length > 0 => (parts, false),
            _ => null,
        };
        if (command is not { } found)
        {
            source.Fault("exec", "found no command", "write a command line, or a list of the program and its arguments");
            return null;
        }

        if (found.Command.Any(static part => part.Contains('\0', StringComparison.Ordinal))) source.Fault("exec", "a zero byte in the command", "remove it");
        if (found.Command.Any(HasCredentials))
            context.Warn(node.Mark, $"{source.PathOf("exec")}: an address with a password in it, which every user of this machine sees in the list of processes",
                "let the command read it from a file");
        return new(found.Command, found.IsShellText, format, size, rate, isLooped, timeout);
    }

    private static CsiOptions Csi(MappingReader source, string camera)
    {
        bool isJpeg = source.Word("format", s_csiFormats) == "mjpeg";
        (int Width, int Height) size = source.Size("size") ?? (1280, 720);
        double? rate = Rate(source);
        IReadOnlyList<string> arguments = source.Texts("arguments") ?? [];
        if (!int.TryParse(camera.AsSpan(CsiPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number > 15)
            source.Fault("camera", $"found {Quoted.Text(camera)}", "expected csi: and the number of the camera, such as csi:0");
        if (!isJpeg && size.Width % CsiWidthStep != 0)
        {
            int lower = Math.Max(CsiWidthStep, size.Width / CsiWidthStep * CsiWidthStep);
            source.Fault("size", $"a width of {size.Width}, but cameras on a ribbon give rows of whole {CsiWidthStep} pixels",
                $"write {lower} or {lower + CsiWidthStep}, or set format: mjpeg");
        }
        else if (size.Height % 2 != 0)
        {
            source.Fault("size", $"a height of {size.Height}", "write an even height");
        }

        return new(number, size, rate, isJpeg, arguments, Timeout(source));
    }

    private static TimeSpan Timeout(MappingReader source)
        => source.Duration("timeout", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)) ?? s_usualTimeout;

    private static bool HasCredentials(string text)
    {
        for (int at = text.IndexOf("://", StringComparison.Ordinal); at >= 0; at = text.IndexOf("://", at + 3, StringComparison.Ordinal))
        {
            int end = text.IndexOfAny(['/', ' ', '\'', '"', '?'], at + 3);
            ReadOnlySpan<char> authority = text.AsSpan((at + 3)..(end < 0 ? text.Length : end));
            int user = authority.IndexOf('@');
            if (user > 0 && authority[..user].Contains(':')) return true;
        }

        return false;
    }
}

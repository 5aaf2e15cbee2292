using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Sources.Children;

namespace EdgeInfer.Commands;

/// <summary>What an input of <c>predict</c> is: the source that it names, or pictures.</summary>
internal static class PredictInput
{
    /// <summary>The flags that stand for an input that a source reads; null for pictures.</summary>
    /// <param name="input">As on the command line.</param>
    /// <param name="given">The options beside it.</param>
    public static SourceFlags? Source(string input, SourceFlags given)
    {
        if (input.Contains("://", StringComparison.Ordinal)) return given with { Stream = input };

        // What belongs to the other kinds of input is not for these.
        given = given with { Username = null, PasswordFile = null };
        // Files in memory lie in /dev/shm.
        bool isDevice = input.StartsWith("/dev/", StringComparison.Ordinal) && !input.StartsWith("/dev/shm/", StringComparison.Ordinal);
        if (isDevice || input.StartsWith("csi:", StringComparison.Ordinal)) return given with { Camera = input };
        return FilmFile.IsNamedBy(input) ? given with { Files = input, Format = null } : null;
    }

    /// <summary>A picture's name for an input that is no file: <c>video0</c>, <c>csi-0</c>, <c>camera.local</c>.</summary>
    /// <param name="flags">As <see cref="Source"/> gave them.</param>
    public static string FileName(SourceFlags flags)
    {
        if (flags.Exec is not null) return "exec";
        string name = flags.Camera ?? flags.Files ?? (Uri.TryCreate(flags.Stream, UriKind.Absolute, out Uri? url) ? url.Host : "stream");
        string stem = Path.GetFileNameWithoutExtension(name);
        string file = flags.Stream is null && stem.Length > 0 ? stem : name;
        string safe = string.Concat(file.Select(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-')).TrimStart('-', '.');
        return safe.Length > 0 ? safe : "frame";
    }

    /// <summary>The words of the configuration's reader, for an input on the command line.</summary>
    public static Fault Worded(Fault fault, string input)
    {
        string what = fault.What;
        foreach (string key in (string[])["source.stream: ", "source.camera: ", "source.files: ", "source.exec: ", "source."])
            what = what.StartsWith(key, StringComparison.Ordinal) ? what[key.Length..] : what;
        string where = fault.Where is "--stream" or "--camera" or "--files" or "--exec" ? Quoted.Address(input).Trim('\'') : fault.Where;
        return fault with { Kind = FaultKind.Usage, Where = where, What = what };
    }
}

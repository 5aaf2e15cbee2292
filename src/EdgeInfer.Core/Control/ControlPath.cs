using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Posix;

namespace EdgeInfer.Control;

/// <summary>Where the control socket lies.</summary>
internal static class ControlPath
{
    /// <summary>The most bytes a socket's path can have: <c>sun_path</c> of unix(7), without its end.</summary>
    public const int LongestBytes = 107;

    /// <summary>The group that may use the socket where there is one of this name.</summary>
    public const string Group = RunFolder.Group;

    /// <summary>Where the socket goes when the folder of the default one cannot be made: the user's own runtime folder.</summary>
    /// <param name="runtimeFolder"><c>XDG_RUNTIME_DIR</c>.</param>
    public static string? Fallback(string? runtimeFolder)
        => string.IsNullOrEmpty(runtimeFolder) ? null : Path.Combine(runtimeFolder, "edgeinfer", "control.sock");

    /// <summary>Where a client looks, in order.</summary>
    /// <param name="runtimeFolder"><c>XDG_RUNTIME_DIR</c>.</param>
    public static IReadOnlyList<string> Candidates(string? runtimeFolder)
        => Fallback(runtimeFolder) is { } fallback ? [RuntimeOptions.DefaultControl, fallback] : [RuntimeOptions.DefaultControl];

    /// <summary>Whether a path can name a socket at all.</summary>
    public static bool Fits(string path) => Encoding.UTF8.GetByteCount(path) <= LongestBytes;
}

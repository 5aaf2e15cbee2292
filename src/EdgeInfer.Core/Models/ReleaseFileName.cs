using System.Buffers;

namespace EdgeInfer.Models;

/// <summary>
/// Names of a release's files. They become paths, words of messages and keys under which the graph names its weights, so they are kept to
/// what means the same everywhere: ASCII letters, digits, space and <c>._-+@=,()~</c>, with <c>/</c> between folders. Without other scripts
/// no two names look alike or are one name in two normal forms; without <c>*</c>, a name cannot be one of the words by which the runtime is
/// told that weights are at an address of its memory. The same holds for whoever publishes, admits and stores a release.
/// </summary>
internal static class ReleaseFileName
{
    private const int NameLength = 255;
    private const int PartLength = 128;
    private const int Depth = 8;

    private static readonly SearchValues<char> s_allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-+@=,()~");

    /// <summary>What is wrong with a name; null where nothing is.</summary>
    public static string? Problem(string name)
    {
        if (name.Length == 0) return "it is empty";
        if (name.Length > NameLength) return $"it has more than {NameLength} characters";
        if (name[0] == '/') return "it is an absolute path";
        string[] parts = name.Split('/');
        if (parts.Length > Depth) return $"it is more than {Depth} folders deep";
        foreach (string part in parts)
        {
            if (part.Length == 0) return "a part of it is empty";
            if (part.Length > PartLength) return $"a part of it has more than {PartLength} characters";
            if (part is "." or "..") return $"it has '{part}' in it";
            if (part[0] == '.') return "a part of it begins with a dot";
            if (part[0] == '-') return "a part of it begins with a hyphen, which some program would take for an option";
            if (part[0] == ' ' || part[^1] is ' ' or '.') return "a part of it begins or ends with a space, or ends with a dot";
            if (part.AsSpan().ContainsAnyExcept(s_allowed)) return "only ASCII letters, digits, space and ._-+@=,()~ are taken";
        }

        return null;
    }
}

using System.Globalization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>Names of roles, and of their files in a repository and in the state folder.</summary>
internal static class RoleName
{
    /// <summary>The root role.</summary>
    public const string Root = "root";

    /// <summary>The timestamp role.</summary>
    public const string Timestamp = "timestamp";

    /// <summary>The snapshot role.</summary>
    public const string Snapshot = "snapshot";

    /// <summary>The top-level targets role.</summary>
    public const string Targets = "targets";

    // With ".json", ".new" and a version before it, a name of a file has to stay below 255 bytes.
    private const int MaxQuoted = 200;
    private const int MaxTargetPath = 1024;

    /// <summary>The four that root metadata speak of.</summary>
    public static IReadOnlyList<string> TopLevel { get; } = [Root, Timestamp, Snapshot, Targets];

    /// <summary>Whether a role may be delegated to under a name: it must not be one of the four, and has to fit a file's name.</summary>
    public static bool IsDelegable(string name) => name.Length > 0 && name.Length <= MaxQuoted && !TopLevel.Contains(name) && Quote(name).Length <= MaxQuoted;

    /// <summary>A role's name in snapshot metadata: as it is, with <c>.json</c>.</summary>
    public static string MetaName(string role) => role + ".json";

    /// <summary>A role's file in a repository, relative to it.</summary>
    /// <param name="role">The role.</param>
    /// <param name="version">In the name where it is not null: of root always, of timestamp never, of others where the repository is consistent.</param>
    public static string MetadataFile(string role, long? version)
        => version is long number ? string.Create(CultureInfo.InvariantCulture, $"metadata/{number}.{Quote(role)}.json") : $"metadata/{Quote(role)}.json";

    /// <summary>A target's file in a repository, relative to it.</summary>
    /// <param name="path">The target.</param>
    /// <param name="hash">In the name where it is not null.</param>
    /// <exception cref="UpdateException">The path could lead out of its folder, or is too long (<see cref="UpdateCode.Signature"/>).</exception>
    public static string TargetsFile(string path, string? hash)
    {
        string[] segments = path.Split('/');
        // A server, or the code that makes an address, takes these out, quoted or not.
        if (path.Length > MaxTargetPath || segments.Any(s => s is "" or "." or ".."))
            throw UpdateException.Of(UpdateCode.Signature, OneLine.Short(path), "a target's path has an empty segment, . or .., or is too long");
        for (int i = 0; i < segments.Length; i++) segments[i] = Quote(segments[i]);
        if (hash is not null) segments[^1] = $"{hash}.{segments[^1]}";
        return "targets/" + string.Join('/', segments);
    }

    /// <summary>A name with everything but unreserved characters of RFC 3986 as percent and hex: safe in an address and as a file's name.</summary>
    public static string Quote(string name) => Uri.EscapeDataString(name);
}

using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Trust;

/// <summary>Bounds on what a repository can make a device read: an endless file ends here.</summary>
/// <remarks>The four sizes are those of the reference clients, so that a repository that suits them suits this one.</remarks>
internal static class RoleLimits
{
    /// <summary>Bytes of root metadata; about 2000 keys.</summary>
    public const int RootBytes = 512 * 1024;

    /// <summary>Bytes of timestamp metadata, which is asked for most often and says least.</summary>
    public const int TimestampBytes = 16 * 1024;

    /// <summary>Bytes of snapshot metadata.</summary>
    public const int SnapshotBytes = 2 * 1024 * 1024;

    /// <summary>Bytes of targets metadata, each role's; about 15,000 releases.</summary>
    public const int TargetsBytes = 5 * 1024 * 1024;

    /// <summary>
    /// Versions of root metadata taken in one refresh. Root is signed about once a year, so that no device needs them; nobody without the root keys
    /// can make one more; and the next refresh goes on where this one ended.
    /// </summary>
    public const int Rotations = 256;

    /// <summary>Delegated roles searched for one target; our publisher has two.</summary>
    public const int Delegations = 32;

    /// <summary>The bound of a role's metadata.</summary>
    public static int Bytes(string role) => role switch
    {
        RoleName.Root => RootBytes,
        RoleName.Timestamp => TimestampBytes,
        RoleName.Snapshot => SnapshotBytes,
        _ => TargetsBytes,
    };
}

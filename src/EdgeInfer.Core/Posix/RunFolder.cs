using EdgeInfer.Diagnostics;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Posix;

/// <summary>Folders for what lives as long as the system runs: sockets, and files in memory.</summary>
internal static class RunFolder
{
    /// <summary>The folder of a service.</summary>
    public const string Default = "/run/edgeinfer";

    /// <summary>The group that the folders are for, where there is one of this name.</summary>
    public const string Group = "edgeinfer";

    /// <summary>Makes a folder, for its user and the group <see cref="Group"/>, where there is none.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not.</exception>
    public static void Make(string folder)
    {
        if (Directory.Exists(folder)) return;
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);

        // A service's own user has the group already; root has to give the folder away, and is the only one who can.
        if (FileOwner.EffectiveUser() == 0 && UserGroups.NumberOf(Group) is { } group) FileOwner.TryGiveToGroup(folder, group);
    }

    /// <summary>The folder to use, made where it was missing: the configured one, or instead of the default one the user's own.</summary>
    /// <param name="configured"><c>runtime.run_folder</c>; empty for none.</param>
    /// <param name="runtimeFolder"><c>XDG_RUNTIME_DIR</c>.</param>
    /// <param name="fault">Why there is none; null where there is one, or none is wanted.</param>
    /// <returns>A folder that this process may write; null where there is none.</returns>
    public static string? Resolve(string configured, string? runtimeFolder, out Fault? fault)
    {
        fault = null;
        if (configured.Length == 0) return null;
        if (TryUse(configured, out string why)) return configured;
        if (configured == Default && !string.IsNullOrEmpty(runtimeFolder))
        {
            string own = Path.Combine(runtimeFolder, "edgeinfer");
            if (TryUse(own, out _)) return own;
        }

        fault = new(FaultKind.InputOutput, configured, why, "set runtime.run_folder to a folder on tmpfs that this user may write");
        return null;
    }

    private static bool TryUse(string folder, out string why)
    {
        try
        {
            Make(folder);
            why = "this user may not write to the folder";
            return FileOwner.MayWriteFolder(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            why = $"the folder cannot be made: {e.Message}";
            return false;
        }
    }
}

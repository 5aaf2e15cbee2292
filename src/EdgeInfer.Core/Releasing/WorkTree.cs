using EdgeInfer.Diagnostics;

namespace EdgeInfer.Releasing;

/// <summary>Whether a folder lies in a git work tree: what lies there is committed sooner or later.</summary>
internal static class WorkTree
{
    /// <summary>The work tree around a folder, which need not exist yet; null where there is none.</summary>
    public static string? Around(string folder)
    {
        for (string? at = Resolved(Path.GetFullPath(folder)); at is not null; at = Path.GetDirectoryName(at))
        {
            // A file in linked work trees and submodules.
            string git = Path.Combine(at, ".git");
            if (Directory.Exists(git) || File.Exists(git)) return at;
        }

        return null;
    }

    /// <summary>Refuses a folder of keys in a work tree.</summary>
    /// <exception cref="FaultException">It lies in one.</exception>
    public static void Refuse(string keysFolder)
    {
        if (Around(keysFolder) is not { } tree) return;
        throw FaultException.Of(FaultKind.Usage, keysFolder, $"private keys are not kept in a git work tree ({tree})", "name a folder outside of it with --keys DIR");
    }

    // A link on the way leads to where the files really lie.
    private static string Resolved(string folder)
    {
        string? parent = Path.GetDirectoryName(folder);
        if (parent is null) return folder;
        string full = Path.Combine(Resolved(parent), Path.GetFileName(folder));
        return Directory.Exists(full) ? new DirectoryInfo(full).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? full : full;
    }
}

using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Posix;

/// <summary>Finds programs as a shell does.</summary>
internal static class ProgramPath
{
    /// <summary>The path of a program: itself where it holds a slash, else looked for in the folders of PATH.</summary>
    /// <param name="name">A name or a path.</param>
    /// <param name="folders">PATH; null takes this process's own.</param>
    /// <returns>Null where there is none that this process may run.</returns>
    public static string? Find(string name, string? folders = null)
    {
        if (name.Length == 0) return null;
        if (name.Contains('/', StringComparison.Ordinal)) return IsProgram(name) ? name : null;
        folders ??= Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin";
        foreach (string folder in folders.Split(':'))
        {
            if (!folder.StartsWith('/')) continue;
            string path = Path.Join(folder, name);
            if (IsProgram(path)) return path;
        }

        return null;
    }

    private static bool IsProgram(string path) => File.Exists(path) && Processes.CanExecute(path);
}

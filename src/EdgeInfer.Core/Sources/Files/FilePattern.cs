using System.IO.Enumeration;

namespace EdgeInfer.Sources.Files;

/// <summary>Finds the files that a path, a folder or a glob names, in ordinal order.</summary>
internal static class FilePattern
{
    /// <summary>
    /// An existing file is itself; a folder is the files directly in it; otherwise <c>*</c> and <c>?</c> stand for characters of one
    /// name and <c>**</c> for any number of folders. Names that begin with a dot are found only where the pattern's own name does;
    /// links to folders are not followed below <c>**</c>, so that a circle ends.
    /// </summary>
    /// <param name="pattern">Absolute.</param>
    /// <returns>Absolute paths; empty where nothing matches.</returns>
    /// <exception cref="IOException">A folder cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder may not be read.</exception>
    public static List<string> Find(string pattern)
    {
        List<string> found = [];
        if (File.Exists(pattern))
        {
            found.Add(pattern);
        }
        else if (Directory.Exists(pattern))
        {
            AddFiles(pattern, "*", found);
        }
        else
        {
            string[] names = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
            Walk("/", names, found);
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    private static void Walk(string folder, ReadOnlySpan<string> names, List<string> found)
    {
        if (names.IsEmpty) return;
        string name = names[0];
        ReadOnlySpan<string> rest = names[1..];
        if (name == "**")
        {
            // As in a shell: no folder at all, or one and then again any number.
            if (rest.IsEmpty) AddFiles(folder, "*", found);
            else Walk(folder, rest, found);
            foreach (string inner in Folders(folder, "*", followLinks: false)) Walk(inner, names, found);
        }
        else if (rest.IsEmpty)
        {
            AddFiles(folder, name, found);
        }
        else if (IsLiteral(name))
        {
            string inner = Path.Join(folder, name);
            if (Directory.Exists(inner)) Walk(inner, rest, found);
        }
        else
        {
            foreach (string inner in Folders(folder, name, followLinks: true)) Walk(inner, rest, found);
        }
    }

    private static void AddFiles(string folder, string name, List<string> found)
    {
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            if (IsMatch(name, Path.GetFileName(path.AsSpan()))) found.Add(path);
        }
    }

    private static List<string> Folders(string folder, string name, bool followLinks)
    {
        List<string> folders = [];
        foreach (string path in Directory.EnumerateDirectories(folder))
        {
            bool isLink = !followLinks && new DirectoryInfo(path).LinkTarget is not null;
            if (!isLink && IsMatch(name, Path.GetFileName(path.AsSpan()))) folders.Add(path);
        }

        return folders;
    }

    private static bool IsLiteral(string name) => name.AsSpan().IndexOfAny('*', '?') < 0;

    private static bool IsMatch(string pattern, ReadOnlySpan<char> name)
        => (name[0] != '.' || pattern[0] == '.')
        && (IsLiteral(pattern) ? name.SequenceEqual(pattern) : FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false));
}

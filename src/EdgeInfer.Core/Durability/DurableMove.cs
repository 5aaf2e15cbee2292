using System.Globalization;
using EdgeInfer.Durability.Interop;

namespace EdgeInfer.Durability;

/// <summary>Names that survive a power cut.</summary>
public static class DurableMove
{
    private const int MostAside = 9;

    /// <summary>Gives a file, folder or whatever it is another name in the same folder, over a file that has it, and syncs the folder.</summary>
    /// <param name="from">The name it has.</param>
    /// <param name="to">The name it gets.</param>
    /// <exception cref="IOException">Nothing was renamed, or the new name may not be durable; the message says which call failed.</exception>
    public static void Rename(string from, string to)
    {
        PosixRename.Rename(from, to);
        PosixSync.Folder(Path.GetDirectoryName(Path.GetFullPath(to))!);
    }

    /// <summary>Moves a file or folder to another folder of the same file system, over a file that has the name there, and syncs both folders.</summary>
    /// <exception cref="IOException">Nothing was moved, or the new name may not be durable; the message says which call failed.</exception>
    internal static void Between(string from, string to)
    {
        PosixRename.Rename(from, to);
        // The new name first: in between, whatever it is may have two names, never none.
        PosixSync.Folder(Path.GetDirectoryName(Path.GetFullPath(to))!);
        PosixSync.Folder(Path.GetDirectoryName(Path.GetFullPath(from))!);
    }

    /// <summary>Gives a file that cannot be understood the name <c>….broken</c>, over an earlier one, or <c>….broken2</c> to <c>….broken9</c> where a
    /// folder is in the way; never throws: the disk that damaged it may refuse that too.</summary>
    /// <param name="path">The file, or whatever has its name.</param>
    /// <returns>What became of it, for the words of a fault.</returns>
    public static string SetAside(string path)
    {
        string aside = path + ".broken";
        for (int i = 2; i <= MostAside && IsInTheWay(path, aside); i++) aside = string.Create(CultureInfo.InvariantCulture, $"{path}.broken{i}");
        try
        {
            Rename(path, aside);
            return $"the file is now {aside}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"the file cannot be set aside: {e.Message}";
        }
    }

    // A file takes a file's name, and nothing else takes or gives one.
    private static bool IsInTheWay(string path, string aside) => Directory.Exists(aside) || (Directory.Exists(path) && File.Exists(aside));
}

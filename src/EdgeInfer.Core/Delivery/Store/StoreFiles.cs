using System.Globalization;
using EdgeInfer.Durability;

namespace EdgeInfer.Delivery.Store;

/// <summary>The files of a state folder that belong to the store, and their names while one takes another's place.</summary>
/// <param name="folder">The state folder.</param>
/// <remarks>
/// A database is set aside in steps that each leave a state which <see cref="FinishReplacement"/> or the next attempt can go on from: the
/// new one is complete under another name, the old one takes its own other name, its log follows (it would be applied to whatever has
/// the database's name), and only then the new one takes the name.
/// </remarks>
internal sealed class StoreFiles(string folder)
{
    private const string LogSuffix = "-wal";
    private const string IndexSuffix = "-shm";
    private const string BrokenInfix = ".broken-";
    private const int MostBroken = 2;

    /// <summary>The database.</summary>
    public string Database { get; } = Path.Combine(folder, "outbox.db");

    /// <summary>Locked by the agent that works here.</summary>
    public string Lock { get; } = Path.Combine(folder, "outbox.lock");

    /// <summary>A database that is being made.</summary>
    public string New => Database + ".new";

    /// <summary>The database's log.</summary>
    public string Log => Database + LogSuffix;

    /// <summary>Whether there is something under the database's name.</summary>
    public bool HasDatabase => Exists(Database);

    /// <summary>Whether a log has no database.</summary>
    public bool HasOrphanedLog => !HasDatabase && Exists(Log);

    /// <summary>Whether that which has the database's name cannot be one: no file, a link to nothing, or an empty one. It must not be opened: a pipe would wait.</summary>
    public bool CannotBeDatabase => Directory.Exists(Database) || IsDangling || new FileInfo(Database) is { Exists: true, Length: 0 };

    private bool IsDangling => new FileInfo(Database) is { LinkTarget: not null } link && link.ResolveLinkTarget(returnFinalTarget: true) is not { Exists: true };

    /// <summary>Removes what an unfinished attempt left.</summary>
    public void ClearNew()
    {
        foreach (string suffix in (ReadOnlySpan<string>)["", "-journal", LogSuffix, IndexSuffix]) File.Delete(New + suffix);
    }

    /// <summary>Gives the database, and what belongs to it, another name.</summary>
    /// <returns>The name.</returns>
    public string SetAside(long boot)
    {
        string aside = FreeName(boot);
        if (HasDatabase) DurableMove.Rename(Database, aside);
        foreach (string suffix in (ReadOnlySpan<string>)[LogSuffix, IndexSuffix])
            if (Exists(Database + suffix)) DurableMove.Rename(Database + suffix, aside + suffix);
        return aside;
    }

    /// <summary>Lets the new database take the name.</summary>
    public void TakeName()
    {
        // Left by the one that was set aside, if that ended before its log had followed.
        if (HasOrphanedLog && Broken() is [.., string newest] && !Exists(newest + LogSuffix)) DurableMove.Rename(Log, newest + LogSuffix);
        DurableMove.Rename(New, Database);
    }

    /// <summary>Removes all but the newest of those set aside. Folders stay: they are not the agent's.</summary>
    public void Prune()
    {
        List<string> broken = Broken();
        for (int i = 0; i < broken.Count - MostBroken; i++)
            foreach (string suffix in (ReadOnlySpan<string>)["", LogSuffix, IndexSuffix]) File.Delete(broken[i] + suffix);
    }

    private static bool Exists(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;

    private string FreeName(long boot)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{Database}{BrokenInfix}{boot}");
        string free = name;
        for (int i = 2; Exists(free) || Exists(free + LogSuffix); i++) free = string.Create(CultureInfo.InvariantCulture, $"{name}.{i}");
        return free;
    }

    // Oldest first: by the start that they were set aside in, and the count within it.
    private List<string> Broken()
    {
        string prefix = Path.GetFileName(Database) + BrokenInfix;
        List<(long Boot, int Count, string Path)> found = [];
        foreach (string path in Directory.GetFiles(folder, prefix + "*"))
        {
            string[] numbers = Path.GetFileName(path)[prefix.Length..].Split('.');
            int count = 1;
            if (!long.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out long boot)) continue;
            if (numbers.Length > 2 || (numbers.Length == 2 && !int.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out count))) continue;
            found.Add((boot, count, path));
        }

        found.Sort();
        return found.ConvertAll(f => f.Path);
    }
}

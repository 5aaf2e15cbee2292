using System.Runtime.InteropServices;

namespace EdgeInfer.Libraries;

/// <summary>Something that a library needs and does not find.</summary>
/// <param name="Library">The needed library, as it is asked for.</param>
/// <param name="NeededBy">File name of the library that needs it.</param>
/// <param name="Version">The symbol version that the one found lacks; null where none was found at all.</param>
/// <param name="Newest">The newest version of that kind that it has, in whole; null where it has none.</param>
internal sealed record UnmetNeed(string Library, string NeededBy, string? Version = null, string? Newest = null);

/// <summary>
/// Where the dynamic loader looks for the libraries that a library needs (ld.so(8)): its old run paths, LD_LIBRARY_PATH, its run path, the cache, the
/// default folders. Nothing is loaded. Libraries for other processors are passed over, as the loader does.
/// </summary>
internal sealed class LoaderSearch
{
    // Of what is in the field, TensorRT with all of CUDA comes to some sixty.
    private const int MostLibraries = 1000;

    private readonly IReadOnlyList<string> _before;
    private readonly IReadOnlyDictionary<string, IReadOnlyList<string>> _cache;
    private readonly IReadOnlyList<string> _defaults;

    /// <summary>Looks in given places.</summary>
    /// <param name="before">Folders of LD_LIBRARY_PATH.</param>
    /// <param name="cache">Paths by name, as the loader's cache has them.</param>
    /// <param name="defaults">Folders to look into last.</param>
    public LoaderSearch(IReadOnlyList<string> before, IReadOnlyDictionary<string, IReadOnlyList<string>> cache, IReadOnlyList<string> defaults)
    {
        _before = before;
        _cache = cache;
        _defaults = defaults;
    }

    // Debian's and Ubuntu's name of this machine's folder.
    private static string Triple => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

    /// <summary>The places of this system and this process's environment.</summary>
    public static LoaderSearch OfThisSystem()
    {
        string[] before = (Environment.GetEnvironmentVariable("LD_LIBRARY_PATH") ?? "").Split([':', ';'], StringSplitOptions.RemoveEmptyEntries);
        return new(before, LoaderCache.Read("/etc/ld.so.cache"), ["/lib/" + Triple, "/usr/lib/" + Triple, "/lib64", "/usr/lib64", "/lib", "/usr/lib"]);
    }

    /// <summary>All that a library, or one that it needs, needs and does not find; each library once, in the loader's order.</summary>
    /// <param name="library">The first one.</param>
    public IReadOnlyList<UnmetNeed> Unmet(ElfFile library)
    {
        List<UnmetNeed> unmet = [];
        Dictionary<string, ElfFile?> found = [];
        if (library.Soname.Length > 0) found[library.Soname] = library;
        Queue<(ElfFile File, IReadOnlyList<string> Inherited)> waiting = new([(library, (IReadOnlyList<string>)[])]);
        while (waiting.TryDequeue(out (ElfFile File, IReadOnlyList<string> Inherited) next))
        {
            IReadOnlyList<string> inherited = next.File.RunPath.Count > 0 ? next.Inherited : [.. Expanded(next.File.OldRunPath, next.File.Path), .. next.Inherited];
            foreach (string name in next.File.Needed)
            {
                if (found.ContainsKey(name) || found.Count >= MostLibraries) continue;
                ElfFile? file = Find(name, next.File, inherited);
                found[name] = file;
                if (file is null) unmet.Add(new(name, Path.GetFileName(next.File.Path)));
                else waiting.Enqueue((file, inherited));
            }

            foreach (ElfVersionNeed need in next.File.VersionsNeeded)
            {
                // A library without any versions passes, with a warning of the loader's.
                if (found.GetValueOrDefault(need.Library) is not { VersionsDefined.Count: > 0 } file || file.VersionsDefined.Contains(need.Version)) continue;
                if (!unmet.Exists(u => u.Library == need.Library && u.Version == need.Version))
                    unmet.Add(new(need.Library, Path.GetFileName(next.File.Path), need.Version, Newest(file, need.Version)));
            }
        }

        return unmet;
    }

    /// <summary>Orders version names of one kind, such as GLIBC_2.9 before GLIBC_2.10.</summary>
    public static int CompareVersions(string first, string second) => NumbersOf(first).CompareTo(NumbersOf(second));

    private static Version NumbersOf(string name)
    {
        string numbers = name[(name.LastIndexOf('_') + 1)..];
        return Version.TryParse(numbers.Contains('.', StringComparison.Ordinal) ? numbers : numbers + ".0", out Version? version) ? version : new();
    }

    private static string? Newest(ElfFile file, string wanted)
    {
        string kind = wanted[..(wanted.LastIndexOf('_') + 1)];
        string[] alike = [.. file.VersionsDefined.Where(v => v.StartsWith(kind, StringComparison.Ordinal) && NumbersOf(v) != new Version())];
        return alike.Length == 0 ? null : alike.Aggregate(static (a, b) => CompareVersions(a, b) >= 0 ? a : b);
    }

    private ElfFile? Find(string name, ElfFile neededBy, IReadOnlyList<string> inherited)
    {
        if (name.Contains('/', StringComparison.Ordinal)) return Usable(name);
        IEnumerable<string> old = neededBy.RunPath.Count > 0 ? [] : inherited;
        foreach (string folder in old.Concat(_before).Concat(Expanded(neededBy.RunPath, neededBy.Path)))
        {
            if (Usable(Path.Combine(folder, name)) is { } file) return file;
        }

        foreach (string path in _cache.GetValueOrDefault(name, []))
        {
            if (Usable(path) is { } file) return file;
        }

        foreach (string folder in _defaults)
        {
            if (Usable(Path.Combine(folder, name)) is { } file) return file;
        }

        return null;
    }

    // ld.so(8), "Dynamic string tokens". $LIB differs between distributions; $PLATFORM is in nobody's use any more.
    private static IEnumerable<string> Expanded(IReadOnlyList<string> folders, string of)
    {
        string origin = Path.GetDirectoryName(Path.GetFullPath(of)) ?? "/";
        foreach (string written in folders)
        {
            string folder = written.Replace("${ORIGIN}", origin, StringComparison.Ordinal).Replace("$ORIGIN", origin, StringComparison.Ordinal).Replace("${LIB}", "$LIB", StringComparison.Ordinal);
            if (!folder.Contains("$LIB", StringComparison.Ordinal)) yield return folder;
            else foreach (string lib in (string[])["lib/" + Triple, "lib64", "lib"]) yield return folder.Replace("$LIB", lib, StringComparison.Ordinal);
        }
    }

    private static ElfFile? Usable(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            ElfFile file = ElfFile.Read(path);
            return file.Machine == ElfMachine.Here ? file : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }
}

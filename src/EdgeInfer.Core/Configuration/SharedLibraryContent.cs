using EdgeInfer.Libraries;

namespace EdgeInfer.Configuration;

/// <summary>Looks whether a file can be loaded here, and be an ONNX Runtime that is served, by what its ELF tables say: none of its code runs.</summary>
internal static class SharedLibraryContent
{
    private const string EntryPoint = "OrtGetApiBase";
    private const string VersionPrefix = "VERS_";
    private const string GlibcPrefix = "GLIBC_";
    private const string Cure = "name the libonnxruntime.so itself";

    /// <summary>What is wrong with a file that <c>runtime.onnxruntime</c> names, and the cure; null where nothing is, or it may not be read by this user.</summary>
    /// <param name="path">An existing file.</param>
    public static (string What, string Cure)? Wrong(string path)
    {
        try
        {
            ElfFile file = ElfFile.Read(path);
            if (ForAnotherMachine(file) is { } machine) return ($"the library {path} {machine}", "name one that was built for this processor");
            if (file.Type != ElfFile.Shared) return ($"the file {path} is no shared library", Cure);
            if (!file.Defines(EntryPoint)) return ($"the library {path} is no ONNX Runtime: it lacks {EntryPoint}", Cure);
            if (VersionOf(file) is { } version && ServedRuntimes.Refusal(version) is { } refusal) return ($"the library {path} {refusal.What}", refusal.Cure);
            return NotFound(file) is { } missing ? ($"the library {path} {missing.What}", missing.Cure) : null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
        catch (InvalidDataException e)
        {
            return ($"the file {path} {e.Message}", Cure);
        }
        catch (IOException e)
        {
            return BoundedFile.Explain(e, path, "name a libonnxruntime.so");
        }
    }

    /// <summary>What keeps any library from being loaded here, as a predicate, all missing libraries at once, and the cure; null where nothing is seen.</summary>
    /// <param name="path">An existing file.</param>
    public static (string What, string Cure)? WhyNotLoadable(string path)
    {
        try
        {
            ElfFile file = ElfFile.Read(path);
            return ForAnotherMachine(file) is { } machine ? (machine, "use one that was built for this processor") : NotFound(file);
        }
        catch (InvalidDataException e)
        {
            return (e.Message, "copy it again");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ($"cannot be read: {e.Message}", "give the service's user the right to read it");
        }
    }

    /// <summary>What a list of unmet needs comes to, as a predicate, and the cure; null for an empty list. A C library that is too old comes before all else.</summary>
    public static (string What, string Cure)? Describe(IReadOnlyList<UnmetNeed> unmet)
    {
        UnmetNeed? glibc = unmet.Where(static u => u.Version?.StartsWith(GlibcPrefix, StringComparison.Ordinal) == true)
            .MaxBy(static u => u.Version, Comparer<string?>.Create(static (a, b) => LoaderSearch.CompareVersions(a!, b!)));
        if (glibc is not null)
        {
            string has = glibc.Newest is null ? "older" : glibc.Newest[GlibcPrefix.Length..];
            return ($"needs glibc {glibc.Version![GlibcPrefix.Length..]}, and this system has {has}", "use a build for this release of the system, or a newer system");
        }

        UnmetNeed[] missing = [.. unmet.Where(static u => u.Version is null)];
        if (missing.Length > 0)
        {
            string names = string.Join(", ", missing.Select(static u => u.Library));
            return ($"needs {names}, which {(missing.Length == 1 ? "is" : "are")} not found here", "install what has them, or add their folder to /etc/ld.so.conf.d and run ldconfig");
        }

        if (unmet.Count == 0) return null;
        return ("needs " + string.Join(", ", unmet.Select(static u => $"{u.Version} of {u.Library}{(u.Newest is null ? "" : $", which has up to {u.Newest}")}")), "install a newer version of it, or use a build for this system");
    }

    private static string? ForAnotherMachine(ElfFile file) => file.Machine == ElfMachine.Here ? null : $"is for {file.Machine}, and this is {ElfMachine.Here}";

    // ONNX Runtime's builds give their symbols one version that says the library's own. Others are asked once they are loaded.
    private static string? VersionOf(ElfFile file)
        => file.VersionsDefined.FirstOrDefault(static v => v.StartsWith(VersionPrefix, StringComparison.Ordinal)) is { } version ? version[VersionPrefix.Length..] : null;

    private static (string What, string Cure)? NotFound(ElfFile file) => Describe(LoaderSearch.OfThisSystem().Unmet(file));
}

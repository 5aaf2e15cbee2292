using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Libraries;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis.Gpu;

/// <summary>The library of an execution provider, and what it needs that the loader would not find.</summary>
/// <param name="Provider">As the configuration names it.</param>
/// <param name="Path">The library.</param>
/// <param name="Missing">Names that the loader would not find, in the order asked for.</param>
/// <param name="CudaMajor">The CUDA that it was built for; null where it uses none.</param>
/// <param name="Unfit">What else keeps it from loading here, as a predicate, with the cure: another processor, a newer C library; null for nothing.</param>
internal sealed record ProviderLibrary(string Provider, string Path, IReadOnlyList<string> Missing, int? CudaMajor, (string What, string Cure)? Unfit = null)
{
    /// <summary>Whether the loader would find all that it needs.</summary>
    public bool IsComplete => Missing.Count == 0 && Unfit is null;
}

/// <summary>The libraries of execution providers beside an ONNX Runtime: read, never loaded.</summary>
/// <param name="files">The system.</param>
/// <param name="loader">Where the loader looks.</param>
/// <param name="search">Finds what a library needs.</param>
internal sealed class ProviderLibraries(SystemFiles files, LoaderFolders loader, LoaderSearch search)
{
    private const string Shared = "shared";
    private const string CuDnn = "libcudnn.so.9";

    /// <summary>Finds them as the loader does: on the machine itself as it is set up, under a test's root in the folders given.</summary>
    public static ProviderLibraries Of(SystemFiles files, LoaderFolders loader)
        => new(files, loader, files.IsReal ? LoaderSearch.OfThisSystem() : new([], new Dictionary<string, IReadOnlyList<string>>(), [.. loader.Folders.Select(files.At)]));

    /// <summary>Every provider that has a library of its own in a folder.</summary>
    public IReadOnlyList<ProviderLibrary> In(string folder)
    {
        List<ProviderLibrary> libraries = [];
        foreach (string path in files.List(folder.TrimEnd('/'), RuntimeFolder.PartPrefix + "*.so"))
        {
            string name = Path.GetFileNameWithoutExtension(path)[RuntimeFolder.PartPrefix.Length..];
            if (name != Shared) libraries.Add(Read(name, path));
        }

        return libraries;
    }

    private ProviderLibrary Read(string provider, string path)
    {
        try
        {
            ElfFile library = ElfFile.Read(files.At(path));
            if (library.Machine != ElfMachine.Here) return new(provider, path, [], null, ($"is for {library.Machine}, and this is {ElfMachine.Here}", "use one that was built for this processor"));
            int? cuda = library.Needed.Select(static n => Major(n, "libcudart")).FirstOrDefault(static m => m is not null);
            IReadOnlyList<UnmetNeed> unmet = search.Unmet(library);
            List<string> missing = [.. unmet.Where(static u => u.Version is null).Select(static u => u.Library)];

            // CUDA's provider asks for it while it runs; its convolutions need it.
            bool asksLater = provider == "cuda" && cuda is >= 12 && !library.Needed.Any(static n => n.StartsWith("libcudnn", StringComparison.Ordinal));
            if (asksLater && loader.Find(CuDnn, Path.GetDirectoryName(path)) is null) missing.Add(CuDnn);
            return new(provider, path, missing, cuda, SharedLibraryContent.Describe([.. unmet.Where(static u => u.Version is not null)]));
        }
        catch (InvalidDataException e)
        {
            return new(provider, path, [], null, (e.Message, "copy it again"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(provider, path, [], null, ($"cannot be read: {e.Message}", "give the service's user the right to read it"));
        }
    }

    /// <summary>The number of a library's interface: 13 of <c>libcudart.so.13</c>; null for another library.</summary>
    public static int? Major(string name, string stem)
        => name.StartsWith(stem + ".so.", StringComparison.Ordinal)
            && int.TryParse(name[(stem.Length + 4)..].Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int major) ? major : null;
}

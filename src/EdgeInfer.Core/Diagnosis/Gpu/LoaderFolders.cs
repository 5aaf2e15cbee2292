using System.Runtime.InteropServices;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis.Gpu;

/// <summary>A shared library that the loader would find.</summary>
/// <param name="Path">Where.</param>
/// <param name="Version">What its file's own name says behind <c>.so.</c>; empty where it says no more than the name asked for.</param>
internal sealed record FoundLibrary(string Path, string Version);

/// <summary>Where the loader looks for shared libraries: LD_LIBRARY_PATH, the folders of /etc/ld.so.conf, and its own.</summary>
internal sealed class LoaderFolders
{
    private const int MostFiles = 64;

    // Where NVIDIA's packages put them, whether or not the loader was told.
    private static readonly string[] s_asides = ["/usr/local/cuda/lib64", "/usr/local/cuda/targets/x86_64-linux/lib", "/usr/local/cuda/targets/aarch64-linux/lib", "/opt/cuda/lib64", "/usr/lib/wsl/lib", "/opt/tensorrt/lib", "/usr/local/tensorrt/lib"];

    private readonly SystemFiles _files;
    private readonly List<string> _folders = [];

    /// <summary>Reads what the loader reads.</summary>
    /// <param name="files">The system.</param>
    /// <param name="libraryPath">LD_LIBRARY_PATH; null for none.</param>
    /// <param name="architecture">Of the programs here.</param>
    public LoaderFolders(SystemFiles files, string? libraryPath, Architecture architecture)
    {
        _files = files;
        foreach (string folder in (libraryPath ?? "").Split(':')) Add(folder);
        Include("/etc/ld.so.conf", 0);
        string triplet = architecture == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
        foreach (string folder in (string[])[$"/lib/{triplet}", $"/usr/lib/{triplet}", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]) Add(folder);
    }

    /// <summary>The folders, in the order they are looked through.</summary>
    public IReadOnlyList<string> Folders => _folders;

    /// <summary>Finds a library by the name that programs ask for.</summary>
    /// <param name="name">Such as <c>libcudart.so.12</c>.</param>
    /// <param name="first">A folder that is looked through before all others; null for none.</param>
    public FoundLibrary? Find(string name, string? first = null)
    {
        if (first is not null && In(first, name) is { } beside) return beside;
        foreach (string folder in _folders)
            if (In(folder, name) is { } found) return found;
        return null;
    }

    /// <summary>Finds a library where the loader does not look, so that it only has to be told.</summary>
    public FoundLibrary? FindAside(string name)
    {
        foreach (string folder in s_asides.Concat(_files.List("/usr/local", "cuda-*").Reverse().Select(static c => c + "/lib64")))
            if (!_folders.Contains(folder) && In(folder, name) is { } found) return found;
        return null;
    }

    /// <summary>The newest of the libraries whose name begins like this, in the first folder that has any.</summary>
    /// <param name="stem">Such as <c>libcudart</c>.</param>
    public FoundLibrary? FindAny(string stem)
    {
        foreach (string folder in _folders)
        {
            FoundLibrary? newest = null;
            foreach (string path in _files.List(folder, stem + ".so.*"))
                if (In(folder, Path.GetFileName(path)) is { } found && (newest is null || found.Version.Length >= newest.Version.Length)) newest = found;
            if (newest is not null) return newest;
        }

        return null;
    }

    private FoundLibrary? In(string folder, string name)
    {
        string path = $"{folder}/{name}";
        if (!_files.Exists(path)) return null;
        string file = Path.GetFileName(_files.Target(path) ?? path);
        int at = file.IndexOf(".so.", StringComparison.Ordinal);
        return new(path, at < 0 ? "" : file[(at + 4)..]);
    }

    private void Add(string folder)
    {
        string clean = folder.Length > 1 ? folder.TrimEnd('/') : folder;
        if (clean.StartsWith('/') && !_folders.Contains(clean)) _folders.Add(clean);
    }

    private void Include(string pattern, int depth)
    {
        // A file that includes itself ends here.
        if (depth > 4 || _folders.Count > MostFiles) return;
        string folder = Path.GetDirectoryName(pattern) ?? "/";
        foreach (string file in _files.List(folder, Path.GetFileName(pattern)))
        {
            foreach (string line in _files.Lines(file))
            {
                string text = line.Split('#')[0].Trim();
                if (text.StartsWith("include ", StringComparison.Ordinal))
                {
                    string included = text["include ".Length..].Trim();
                    Include(included.StartsWith('/') ? included : $"{folder}/{included}", depth + 1);
                }
                else
                {
                    Add(text);
                }
            }
        }
    }
}

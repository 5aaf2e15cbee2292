using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Releasing;

/// <summary>Where a publisher's files lie.</summary>
/// <param name="root">The release folder.</param>
internal sealed class ReleaseFolder(string root)
{
    private const UnixFileMode OwnerFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The release folder, absolute.</summary>
    public string Root { get; } = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));

    /// <summary>What is published: static files, to be copied to any web server or bucket.</summary>
    public string Repository => Path.Combine(Root, "repository");

    /// <summary>What was packed and is not yet published.</summary>
    public string Pending => Path.Combine(Root, "pending");

    /// <summary>What this folder is.</summary>
    public string SettingsPath => Path.Combine(Root, ReleaseSettings.FileName);

    /// <summary>Where a file of the repository lies.</summary>
    /// <param name="name">Relative, with <c>/</c>.</param>
    public string FileOf(string name) => Path.Combine(Repository, name);

    /// <summary>Keeps other release commands out of this folder until it is disposed.</summary>
    /// <exception cref="FaultException">One is at work here.</exception>
    public IDisposable Lock()
    {
        try
        {
            return new FileStream(Path.Combine(Root, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (DirectoryNotFoundException e)
        {
            throw FaultException.Of(FaultKind.NoInput, Root, "there is no release folder here", "make one with 'edgeinfer release init', or name it with --dir DIR", e);
        }
        catch (IOException e)
        {
            throw FaultException.Of(FaultKind.Unavailable, Root, "another release command is at work in this folder", "wait until it has ended", e);
        }
    }

    /// <summary>The folder of keys of some settings.</summary>
    public string KeysOf(ReleaseSettings settings) => Path.GetFullPath(settings.Keys, Root);

    /// <summary>Makes a folder that its owner alone may look into.</summary>
    public static void MakePrivate(string folder)
    {
        if (Directory.Exists(folder)) return;
        DurableFolder.Make(Path.GetDirectoryName(Path.GetFullPath(folder))!);
        Directory.CreateDirectory(folder, OwnerFolder);
    }

    /// <summary>Writes a file that its owner alone may read; none that is there is replaced.</summary>
    /// <exception cref="FaultException">It is there.</exception>
    public static void WritePrivate(string path, ReadOnlySpan<byte> content)
    {
        if (File.Exists(path)) throw FaultException.Of(FaultKind.Usage, path, "this file is there already, and keys are never replaced", "name another folder with --keys DIR");
        // AtomicFile writes into what is there under this name, whose mode it keeps.
        string temporary = path + ".new";
        File.Delete(temporary);
        using (new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
        }

        AtomicFile.Write(path, content);
    }
}

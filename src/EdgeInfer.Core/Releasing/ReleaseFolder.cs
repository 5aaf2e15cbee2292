using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Durability.Interop;

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

    /// <summary>Notes of keys that <c>release init</c> makes, until it has ended.</summary>
    public NewKeys InitKeys => new(Path.Combine(Root, ".init"));

    /// <summary>Notes of keys that <c>release rotate</c> makes, until <see cref="SettingsPath"/> names them.</summary>
    public NewKeys RotateKeys => new(Path.Combine(Root, ".rotate"));

    /// <summary>Names of the metadata that lie in the repository.</summary>
    public IReadOnlyList<string> MetadataNames()
    {
        string metadata = FileOf("metadata");
        return Directory.Exists(metadata) ? [.. Directory.EnumerateFiles(metadata, "*.json").Select(static f => Path.GetFileName(f))] : [];
    }

    /// <summary>Keeps other release commands out of this folder until it is disposed.</summary>
    /// <exception cref="FaultException">One is at work here.</exception>
    public IDisposable Lock()
    {
        string path = Path.Combine(Root, ".lock");
        if (!Directory.Exists(Root)) throw FaultException.Of(FaultKind.NoInput, Root, "there is no release folder here", "make one with 'edgeinfer release init', or name it with --dir DIR");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.HResult == PosixFile.WouldBlock)
        {
            throw FaultException.Of(FaultKind.Unavailable, Root, "another release command is at work in this folder", "wait until it has ended", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            bool isStray = Directory.Exists(path) || IsLinkToNowhere(path);
            throw FaultException.Of(
                FaultKind.InputOutput, path, isStray ? "this is no file, and no lock can be taken on it" : $"no lock can be taken on this file: {e.Message}",
                isStray ? "remove it: a command makes it anew" : "see to it that you may write in the release folder", e);
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

    // A link exists by itself, whatever it leads to.
    private static bool IsLinkToNowhere(string path)
    {
        try
        {
            return new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) is { Exists: false };
        }
        catch (IOException)
        {
            // A circle of links.
            return true;
        }
    }
}

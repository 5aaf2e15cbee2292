using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>What every reader of one configuration needs beside its own mapping.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Folder">The absolute folder that relative paths start from.</param>
/// <param name="Environment">The environment variables.</param>
/// <param name="Host">This machine.</param>
/// <param name="Faults">Receives what is wrong.</param>
internal sealed record ReadingContext(
    string File, string Folder, IReadOnlyDictionary<string, string> Environment, HostIdentity Host, FaultList Faults)
{
    /// <summary>The folder of the installed model of a name, or null; may throw <see cref="FaultException"/>.</summary>
    public Func<string, string?>? InstalledModel { get; init; }

    /// <summary>Where credentials go that stand in an address; null for the keys beside it.</summary>
    public string? CredentialsCure { get; init; }

    /// <summary>Adds a fault of the configuration.</summary>
    public void Add(Mark mark, string what, string cure) => Faults.Add(FaultKind.Configuration, mark.ToString(), what, cure);

    /// <summary>Adds a warning about the configuration.</summary>
    public void Warn(Mark mark, string what, string cure) => Faults.Warn(FaultKind.Configuration, mark.ToString(), what, cure);

    /// <summary>The absolute form of a path; null with a fault where it cannot be one.</summary>
    public string? AbsolutePath(YamlScalar written, string path)
    {
        string? wrong = written.Value switch
        {
            "" => "the path is empty",
            ['~', ..] => $"{Quoted.Text(written.Value)}: '~' has no meaning here",
            var text when text.Contains('\0', StringComparison.Ordinal) => $"{Quoted.Text(text)} is not a path",
            _ => null,
        };
        if (wrong is null) return Path.GetFullPath(written.Value, Folder);
        Add(written.Mark, $"{path}: {wrong}", "write an absolute path, or one relative to the configuration file");
        return null;
    }

    /// <summary>The absolute path under a key; null where it is absent or at fault.</summary>
    public string? AbsolutePath(MappingReader from, string key)
        => from.Text(key) is null ? null : AbsolutePath((YamlScalar)from.Node(key)!, from.PathOf(key));

    /// <summary>
    /// As <see cref="AbsolutePath(MappingReader, string)"/>, for a model: a bare name that is nothing in this folder is that of
    /// an installed one.
    /// </summary>
    public string? ModelPath(MappingReader from, string key)
    {
        if (AbsolutePath(from, key) is not { } path) return null;
        string written = from.Text(key)!;
        if (InstalledModel is null || !ConfiguredName.IsSound(written) || Directory.Exists(path) || System.IO.File.Exists(path)) return path;
        try
        {
            return InstalledModel(written) ?? path;
        }
        catch (FaultException e)
        {
            from.Fault(key, e.Fault.ToString(), "");
            return null;
        }
    }

    /// <summary>As <see cref="AbsolutePath(MappingReader, string)"/>, for a file that must be there.</summary>
    public string? ExistingFile(MappingReader from, string key, string cure)
    {
        if (AbsolutePath(from, key) is not { } path) return null;
        if (System.IO.File.Exists(path)) return path;
        from.Fault(key, Directory.Exists(path) ? $"{path} is a folder" : $"there is no file {path}", cure);
        return null;
    }
}

namespace EdgeInfer.Releasing;

/// <summary>A release folder that one command works on: locked, read and verified, its keys at hand.</summary>
internal sealed class ReleaseDesk : IDisposable
{
    private readonly IDisposable _lock;

    private ReleaseDesk(ReleaseFolder folder, IDisposable held, IReadOnlyList<string> keyFolders, IPassphrases passphrases, TimeProvider time)
    {
        (Folder, _lock, Time) = (folder, held, time);
        Settings = ReleaseSettings.Read(folder.SettingsPath);

        // An init that was killed as its last step.
        folder.InitKeys.End();
        Keys = new(Settings.KnownKeys, [.. keyFolders.Select(Path.GetFullPath), folder.KeysOf(Settings)], passphrases, time);
        Passphrases = passphrases;
        Published = PublishedRoles.Read(folder, Settings.RootSha256);
    }

    /// <summary>The folder.</summary>
    public ReleaseFolder Folder { get; }

    /// <summary>What it is.</summary>
    public ReleaseSettings Settings { get; }

    /// <summary>What is published.</summary>
    public PublishedRoles Published { get; }

    /// <summary>What signs.</summary>
    public KeyRing Keys { get; }

    /// <summary>What opens them.</summary>
    public IPassphrases Passphrases { get; }

    /// <summary>Clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Opens a release folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="keyFolders">Where private halves may lie, before the place that the folder's settings name.</param>
    /// <param name="passphrases">What opens them.</param>
    /// <param name="time">Clock.</param>
    /// <exception cref="Diagnostics.FaultException">It is none, it is in use, or it is damaged.</exception>
    public static ReleaseDesk Open(ReleaseFolder folder, IReadOnlyList<string> keyFolders, IPassphrases passphrases, TimeProvider time)
    {
        IDisposable held = folder.Lock();
        try
        {
            return new(folder, held, keyFolders, passphrases, time);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Begins a change of the repository.</summary>
    public RepositoryEdit Edit() => new(Folder, Published, Keys, Time.GetUtcNow());

    /// <inheritdoc/>
    public void Dispose()
    {
        Keys.Dispose();
        _lock.Dispose();
    }
}

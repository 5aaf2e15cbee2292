using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Durability.Interop;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Slots;

/// <summary>One process at a time works in the store. The kernel lets go however the process ends.</summary>
internal sealed class StoreLock : IDisposable
{
    /// <summary>Its name in the state folder.</summary>
    public const string FileName = "store.lock";

    private readonly SafeFileHandle? _file;

    private StoreLock(SafeFileHandle? file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <param name="stateFolder">It is there.</param>
    /// <param name="warn">Is told where the disk refuses the lock's file, so that nothing keeps another process out: models serve all the same.</param>
    /// <exception cref="FaultException">Another process has it, or this user's files would not be the service's.</exception>
    public static StoreLock Take(string stateFolder, Action<Fault> warn)
    {
        // What root makes there the service could not read; and root should follow no names that somebody else has made.
        uint user = FileOwner.EffectiveUser();
        if (user == 0 && StoreDisk.Owner(stateFolder) is { } owner and not 0)
        {
            throw FaultException.Of(
                FaultKind.Usage, stateFolder, $"the folder is user {owner}'s, and root's files in it would be lost to that user", $"run this as that user: sudo -u '#{owner}' edgeinfer …");
        }

        string path = Path.Combine(stateFolder, FileName);
        // Nobody holds what this program never makes: a check of the file system may have left it.
        if (FileKind.OtherThanFile(path, followsLinks: false) is { } kind) warn(NoLock(path, kind));
        try
        {
            return Lock(path, stateFolder, static p => PosixFile.OpenWrite(p));
        }
        catch (FaultException e) when (StoreFaults.IsOfTheDisk(e))
        {
            warn(e.Fault);
            return LockAsItIs(path, stateFolder);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static Fault NoLock(string path, string kind)
        => new(FaultKind.InputOutput, path, $"it is {kind}, where the lock of the store of models has its place", $"{DurableMove.SetAside(path)}; check the disk");

    // A file that is there can be locked on a disk that takes nothing any more.
    private static StoreLock LockAsItIs(string path, string stateFolder)
    {
        try
        {
            return Lock(path, stateFolder, PosixFile.OpenRead);
        }
        catch (FaultException e) when (StoreFaults.IsOfTheDisk(e))
        {
            return new(null);
        }
    }

    private static StoreLock Lock(string path, string stateFolder, Func<string, SafeFileHandle?> open) => StoreFaults.Guard(path, () =>
    {
        if (open(path) is not { } file) return new StoreLock(null);
        int error = PosixFile.TryLock(file);
        if (error == 0) return new StoreLock(file);
        file.Dispose();
        if (error != PosixFile.WouldBlock) throw PosixFile.Failed("flock", path, error);
        throw FaultException.Of(
            FaultKind.Unavailable, stateFolder, "another EdgeInfer works with the models of this state folder",
            "let the running agent do it (its control socket takes updates), or stop it first: systemctl stop edgeinfer");
    });
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Durability.Interop;
using EdgeInfer.Posix;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Trust;

/// <summary>
/// The metadata that this device has accepted, as they were received: <c>tuf/</c> of the state folder. Each file is replaced as a whole and verified
/// again whenever it is read, so that a power cut leaves an old or a new one and damage is the same as absence; root alone is no such file, since
/// all others are verified by it.
/// </summary>
internal sealed class TrustStore
{
    private const string RootFile = "root.json";
    private const string DelegatedFolder = "delegated";

    /// <summary>Of a folder, which is made when something is written.</summary>
    public TrustStore(string folder) => Folder = Path.GetFullPath(folder);

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The one of a state folder.</summary>
    public static TrustStore In(string stateFolder) => new(Path.Combine(stateFolder, "tuf"));

    /// <summary>What is wrong with a device that has no trusted root, and is told of none.</summary>
    public static Fault TrustsNobody => new(
        FaultKind.Configuration, "updates", "this device trusts nobody's releases yet", "name the fleet's root.json in updates.root, or run 'edgeinfer enroll'");

    /// <summary>The trusted root; null where there is none yet.</summary>
    /// <exception cref="UpdateException">It is there and cannot be read (<see cref="UpdateCode.Signature"/>).</exception>
    public byte[]? ReadRoot()
    {
        string path = Path.Combine(Folder, RootFile);
        if (FileKind.OtherThanFile(path) is { } kind) throw RootDamaged($"it is {kind}", null);
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (file.Length > RoleLimits.RootBytes) throw RootDamaged($"it has {file.Length} bytes", null);
            byte[] content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // Root is the first to be written, and nothing deletes it.
            return RoleName.TopLevel.Any(r => File.Exists(FileOf(r))) ? throw RootDamaged("it is missing, and what it verified is there", e) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw RootDamaged(e.Message, e);
        }
    }

    /// <summary>The one fault of a root file that is there and cannot be trusted. Beginning again with the pinned root by ourselves would let whoever
    /// damages a file bring keys back that were rotated away.</summary>
    public UpdateException RootDamaged(string why, Exception? inner) => UpdateException.Of(
        UpdateCode.Signature, Path.Combine(Folder, RootFile), $"the trusted root is damaged: {why}",
        $"models go on serving, no update is taken; look after the disk, then move {Folder} away and enrol this device again", inner);

    /// <summary>A role's metadata; null where there are none, or they cannot be read or are too large.</summary>
    public byte[]? Read(string role)
    {
        if (FileKind.OtherThanFile(FileOf(role)) is not null) return null;
        try
        {
            using FileStream file = new(FileOf(role), FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (file.Length > RoleLimits.Bytes(role)) return null;
            byte[] content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps a role's metadata.</summary>
    /// <exception cref="UpdateException">They could not be written (<see cref="UpdateCode.Space"/>); what was there before still is.</exception>
    public void Write(string role, byte[] content)
    {
        string path = FileOf(role);
        Replace(path, () => AtomicFile.Write(path, content));
    }

    /// <summary>Writes a file of the folder, in the place of whatever has its name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes it.</param>
    /// <exception cref="UpdateException">It could not be written (<see cref="UpdateCode.Space"/>).</exception>
    internal static void Replace(string path, Action write)
    {
        try
        {
            DurableFolder.Make(Path.GetDirectoryName(path)!);
            // Nothing can take the place of a folder, which a check of the file system may have left there.
            if (Directory.Exists(path)) DurableMove.SetAside(path);
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritten(path, e);
        }
    }

    /// <summary>Forgets top-level roles, or the time; on the disk when it returns.</summary>
    /// <exception cref="UpdateException">They could not be forgotten (<see cref="UpdateCode.Space"/>).</exception>
    public void Forget(params ReadOnlySpan<string> names)
    {
        if (!Directory.Exists(Folder)) return;
        try
        {
            foreach (string name in names) File.Delete(Path.Combine(Folder, name == UpdateClock.FileName ? name : RoleName.MetaName(name)));
            PosixSync.Folder(Folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritten(Folder, e);
        }
    }

    /// <summary>Deletes what is kept of delegated roles that are none any more. What fails is left for the next time.</summary>
    /// <param name="roles">Roles that are.</param>
    public void KeepDelegated(IEnumerable<string> roles)
    {
        string folder = Path.Combine(Folder, DelegatedFolder);
        HashSet<string> names = [.. roles.Select(r => Path.GetFileName(FileOf(r)))];
        try
        {
            if (!Directory.Exists(folder)) return;
            foreach (string path in Directory.EnumerateFiles(folder))
                if (!names.Contains(Path.GetFileName(path))) File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // They cost nothing but room.
        }
    }

    /// <summary>The state folder takes nothing: a passing fault, as far as the release is concerned.</summary>
    private static UpdateException NotWritten(string path, Exception inner)
        => UpdateException.Of(UpdateCode.Space, path, $"trusted metadata cannot be kept: {inner.Message}", "make room on the disk, or look after it", inner);

    // Roles that are delegated to have names of the delegator's choice: quoted, and in a folder of their own.
    private string FileOf(string role) => RoleName.TopLevel.Contains(role)
        ? Path.Combine(Folder, RoleName.MetaName(role)) : Path.Combine(Folder, DelegatedFolder, RoleName.Quote(role) + ".json");
}

using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>What a volume is made of.</summary>
/// <param name="HasJournal">
/// ext4 as usual, in ordered mode; or without a journal and without its help for programs that rename unsynced files, so that a sync of
/// one file carries nothing else along.
/// </param>
/// <param name="Megabytes">Its size.</param>
/// <param name="IsWriteback">Whether the journal commits names and sizes without the content that they are of (<c>data=writeback</c>).</param>
internal sealed record VolumeKind(bool HasJournal = true, int Megabytes = 24, bool IsWriteback = false);

/// <summary>
/// A file system in a file, which can lose its power: what the kernel has not written to the backing file by then is gone, since the copy
/// that is mounted next is one of that file. Needs root and loop devices.
/// </summary>
internal sealed class LoopVolume : IAsyncDisposable
{
    private readonly string _folder;
    private readonly VolumeKind _kind;
    private string _image;
    private int _copies;
    private bool _isMounted;

    private LoopVolume(string folder, VolumeKind kind)
    {
        _folder = folder;
        _kind = kind;
        _image = Path.Combine(folder, "volume-0.img");
        Mount = Path.Combine(folder, "volume");
    }

    /// <summary>Where it is mounted.</summary>
    public string Mount { get; }

    /// <summary>Makes and mounts one; skips the test where that is not possible, fails in CI.</summary>
    /// <param name="folder">For the backing files and the mount point.</param>
    /// <param name="kind">What it is made of.</param>
    public static async Task<LoopVolume> Create(string folder, VolumeKind? kind = null)
    {
        if (!Environment.IsPrivilegedProcess) Peer.Missing("mounting a file system needs root");
        if (!File.Exists("/dev/loop-control")) Peer.Missing("there are no loop devices (/dev/loop-control)");
        LoopVolume volume = new(folder, kind ?? new());
        Directory.CreateDirectory(volume.Mount);
        await using (FileStream image = File.Create(volume._image)) image.SetLength(volume._kind.Megabytes * 1024L * 1024);
        string[] features = volume._kind.HasJournal ? [] : ["-O", "^has_journal"];
        await Run("mkfs.ext4", ["-q", "-F", "-b", "1024", .. features, volume._image]);
        await volume.Attach();
        return volume;
    }

    /// <summary>
    /// The power fails: what is in the backing file now is all there is. Whoever writes to the volume has been killed before. The journal
    /// may write on its own while the file is copied, so the copy counts once the file has not changed between two of them.
    /// </summary>
    /// <param name="beforeMount">Called with nothing mounted.</param>
    public async Task Cut(Action? beforeMount = null)
    {
        string copy = Path.Combine(_folder, $"volume-{++_copies}.img"), again = copy + ".again";
        do
        {
            await Run("cp", ["--sparse=always", _image, copy]);
            await Run("cp", ["--sparse=always", _image, again]);
        }
        while ((await ChildProcess.Run(Peer.Program("cmp"), "-s", copy, again)).ExitCode != 0);
        File.Delete(again);
        await Detach();
        File.Delete(_image);
        _image = copy;
        beforeMount?.Invoke();
        // Without a journal there is nothing to replay: a check makes it whole, as at every boot after a power cut.
        if (!_kind.HasJournal) await ChildProcess.Run(Peer.Program("e2fsck"), "-f", "-y", _image);
        await Attach();
    }

    /// <summary>Everything so far is on the disk: what a test begins with is not what it is about.</summary>
    public Task Sync() => Run("sync", ["-f", Mount]);

    /// <summary>Another program syncs a file of its own, which commits the journal: names and sizes of all files, and no content but that of files that have grown.</summary>
    public async Task CommitJournal()
    {
        string file = Path.Combine(Mount, "neighbour");
        await File.AppendAllTextAsync(file, "x");
        await Run("sync", [file]);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isMounted) await Detach();
    }

    // Commits of the journal and writeback are put off, so that what was not synced is not there by accident.
    private async Task Attach()
    {
        string options = _kind switch
        {
            { HasJournal: false } => "loop,noauto_da_alloc",
            { IsWriteback: true } => "loop,commit=300,data=writeback",
            _ => "loop,commit=300",
        };
        await Run("mount", ["-o", options, _image, Mount]);
        _isMounted = true;
    }

    private async Task Detach()
    {
        await Run("umount", [Mount]);
        _isMounted = false;
    }

    private static async Task Run(string program, string[] arguments)
    {
        (int code, string output) = await ChildProcess.Run(Peer.Program(program), arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)}: {output}");
    }
}

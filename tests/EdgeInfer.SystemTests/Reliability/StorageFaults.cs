using System.IO.MemoryMappedFiles;
using System.Text;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>Kinds of calls that a fault can meet; the numbers are those of tests/reliability/faults.c.</summary>
[Flags]
internal enum StorageCalls
{
    None = 0,
    Open = 1,
    Write = 2,
    FileSync = 4,
    FolderSync = 8,
    Resize = 16,
    Rename = 32,
    Map = 64,
    Unlink = 128,
    MakeFolder = 256,
    Read = 512,
    Mode = 1024,
    OpenRead = 2048,
    Changes = Open | Write | FileSync | FolderSync | Resize | Rename | Map | Unlink | MakeFolder | Mode,
}

/// <summary>What such a call is made to do.</summary>
internal enum StorageAction
{
    None = 0,

    /// <summary>SIGKILL instead of the call.</summary>
    KillBefore = 1,

    /// <summary>SIGKILL when it is done.</summary>
    KillAfter = 2,

    /// <summary>Says that it has done it, and does nothing.</summary>
    Pretend = 3,

    /// <summary>Fails with an errno.</summary>
    Fail = 4,

    /// <summary>Writes half and says so.</summary>
    Half = 5,

    /// <summary>Writes half, then SIGKILL.</summary>
    Tear = 6,
}

/// <summary>One fault.</summary>
/// <param name="Action">What happens.</param>
/// <param name="Calls">To which kinds of calls.</param>
/// <param name="From">From which of them on, counted from the arming, from 1.</param>
/// <param name="To">To which.</param>
/// <param name="Errno">For <see cref="StorageAction.Fail"/>.</param>
/// <param name="Part">Only for paths that contain this, or with a <c>$</c> behind it end with this.</param>
internal sealed record StorageFault(StorageAction Action, StorageCalls Calls, int From, int To, int Errno = 0, string Part = "");

/// <summary>One call as the library has seen it.</summary>
internal sealed record StorageCall(int Number, string Kind, int Thread, string Path)
{
    /// <summary>The path's end, without the folder of this test.</summary>
    public string Name => System.IO.Path.GetFileName(Path);
}

/// <summary>The library of tests/reliability/faults.c and its control: makes an agent's storage fail while it runs.</summary>
internal sealed class StorageFaults : IDisposable
{
    private static readonly Lock s_building = new();
    private static string? s_library;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _control;
    private readonly string _log;

    /// <summary>A control of its own in a folder.</summary>
    /// <param name="folder">Where control and log lie; not one of <paramref name="trees"/>.</param>
    /// <param name="trees">Folders whose files are meant.</param>
    public StorageFaults(string folder, params string[] trees)
    {
        string control = Path.Combine(folder, "faults.control");
        _log = Path.Combine(folder, "faults.log");
        File.WriteAllBytes(control, new byte[4096]);
        _file = MemoryMappedFile.CreateFromFile(control, FileMode.Open);
        _control = _file.CreateViewAccessor();
        Environment = new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = Library(),
            ["FAULTS_CONTROL"] = control,
            ["FAULTS_TREES"] = string.Join(':', trees),
            ["FAULTS_LOG"] = _log,
        };
    }

    /// <summary>What the agent must be started with.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>Calls that the fault met since it was set.</summary>
    public int Done => _control.ReadInt32(28);

    /// <summary>Calls of its kinds since it was set.</summary>
    public int Seen => _control.ReadInt32(24);

    /// <summary>Sets a fault; holds over restarts of the agent, and counts on.</summary>
    public void Set(StorageFault fault)
    {
        Clear();
        _control.Write(4, (int)fault.Action);
        _control.Write(8, (int)fault.Calls);
        _control.Write(12, fault.From);
        _control.Write(16, fault.To);
        _control.Write(20, fault.Errno);
        _control.Write(24, 0);
        _control.Write(28, 0);
        byte[] part = new byte[224];
        Encoding.UTF8.GetBytes(fault.Part, part);
        _control.WriteArray(32, part, 0, part.Length);
        Interlocked.MemoryBarrier();
        _control.Write(0, 1);
    }

    /// <summary>Storage works again.</summary>
    public void Clear() => _control.Write(0, 0);

    /// <summary>Every call so far, reads left out.</summary>
    public IReadOnlyList<StorageCall> Calls()
    {
        if (!File.Exists(_log)) return [];
        return [.. File.ReadAllLines(_log).Select(static line => line.Split(' ', 4)).Where(static parts => parts.Length == 4)
            .Select(static parts => new StorageCall(Number(parts[0]), parts[1], Number(parts[2]), parts[3]))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _control.Dispose();
        _file.Dispose();
    }

    private static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    // Compiled once a run; skips the test where there is no compiler.
    private static string Library()
    {
        lock (s_building)
        {
            if (s_library is not null) return s_library;
            string source = Path.Combine(PublishedBinary.Root, "tests", "reliability", "faults.c");
            string library = Path.Combine(AppContext.BaseDirectory, "libfaults.so");
            // Another run may have it loaded: the new one takes its name whole.
            string made = $"{library}.{System.Environment.ProcessId}";
            using System.Diagnostics.Process compiler = System.Diagnostics.Process.Start(
                Peer.Program("cc"), ["-O2", "-fPIC", "-shared", "-o", made, source, "-ldl"]);
            compiler.WaitForExit();
            Assert.Equal(0, compiler.ExitCode);
            File.Move(made, library, overwrite: true);
            return s_library = library;
        }
    }
}

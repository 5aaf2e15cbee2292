using System.IO.MemoryMappedFiles;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>A wall clock for one agent, set by the test while it runs: tests/reliability/clock.c, loaded before the C library.</summary>
internal sealed class FakeClock : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _control;

    private FakeClock()
    {
        string path = _folder.Write("clock", new byte[16]);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        _control = _file.CreateViewAccessor();
        Environment = new Dictionary<string, string> { ["LD_PRELOAD"] = _folder["clock.so"], ["EDGEINFER_CLOCK"] = path };
    }

    /// <summary>What the agent is to be started with.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>How far the agent's clock is from this machine's.</summary>
    public TimeSpan Offset
    {
        get => TimeSpan.FromSeconds(_control.ReadInt64(0));
        set => _control.Write(0, (long)value.TotalSeconds);
    }

    /// <summary>Whether the agent's kernel calls the clock synchronised.</summary>
    public bool IsSynced
    {
        get => _control.ReadInt32(8) != 0;
        set => _control.Write(8, value ? 1 : 0);
    }

    /// <summary>Now, by the agent's clock.</summary>
    public DateTime Now => DateTime.UtcNow + Offset;

    /// <summary>Builds the library; skips where there is no C compiler.</summary>
    public static async Task<FakeClock> Make(bool isSynced = true)
    {
        FakeClock clock = new() { IsSynced = isSynced };
        string source = Path.Combine(PublishedBinary.Root, "tests", "reliability", "clock.c");
        (int code, string output) = await ChildProcess.Run(Peer.Program("gcc"), "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", clock._folder["clock.so"], source);
        Assert.True(code == 0, output);
        return clock;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _control.Dispose();
        _file.Dispose();
        _folder.Dispose();
    }
}

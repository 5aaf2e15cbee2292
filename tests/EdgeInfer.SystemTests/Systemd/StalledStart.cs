using System.IO.MemoryMappedFiles;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Systemd;

/// <summary>A drive that does not give an agent its model, and a monotonic clock that the test puts forward: tests/systemd/stall.c, loaded before the C library.</summary>
internal sealed class StalledStart : IDisposable
{
    private const string Folder = "/opt/stall";

    private readonly TestFolder _folder = new();
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _control;

    private StalledStart()
    {
        // The service's user reads both.
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);
        string path = _folder.Write("control", new byte[16]);
        File.SetUnixFileMode(path, (UnixFileMode)0b110_100_100);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        _control = _file.CreateViewAccessor();
    }

    /// <summary>What the unit's environment is to hold.</summary>
    public string Environment => $"LD_PRELOAD={Folder}/stall.so EDGEINFER_STALL={Folder}/control";

    /// <summary>What the container is to see.</summary>
    public string Bind => $"{_folder.Path}:{Folder}";

    /// <summary>How far the agent's monotonic clock is ahead of the kernel's.</summary>
    public TimeSpan Ahead
    {
        get => TimeSpan.FromSeconds(_control.ReadInt64(0));
        set => _control.Write(0, (long)value.TotalSeconds);
    }

    /// <summary>Whether opening a model does not come back.</summary>
    public bool IsStalled
    {
        get => _control.ReadInt32(8) != 0;
        set => _control.Write(8, value ? 1 : 0);
    }

    /// <summary>Builds the library; skips where there is no C compiler.</summary>
    public static async Task<StalledStart> Make()
    {
        StalledStart stall = new();
        string source = Path.Combine(PublishedBinary.Root, "tests", "systemd", "stall.c");
        (int code, string output) = await ChildProcess.Run(Peer.Program("gcc"), "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", stall._folder["stall.so"], source, "-ldl");
        Assert.True(code == 0, output);
        return stall;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _control.Dispose();
        _file.Dispose();
        _folder.Dispose();
    }
}

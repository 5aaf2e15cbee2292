using System.Globalization;
using System.Text.RegularExpressions;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary>What a start asks of the system.</summary>
public sealed partial class StartTests : IDisposable
{
    // Without room taken beforehand, glibc asks 1600 times for ONNX Runtime's start and 700 times for a session.
    private const int FewSteps = 200;

    // glibc's HEAP_MAX_SIZE, at a multiple of which the heaps of all threads but the first begin.
    private const ulong HeapAlignment = 64 << 20;

    // One for each thread that the runtime made before Main, and chance: anything of 64 MiB may lie so. Without sharing they are eleven here.
    private const int MostHeaps = 4;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_heap_grows_in_few_steps()
    {
        string strace = Peer.Program("strace");
        string configuration = _folder.Configuration($"mqtt://127.0.0.1:{Mosquitto.FreePort()}", $"{{ files: {TestPictures.FirstGolden()}, loop: true }}");
        await using ChildProcess agent = ChildProcess.Start(strace, ["-f", "-e", "trace=mprotect,brk", "-o", _folder["trace"], PublishedBinary.Path, "run", "-c", configuration]);
        await agent.Line("runs as press-3");
        string first = File.ReadLines(_folder["trace"]).First();
        using (var program = System.Diagnostics.Process.GetProcessById(int.Parse(first.AsSpan(0, first.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture)))
            program.Kill();
        await agent.Exit(ChildProcess.Patience);

        int steps = File.ReadLines(_folder["trace"]).Count(static line => OnePage().IsMatch(line));
        Assert.InRange(steps, 1, FewSteps);
    }

    [Fact]
    public async Task All_threads_share_few_heaps()
    {
        string configuration = _folder.Configuration($"mqtt://127.0.0.1:{Mosquitto.FreePort()}", $"{{ files: {TestPictures.FirstGolden()}, loop: true }}");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", configuration);
        await agent.Line("runs as press-3");

        int heaps = File.ReadLines($"/proc/{agent.Id}/maps").Count(static line => AnonymousMapping().Match(line) is { Success: true } mapping
            && ulong.Parse(mapping.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture) % HeapAlignment == 0);
        Assert.InRange(heaps, 0, MostHeaps);
    }

    // One page behind the heap of a thread, or a step of the first one's.
    [GeneratedRegex(@"mprotect\(0x[0-9a-f]+, 4096, PROT_READ\|PROT_WRITE|brk\(0x")]
    private static partial Regex OnePage();

    [GeneratedRegex("^([0-9a-f]+)-[0-9a-f]+ rw-p 00000000 00:00 0 *$")]
    private static partial Regex AnonymousMapping();
}

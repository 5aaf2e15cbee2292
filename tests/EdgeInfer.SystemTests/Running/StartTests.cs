using System.Globalization;
using System.Text.RegularExpressions;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary>What a start asks of the system.</summary>
public sealed partial class StartTests : IDisposable
{
    // Without room taken beforehand, glibc asks 1600 times for ONNX Runtime's start and 700 times for a session.
    private const int FewSteps = 200;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_heap_grows_in_few_steps()
    {
        string strace = Peer.Program("strace");
        string configuration = _folder.Configuration($"mqtt://127.0.0.1:{Mosquitto.FreePort()}", $"{{ files: {TestPictures.FirstGolden()}, loop: true }}");
        await using ChildProcess agent = ChildProcess.Start(strace, ["-f", "-e", "trace=mprotect", "-o", _folder["trace"], PublishedBinary.Path, "run", "-c", configuration]);
        await agent.Line("runs as press-3");
        string first = File.ReadLines(_folder["trace"]).First();
        using (var program = System.Diagnostics.Process.GetProcessById(int.Parse(first.AsSpan(0, first.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture)))
            program.Kill();
        await agent.Exit(ChildProcess.Patience);

        int steps = File.ReadLines(_folder["trace"]).Count(static line => OnePage().IsMatch(line));
        Assert.InRange(steps, 1, FewSteps);
    }

    [GeneratedRegex(@"mprotect\(0x[0-9a-f]+, 4096, PROT_READ\|PROT_WRITE")]
    private static partial Regex OnePage();
}

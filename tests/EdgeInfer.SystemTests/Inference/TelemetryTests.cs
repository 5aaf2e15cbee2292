using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Inference;

/// <summary>ONNX Runtime reports home by default, within half a minute; the published binary must never let it.</summary>
public sealed class TelemetryTests : IDisposable
{
    private const int InferenceSeconds = 32;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Half_a_minute_of_inference_opens_no_socket_and_writes_nothing_into_the_home_folder()
    {
        string strace = Peer.Program("strace");
        string model = Graph();
        string home = Directory.CreateDirectory(_folder["home"]).FullName;

        // A user's own setting that would turn it on must not.
        Dictionary<string, string> environment = new() { ["HOME"] = home, ["XDG_CACHE_HOME"] = home, ["ORT_DISABLE_TELEMETRY"] = "0" };
        await using ChildProcess bench = ChildProcess.Start(
            strace, ["-f", "-e", "trace=%network", "-o", _folder["trace"], PublishedBinary.Path, "bench", model, "--seconds", $"{InferenceSeconds}"], environment, _folder.Path);

        Assert.Equal(0, await bench.Exit(TimeSpan.FromSeconds(InferenceSeconds) + ChildProcess.Patience));
        Assert.Contains("session alone", bench.Output, StringComparison.Ordinal);
        Assert.Equal("", NetworkCalls(_folder["trace"]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(home));
    }

    [Fact]
    public async Task A_socket_would_have_been_seen()
    {
        string strace = Peer.Program("strace");
        await using ChildProcess control = ChildProcess.Start(
            strace, ["-f", "-e", "trace=%network", "-o", _folder["trace"], Peer.Program("bash"), "-c", "(exec 3<>/dev/tcp/127.0.0.1/9) 2>/dev/null; true"]);
        Assert.Equal(0, await control.Exit(ChildProcess.Patience));
        Assert.Contains("socket(AF_INET", NetworkCalls(_folder["trace"]), StringComparison.Ordinal);
    }

    private static string NetworkCalls(string trace)
        => string.Join('\n', File.ReadLines(trace).Where(static line => !line.Contains("+++ ", StringComparison.Ordinal) && !line.Contains("--- SIG", StringComparison.Ordinal)));

    private string Graph()
    {
        _folder.Copy(Path.Combine(PublishedBinary.Root, "tests", "EdgeInfer.Tests", "Inference", "Graphs", "conv.onnx"), "conv/model.onnx");
        _folder.Write("conv/model.yaml", """
            task: raw
            input: { color: rgb, resize: stretch, kernel: nearest, scale: 1/255 }
            output: { decoder: raw }
            """);
        return _folder["conv"];
    }
}

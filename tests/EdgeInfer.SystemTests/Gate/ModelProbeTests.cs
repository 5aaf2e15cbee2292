using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Models;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Models;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.SystemTests.Gate;

/// <summary>The published program proves models: sound ones, ruined ones, and native code that takes its process along.</summary>
public sealed class ModelProbeTests : IDisposable
{
    private const string Yaml = "task: raw\ninput: { color: rgb, resize: stretch, kernel: bilinear, scale: 1/255 }\n";

    private static readonly string s_bundled = Path.Combine(PublishedBinary.Root, "models", "parts-detector");

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_bundled_model_passes_with_plausible_figures()
    {
        ProbeVerdict verdict = Probe(s_bundled);
        ProbeFigures figures = Assert.IsType<ProbePassed>(verdict).Figures;
        TestContext.Current.TestOutputHelper?.WriteLine(figures.ToString());
        Assert.Equal(("cpu", 3), (figures.Provider, figures.Agreeing));
        Assert.InRange(figures.PeakRssBytes!.Value, 40L << 20, 160L << 20);
        Assert.InRange(figures.P95Milliseconds!.Value, figures.InferenceP95Milliseconds!.Value, 1000);
        Assert.True(figures.Runs >= 60);
    }

    // Weights of one layer are zero: it loads and it runs like the sound one.
    [Fact]
    public void A_ruined_conversion_is_refused_by_what_its_float_parent_finds()
    {
        ProbeFailed failed = Failed(Probe(Ruin()));
        TestContext.Current.TestOutputHelper?.WriteLine(failed.What);
        Assert.Equal(UpdateCode.Golden, failed.Code);
        Assert.Matches(@"^golden/belt-\d\d\.jpg: expected ", failed.What);
    }

    [Fact]
    public void A_gate_that_no_model_keeps_is_latency_or_memory()
    {
        Assert.Equal(UpdateCode.Latency, Failed(Probe(s_bundled, new() { P95Milliseconds = 0.001 })).Code);
        Assert.Equal(UpdateCode.Memory, Failed(Probe(s_bundled, new() { RssBytes = 30L << 20 })).Code);
    }

    // 2 GB at once, which no watch would see in time; and 300 MB, which the limit on data alone would let through.
    [Theory]
    [InlineData(500_000_000)]
    [InlineData(75L << 20)]
    public void A_model_that_takes_too_much_memory_is_stopped(long elements)
    {
        Stopwatch took = Stopwatch.StartNew();
        ProbeFailed failed = Failed(Probe(Graph(elements), new() { RssBytes = 250L << 20 }));
        TestContext.Current.TestOutputHelper?.WriteLine(failed.ToString());
        Assert.Equal(UpdateCode.Memory, failed.Code);
        Assert.InRange(failed.Figures.PeakRssBytes ?? 0, 0, 1200L << 20);
        Assert.InRange(took.Elapsed.TotalSeconds, 0, 60);
    }

    [Theory]
    [InlineData("*(volatile int*)8 = 1;", UpdateCode.Crash, "the probe ended with SIGSEGV: it touched memory that is not its own")]
    [InlineData("fprintf(stderr, \"no kernel for this card\"); abort();", UpdateCode.Crash, "the probe ended with SIGABRT: it gave up, while loading the model: no kernel for this card")]
    [InlineData("printf(\"{\\\"end\\\":true}\\n\"); fflush(stdout); _exit(0);", UpdateCode.Crash, "the probe ended while loading the model")]
    [InlineData("_exit(3);", UpdateCode.Crash, "the probe ended the process with exit code 3, while loading the model")]
    [InlineData("for (;;) pause();", UpdateCode.Hang, "loading the model was not over 3 s after the probe's start")]
    [InlineData("for (;;) memset(malloc(1 << 20), 1, 1 << 20);", UpdateCode.Memory, "loading the model took ")]
    public async Task Native_code_that_takes_its_process_along_is_a_verdict(string constructor, UpdateCode code, string what)
    {
        string source = _folder.Write("ort.c", $$"""
            #include <stdio.h>
            #include <stdlib.h>
            #include <string.h>
            #include <unistd.h>
            __attribute__((constructor)) static void start(void) { {{constructor}} }
            const void* OrtGetApiBase(void) { return 0; }
            """);
        string library = _folder["libonnxruntime.so"];
        (int compiled, string said) = await Rig.ChildProcess.Run(Peer.Program("cc"), "-shared", "-fPIC", "-w", "-o", library, source);
        Assert.True(compiled == 0, said);
        ProbeFailed failed = Failed(Probe(s_bundled, new() { RssBytes = 200L << 20 }, new() { CacheFolder = "", OnnxRuntime = library }, TimeSpan.FromSeconds(code == UpdateCode.Hang ? 3 : 60)));
        TestContext.Current.TestOutputHelper?.WriteLine(failed.What);
        Assert.Equal(code, failed.Code);
        Assert.StartsWith(what, failed.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_child_is_restrained_while_it_runs()
    {
        Environment.SetEnvironmentVariable("AGENT_SECRET", "secret");
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", "/run/systemd/notify");
        // As an agent has a broker's socket and a store's files; and, unlike anything that .NET opens, second ones of both that a child would inherit.
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using FileStream store = new(_folder.Write("store", ""), FileMode.Open);
        using SafeFileHandle carelessSocket = new(SelfLimits.Duplicate((int)listener.Server.Handle), ownsHandle: true), carelessFile = new(SelfLimits.Duplicate((int)store.SafeFileHandle.DangerousGetHandle()), ownsHandle: true);
        // Before there is a pipe to the child, which keeps a second end of its own output.
        HashSet<string> ours = [.. Descriptors(Environment.ProcessId).Values.Where(l => l == store.Name || l.StartsWith("socket:", StringComparison.Ordinal) || l.StartsWith("pipe:", StringComparison.Ordinal))];
        Assert.Contains(store.Name, ours);
        Assert.Contains(ours, static l => l.StartsWith("socket:", StringComparison.Ordinal));
        try
        {
            Task<ProbeVerdict> running = Prepare(s_bundled, new(), null, null)();
            int id = 0;
            Assert.True(SpinWait.SpinUntil(() => (id = FindMeasuring()) != 0, TimeSpan.FromSeconds(30)), "no probe was seen");
            Assert.Equal("1000", File.ReadAllText($"/proc/{id}/oom_score_adj").Trim());
            Assert.Contains("Max core file size        0                    0", File.ReadAllText($"/proc/{id}/limits"), StringComparison.Ordinal);
            Assert.DoesNotContain("Max data size             unlimited", File.ReadAllText($"/proc/{id}/limits"), StringComparison.Ordinal);
            Assert.All(Directory.GetDirectories($"/proc/{id}/task"), static t => Assert.Equal("10", NiceOf(t)));
            Dictionary<int, string> descriptors = Descriptors(id);
            Assert.All([0, 1, 2], n => Assert.StartsWith("pipe:", descriptors[n], StringComparison.Ordinal));
            Assert.DoesNotContain(descriptors, d => ours.Contains(d.Value));
            string environment = File.ReadAllText($"/proc/{id}/environ");
            Assert.DoesNotContain("secret", environment, StringComparison.Ordinal);
            Assert.DoesNotContain("NOTIFY_SOCKET", environment, StringComparison.Ordinal);
            Assert.IsType<ProbePassed>(await running);
        }
        finally
        {
            Environment.SetEnvironmentVariable("AGENT_SECRET", null);
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        }
    }

    // One that has loaded ONNX Runtime: by then it has restrained itself.
    private static int FindMeasuring()
    {
        foreach (string process in Directory.GetDirectories("/proc"))
        {
            try
            {
                if (!int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out int id) || !File.ReadAllText($"{process}/cmdline").Contains("\0--probe-model\0", StringComparison.Ordinal)) continue;
                if (Parent(id) == Environment.ProcessId && File.ReadAllText($"{process}/maps").Contains("libonnxruntime.so", StringComparison.Ordinal)) return id;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or is another user's.
            }
        }

        return 0;
    }

    // What each is of; one that is closed meanwhile is left out.
    private static Dictionary<int, string> Descriptors(int id)
    {
        Dictionary<int, string> all = [];
        foreach (FileInfo descriptor in new DirectoryInfo($"/proc/{id}/fd").GetFiles())
        {
            try
            {
                if (descriptor.LinkTarget is { } target) all.Add(int.Parse(descriptor.Name, CultureInfo.InvariantCulture), target);
            }
            catch (IOException)
            {
                // It was.
            }
        }

        return all;
    }

    private static int Parent(int id) => int.Parse(Fields($"/proc/{id}")[1], CultureInfo.InvariantCulture);

    private static string NiceOf(string task) => Fields(task)[16];

    // Behind "pid (name) ": state, parent, …; the name may hold anything.
    private static string[] Fields(string of) => File.ReadAllText($"{of}/stat").Split(") ")[^1].Split(' ');

    private static ProbeFailed Failed(ProbeVerdict verdict) => Assert.IsType<ProbeFailed>(verdict);

    private static ProbeVerdict Probe(string folder, GateLimits? limits = null, RuntimeOptions? runtime = null, TimeSpan? deadline = null)
        => Prepare(folder, limits ?? new(), runtime, deadline)().GetAwaiter().GetResult();

    private static Func<Task<ProbeVerdict>> Prepare(string folder, GateLimits limits, RuntimeOptions? runtime, TimeSpan? deadline)
    {
        Model model = ModelLoader.Load(folder);
        ProbeJob job = new(model, GoldenSet.Read(model), runtime ?? new() { CacheFolder = "", Threads = 1 }, limits) { Deadline = deadline ?? TimeSpan.FromSeconds(120) };
        ModelProbe probe = new([PublishedBinary.Path], new SystemFiles(), TimeProvider.System);
        return () => probe.RunAsync(job, TestContext.Current.CancellationToken);
    }

    // The bundled model's folder with a graph in whose middle a piece is zero: of the places tried the first that lies within one tensor.
    private string Ruin()
    {
        const int Bytes = 12 << 10;
        foreach (string file in (string[])["model.yaml", "labels.txt", .. Directory.GetFiles(Path.Combine(s_bundled, "golden")).Select(static f => "golden/" + Path.GetFileName(f))])
            _folder.Copy(Path.Combine(s_bundled, file), "model/" + file);
        byte[] sound = File.ReadAllBytes(Path.Combine(s_bundled, "model.onnx"));
        for (int at = sound.Length / 2; at < sound.Length - Bytes; at += 1000)
        {
            byte[] graph = [.. sound];
            graph.AsSpan(at, Bytes).Clear();
            _folder.Write("model/model.onnx", graph);
            if (ModelLoader.Inspect(_folder["model"]).Model is not null) return _folder["model"];
        }

        throw new InvalidOperationException("no place was within one tensor");
    }

    // The mean of the picture plus the mean of as many zeros as wanted.
    private string Graph(long elements)
    {
        byte[] graph = new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 16, 16).Output("y", OnnxBuilder.Float, 1).LongConstant("n", elements).LongConstant("one", 1)
            .Node("ReduceMean", ["x"], ["m"]).Node("ConstantOfShape", ["n"], ["z"]).Node("ReduceSum", ["z"], ["s"]).Node("Add", ["m", "s"], ["a"]).Node("Reshape", ["a", "one"], ["y"]).ToArray();
        _folder.Write("model/model.yaml", Yaml);
        _folder.Write("model/model.onnx", graph);
        return _folder["model"];
    }
}

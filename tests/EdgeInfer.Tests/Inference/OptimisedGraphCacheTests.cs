using EdgeInfer.Configuration;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Tests.Inference;

public sealed class OptimisedGraphCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-cache-").FullName;
    private readonly RecordingLogger _log = new();

    public void Dispose()
    {
        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void The_second_start_loads_the_kept_graph_and_answers_the_same()
    {
        float[] first = Answer(TestGraph.Conv());
        string kept = Assert.Single(Graphs());

        // With the original's weights replaced, an equal answer can only come from the kept graph.
        string other = Path.Combine(_folder, "other.onnx");
        File.Copy(TestGraph.PathOf("conv"), other);
        byte[] bytes = File.ReadAllBytes(other);
        Array.Clear(bytes, 300, 200);
        File.WriteAllBytes(other, bytes);
        float[] second = Answer(TestGraph.Conv(other));

        Assert.Equal(first, second);
        Assert.Equal(kept, Assert.Single(Graphs()));
        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public void Nothing_but_the_graph_and_its_checksum_is_left_behind()
    {
        Answer(TestGraph.Conv());

        Assert.Equal(2, Directory.GetFiles(_folder).Length);
        Assert.All(Directory.GetFiles(_folder), static file => Assert.DoesNotContain(".tmp", file, StringComparison.Ordinal));
    }

    [Fact]
    public void What_a_dead_process_left_half_written_goes_and_what_a_living_one_writes_stays()
    {
        // Process ids end at 4194304.
        string dead = Path.Combine(_folder, "0123456789abcdef-0123456789abcdef.graph.onnx.4194305.tmp");
        string living = Path.Combine(_folder, "0123456789abcdef-0123456789abcdef.graph.onnx.1.tmp");
        string foreign = Path.Combine(_folder, "notes.4194305.tmp");
        foreach (string file in (string[])[dead, living, foreign]) File.WriteAllText(file, "half");

        Answer(TestGraph.Conv());

        Assert.Equal((false, true, true), (File.Exists(dead), File.Exists(living), File.Exists(foreign)));
        Assert.Single(Graphs());
    }

    [Fact]
    public void A_pipe_in_the_place_of_a_graph_is_never_opened_and_is_replaced()
    {
        float[] expected = Answer(TestGraph.Conv());
        string kept = Assert.Single(Graphs());
        File.Delete(kept);
        Fifo.Make(kept);

        Assert.Equal(expected, Answer(TestGraph.Conv()));

        Assert.Contains("it is a pipe", Assert.Single(_log.Warnings), StringComparison.Ordinal);
        Assert.Equal(expected, Answer(TestGraph.Conv()));
        Assert.Single(_log.Warnings);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(-1)]
    public void A_graph_cut_short_or_spoilt_is_replaced_and_the_original_serves(int length)
    {
        float[] expected = Answer(TestGraph.Conv());
        string kept = Assert.Single(Graphs());
        byte[] bytes = File.ReadAllBytes(kept);
        if (length < 0) bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(kept, length < 0 ? bytes : bytes[..length]);

        Assert.Equal(expected, Answer(TestGraph.Conv()));

        Assert.Contains("checksum", Assert.Single(_log.Warnings), StringComparison.Ordinal);
        Assert.Equal(expected, Answer(TestGraph.Conv()));
        Assert.Single(_log.Warnings);
    }

    [Fact]
    public void A_graph_without_checksum_is_not_trusted()
    {
        Answer(TestGraph.Conv());
        File.Delete(Assert.Single(Graphs()) + ".sha256");

        Answer(TestGraph.Conv());

        Assert.Single(_log.Warnings);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_only_a_warning()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");

        float[] answer = Answer(TestGraph.Conv(), Path.Combine(file, "cache"));

        Assert.Equal(8, answer.Length);
        Assert.Contains("cannot be kept", Assert.Single(_log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_with_external_weights_is_never_kept()
    {
        Answer(TestGraph.Four(TestGraph.PathOf("external")));

        Assert.Empty(Graphs());
        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public void The_name_tells_models_processors_and_versions_apart()
    {
        string[] names =
        [
            Cache("cpu a", "1.31.1").Name(new string('a', 64)),
            Cache("cpu b", "1.31.1").Name(new string('a', 64)),
            Cache("cpu a", "1.32.0").Name(new string('a', 64)),
            Cache("cpu a", "1.31.1").Name(new string('b', 64)),
        ];

        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.Equal(names[0], Cache("cpu a", "1.31.1").Name(new string('a', 64)));
    }

    [Fact]
    public void External_weights_are_seen_across_a_block_boundary()
    {
        byte[] bytes = new byte[200_000];
        "\n\blocation"u8.CopyTo(bytes.AsSpan((1 << 16) - 5));
        string path = Path.Combine(_folder, "boundary");
        File.WriteAllBytes(path, bytes);
        Assert.True(OptimisedGraphCache.HasExternalData(path));

        File.WriteAllBytes(path, new byte[200_000]);
        Assert.False(OptimisedGraphCache.HasExternalData(path));
    }

    private static OptimisedGraphCache Cache(string processor, string version) => new("", processor, version, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

    private string[] Graphs() => Directory.GetFiles(_folder, "*.graph.onnx");

    private float[] Answer(Model model, string? cache = null)
    {
        InferenceRuntime runtime = new(new RuntimeOptions { Threads = 1, CacheFolder = cache ?? _folder }, TimeProvider.System, _log);
        using ModelSession session = runtime.Open(model);
        using BoundRun run = session.Bind();
        run.Input.Elements<float>().Fill(0.5f);
        run.Run();
        return run.Outputs[0].Elements<float>().ToArray();
    }

    private sealed class RecordingLogger : ILogger
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning) Warnings.Add(formatter(state, exception));
        }
    }
}

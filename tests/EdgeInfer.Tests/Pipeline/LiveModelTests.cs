using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Pipeline;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Inference;
using EdgeInfer.Tests.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Pipeline;

/// <summary>Another generation of a managed model goes live instead of the one that serves.</summary>
public sealed class LiveModelTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-live-").FullName;
    private readonly List<IDisposable> _open = [];
    private readonly FakeProviders _providers = new(TimeProvider.System, "cpu");
    private readonly SessionRegistry _models;

    public LiveModelTests() => _models = new(_providers, TimeProvider.System, NullLogger.Instance, static () => { });

    public void Dispose()
    {
        foreach (IDisposable open in _open) open.Dispose();
        _models.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void All_its_pipelines_change_over_between_two_frames_and_number_their_results_on()
    {
        LiveModel live = new(Generation("1.0.0"));
        NamedSink first = new(), second = new();
        // Slow enough that a busy machine keeps up: a frame of theirs that is lost is the swap's.
        PipelineWorker[] workers = [Worker("one", live, first, fps: 10), Worker("two", live, second, fps: 10)];
        Assert.True(first.Reached("1.0.0", 5, s_patience) && second.Reached("1.0.0", 5, s_patience));
        string next = Generation("2.0.0");
        _models.Open(next);
        long[] lost = [.. workers.Select(static w => w.Report().Displaced)];
        live.Swap(next);
        Assert.True(first.Reached("2.0.0", 5, s_patience) && second.Reached("2.0.0", 5, s_patience));
        foreach (NamedSink sink in new[] { first, second })
        {
            (string[] versions, long[] numbers) = sink.Seen;
            Assert.Equal(versions.Order(StringComparer.Ordinal), versions);
            Assert.Equal(Enumerable.Range(1, numbers.Length).Select(static n => (long)n), numbers);
        }

        // Numbers are given to results, and a frame that newer ones displaced has none: at most one is.
        Assert.All(workers.Zip(lost), static w => Assert.InRange(w.First.Report().Displaced - w.Second, 0, 1));

        // Each was opened once, whoever asked.
        Assert.Equal(["cpu", "cpu"], _providers.Opened);
    }

    [Fact]
    public void What_each_has_done_is_counted_from_nothing()
    {
        LiveModel live = new(Generation("1.0.0"));
        LiveGeneration old = live.Now;
        NamedSink sink = new();
        Worker("one", live, sink);
        Assert.True(sink.Reached("1.0.0", 5, s_patience));
        LiveGeneration next = live.Swap(Generation("2.0.0"));
        Assert.Equal(0, next.Record.Read().Results);
        Assert.True(sink.Reached("2.0.0", 5, s_patience));
        foreach (IDisposable worker in _open) worker.Dispose();
        string[] versions = sink.Seen.Names;
        Assert.Equal((versions.Count(static v => v == "1.0.0"), versions.Count(static v => v == "2.0.0")), (old.Record.Read().Results, next.Record.Read().Results));
        Assert.True(next.Record.Read() is { Errors: 0, NotNumbers: 0, P95Milliseconds: > 0 });
    }

    [Fact]
    public void One_that_cannot_be_opened_is_counted_as_an_error_and_the_old_one_comes_back()
    {
        string good = Generation("1.0.0");
        LiveModel live = new(good);
        NamedSink sink = new();
        PipelineWorker worker = Worker("one", live, sink);
        Assert.True(sink.Reached("1.0.0", 2, s_patience));
        LiveGeneration bad = live.Swap(Path.Combine(_folder, "nothing"));
        Assert.True(SpinWait.SpinUntil(() => bad.Record.Read().Errors > 0, s_patience));
        Assert.Equal("there is no such model", bad.Record.Read().LastError);
        int before = sink.Seen.Names.Length;
        live.Swap(good);
        worker.TryModelNow();
        Assert.True(sink.Reached("1.0.0", before + 2, s_patience));
    }

    [Fact]
    public void Results_of_outputs_that_are_no_numbers_are_counted_while_somebody_watches()
    {
        string broken = Path.Combine(_folder, "broken");
        Directory.CreateDirectory(broken);
        File.WriteAllText(Path.Combine(broken, "model.yaml"), "task: raw\nversion: 3.0.0\ninput: { color: rgb, resize: stretch, kernel: bilinear }\n");
        File.WriteAllBytes(Path.Combine(broken, "model.onnx"), new OnnxBuilder().Input("x", OnnxBuilder.Float, 1, 3, 8, 8)
            .Node("Sub", ["x", "x"], ["zero"]).Node("Div", ["zero", "zero"], ["y"]).Output("y", OnnxBuilder.Float, 1, 3, 8, 8).ToArray());
        LiveModel live = new(broken);
        NamedSink sink = new();
        Worker("one", live, sink);
        Assert.True(sink.Reached("3.0.0", 3, s_patience));
        Assert.Equal(0, live.Now.Record.Read().NotNumbers);
        live.Now.Record.WatchesOutputs = true;
        Assert.True(SpinWait.SpinUntil(() => live.Now.Record.Read().NotNumbers >= 3, s_patience));
        Assert.Equal(0, live.Now.Record.Read().Errors);
    }

    [Fact]
    public void A_plan_names_a_managed_model_by_its_name_whatever_its_folder()
    {
        LiveModels all = new();
        LiveModel live = all.Open("parts", "/old");
        string key = PipelinePlan.KeyOf(new("belt", "/initial", default, "parts"));
        Assert.Equal("/old", all.PathOf(key));
        live.Swap("/new");
        Assert.Equal(("/new", "/x/model"), (all.PathOf(key), all.PathOf(PipelinePlan.KeyOf(new("other", "/x/model", default)))));
        Assert.Same(live, all.Of(key));
        Assert.Same(live, all.Open("parts", "/other"));
        Assert.Throws<InvalidOperationException>(() => all.Of(LiveModels.KeyOf("screws")));
    }

    private string Generation(string version)
    {
        string target = Path.Combine(_folder, version);
        string source = Path.Combine(RepositoryFolder.Root, "models", "parts-detector");
        Directory.CreateDirectory(target);
        foreach (string file in new[] { "model.onnx", "labels.txt" }) File.Copy(Path.Combine(source, file), Path.Combine(target, file));
        File.WriteAllLines(Path.Combine(target, "model.yaml"), File.ReadLines(Path.Combine(source, "model.yaml")).TakeWhile(static line => line != "golden:")
            .Select(line => line.StartsWith("version:", StringComparison.Ordinal) ? $"version: {version}" : line));
        return target;
    }

    private PipelineWorker Worker(string name, LiveModel live, NamedSink sink, double fps = 50)
    {
        PipelineWorker worker = new(
            new() { Name = name, Mark = default, Source = new SyntheticOptions((64, 64), fps, 1), FramesPerSecond = null, Models = ["parts"] }, new ResultNumbers(1),
            [new("parts", live, _models.Open, stages => sink.Of(stages.Model.Version))], TimeProvider.System, new Random(1), NullLogger.Instance);
        _open.Add(worker);
        worker.Start();
        return worker;
    }
}

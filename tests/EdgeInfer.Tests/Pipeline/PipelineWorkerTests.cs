using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Results;
using EdgeInfer.Sinks;
using EdgeInfer.Tests.Architecture;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Pipeline;

public sealed class PipelineWorkerTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly SessionRegistry _models = new(new InferenceRuntime(new() { CacheFolder = "", Threads = 1 }, TimeProvider.System, NullLogger.Instance), TimeProvider.System, NullLogger.Instance, static () => { });
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-worker-");

    private static string BundledModel => Path.Combine(RepositoryFolder.Root, "models", "parts-detector");

    [Fact]
    public void Stopping_while_the_model_is_still_loading_ends_without_starting_the_source()
    {
        using ManualResetEventSlim isOpening = new();
        using ManualResetEventSlim mayOpen = new();
        PipelineWorker worker = Worker(new SyntheticOptions((64, 64), 10, 1), new CollectingSink(), () =>
        {
            isOpening.Set();
            Assert.True(mayOpen.Wait(s_patience));
            return _models.Open(BundledModel);
        });
        worker.Start();
        Assert.True(isOpening.Wait(s_patience));
        worker.Dispose();
        mayOpen.Set();
        Assert.Equal(PipelineState.Starting, worker.Report().State);
    }

    [Fact]
    public async Task Whoever_waits_for_the_model_of_a_pipeline_that_is_turned_off_meanwhile_waits_no_longer()
    {
        using ManualResetEventSlim isOpening = new();
        using ManualResetEventSlim mayOpen = new();
        PipelineWorker worker = Worker(new SyntheticOptions((64, 64), 10, 1), new CollectingSink(), () =>
        {
            isOpening.Set();
            Assert.True(mayOpen.Wait(s_patience));
            return _models.Open(BundledModel);
        });
        worker.Start();
        Assert.True(isOpening.Wait(s_patience));
        worker.Dispose();
        Assert.Null(await worker.FirstModel.WaitAsync(s_patience, TestContext.Current.CancellationToken));
        mayOpen.Set();
    }

    [Fact]
    public void The_sequence_goes_on_when_a_fault_makes_the_model_be_bound_anew()
    {
        CollectingSink sink = new() { FaultAt = 3 };
        using PipelineWorker worker = Worker(new SyntheticOptions((64, 64), 50, 1), sink, () => _models.Open(BundledModel));
        worker.Start();
        Assert.True(sink.Reached(6, s_patience));
        Assert.Equal([1, 2, 3, 4, 5, 6], sink.Sequence.Take(6));
        Assert.True(worker.Report().Published >= 5);
    }

    [Fact]
    public void Files_are_never_dropped_however_fast_they_are_wanted()
    {
        string golden = Directory.GetFiles(Path.Combine(BundledModel, "golden"), "*.jpg")[0];
        for (int i = 0; i < 30; i++) File.Copy(golden, Path.Combine(_folder.FullName, $"{i:00}.jpg"));
        CollectingSink sink = new();
        using PipelineWorker worker = Worker(new FilesOptions(_folder.FullName, false), sink, () => _models.Open(BundledModel), framesPerSecond: 500);
        worker.Start();
        Assert.True(sink.Reached(30, s_patience));
        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"{i:00}.jpg"), sink.Frames);
        Assert.Equal(0, worker.Counters.SkippedByRate);
    }

    [Fact]
    public async Task A_model_that_cannot_be_opened_is_reported_and_leaves_the_pipeline_without_model()
    {
        using PipelineWorker worker = Worker(
            new SyntheticOptions((64, 64), 10, 1), new CollectingSink(), () => throw FaultException.Of(FaultKind.Data, "model.onnx", "not a model", "give one"));
        worker.Start();
        Fault? fault = await worker.FirstModel.WaitAsync(s_patience);
        Assert.Equal("not a model", fault?.What);
        Assert.Equal((PipelineState.NoModel, "model.onnx: not a model; give one"), (worker.Report().State, worker.Report().Cause));
    }

    [Fact]
    public void A_model_named_with_and_without_a_final_slash_is_opened_once()
    {
        Assert.Same(_models.Open(BundledModel), _models.Open(BundledModel + "/"));
        Assert.Equal("parts-detector", _models.Find(BundledModel + "/")?.Name);
    }

    [Fact]
    public void Two_models_give_a_result_each_of_the_same_frame_with_one_count()
    {
        CollectingSink first = new(), second = new();
        using PipelineWorker worker = Worker(new SyntheticOptions((64, 64), 50, 1), new ResultNumbers(12), ("parts", first, Open), ("copy", second, Open));
        worker.Start();
        Assert.True(first.Reached(5, s_patience) && second.Reached(5, s_patience));
        Assert.Equal([1, 3, 5, 7, 9], first.Sequence.Take(5));
        Assert.Equal([2, 4, 6, 8, 10], second.Sequence.Take(5));
        Assert.Distinct(first.Frames.Take(5));
        Assert.Equal(first.Frames.Take(5), second.Frames.Take(5));
        PipelineReport report = worker.Report();
        Assert.Equal([("parts", PipelineState.Running), ("copy", PipelineState.Running)], report.Models!.Select(m => (m.Model, m.State)));
        Assert.Equal((PipelineState.Running, "parts", "cpu", (string?)null), (report.State, report.Model, report.Provider, report.Cause));
    }

    [Fact]
    public void The_sources_own_id_of_a_frame_is_kept_with_several_models()
    {
        string golden = Directory.GetFiles(Path.Combine(BundledModel, "golden"), "*.jpg")[0];
        File.Copy(golden, Path.Combine(_folder.FullName, "one.jpg"));
        CollectingSink first = new(), second = new();
        using PipelineWorker worker = Worker(new FilesOptions(_folder.FullName, false), new ResultNumbers(1), ("parts", first, Open), ("copy", second, Open));
        worker.Start();
        Assert.True(first.Reached(1, s_patience) && second.Reached(1, s_patience));
        Assert.Equal(["one.jpg"], first.Frames);
        Assert.Equal(["one.jpg"], second.Frames);
    }

    [Fact]
    public async Task A_model_that_cannot_be_opened_does_not_stop_the_other()
    {
        CollectingSink first = new(), second = new();
        bool isBroken = true;
        using PipelineWorker worker = Worker(new SyntheticOptions((64, 64), 50, 1), new ResultNumbers(1),
            ("broken", first, () => Volatile.Read(ref isBroken) ? throw FaultException.Of(FaultKind.Data, "model.onnx", "not a model", "give one") : Open()), ("parts", second, Open));
        worker.Start();
        Assert.Null(await worker.FirstModel.WaitAsync(s_patience, TestContext.Current.CancellationToken));
        Assert.True(second.Reached(3, s_patience));
        PipelineReport report = worker.Report();
        Assert.Equal((PipelineState.Running, "model.onnx: not a model; give one", "parts"), (report.State, report.Cause, report.Model));
        Assert.Equal([PipelineState.NoModel, PipelineState.Running], report.Models!.Select(m => m.State));

        Volatile.Write(ref isBroken, false);
        worker.TryModelNow();
        Assert.True(first.Reached(3, s_patience));
        Assert.Null(worker.Report().Cause);
    }

    [Fact]
    public void A_model_that_fails_in_a_run_is_closed_and_opened_again_while_the_other_goes_on()
    {
        CollectingSink first = new() { FaultAt = 3 }, second = new();
        using PipelineWorker worker = Worker(new SyntheticOptions((64, 64), 50, 1), new ResultNumbers(1), ("parts", first, Open), ("copy", second, Open));
        worker.Start();
        Assert.True(second.Reached(4, s_patience));
        Assert.True(first.Reached(5, s_patience));

        // 1 and 3 are the first model's; after its fault the second has the numbers for itself.
        Assert.Equal([1, 3], first.Sequence.Take(2));
        Assert.Equal([2, 4, 5, 6], second.Sequence.Take(4));
        Assert.Equal(Enumerable.Range(1, 9).Select(n => (long)n), first.Sequence.Concat(second.Sequence).Order().Take(9));
    }

    [Fact]
    public void A_file_that_waits_for_its_turn_counts_as_captured_when_its_turn_comes()
    {
        FakeTimeProvider time = new();
        CollectingSink sink = new();
        using PipelineWorker worker = Worker(new FilesOptions(Path.Combine(BundledModel, "golden", "*.jpg"), true), sink, Open, framesPerSecond: 1000, time);
        worker.Start();
        Assert.True(sink.Reached(1, s_patience));
        Assert.True(SpinWait.SpinUntil(() => worker.Report().Received >= 3, s_patience));
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(sink.Reached(1, s_patience));
        Assert.Equal([0, 0], sink.Ages.Take(2));
    }

    [Fact]
    public void A_pipeline_whose_model_waits_or_whose_source_is_silent_is_not_stuck()
    {
        FakeTimeProvider time = new();
        using PipelineWorker ended = Worker(new FilesOptions(Path.Combine(BundledModel, "golden", "*.jpg"), false), new CollectingSink(), Open, time: time);
        using PipelineWorker broken = Worker(
            new SyntheticOptions((64, 64), 10, 1), new CollectingSink(), () => throw FaultException.Of(FaultKind.Data, "model.onnx", "not a model", "give one"), time: time);
        ended.Start();
        broken.Start();
        Assert.True(SpinWait.SpinUntil(() => ended.Condition().State == PipelineState.NoSignal && broken.Condition().State == PipelineState.NoModel, s_patience));
        for (int hour = 0; hour < 3; hour++)
        {
            // Each of them says within a second that it still sleeps.
            time.Advance(TimeSpan.FromHours(1));
            Assert.True(SpinWait.SpinUntil(() => ended.Stuck(TimeSpan.FromSeconds(60)) is null && broken.Stuck(TimeSpan.FromSeconds(60)) is null, s_patience));
        }
    }

    [Fact]
    public void A_pipeline_that_does_not_come_back_from_a_call_is_stuck_and_says_for_how_long()
    {
        FakeTimeProvider time = new();
        using ManualResetEventSlim isWithin = new();
        using ManualResetEventSlim mayGoOn = new();
        CollectingSink sink = new()
        {
            Meanwhile = () =>
            {
                isWithin.Set();
                mayGoOn.Wait(s_patience);
            },
        };
        using PipelineWorker worker = Worker(new FilesOptions(Path.Combine(BundledModel, "golden", "*.jpg"), false), sink, Open, time: time);
        worker.Start();
        Assert.True(isWithin.Wait(s_patience));
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Null(worker.Stuck(TimeSpan.FromSeconds(60)));
        time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal("belt: its pipeline has not come back for 75 s", worker.Stuck(TimeSpan.FromSeconds(60))?.ToString());
        mayGoOn.Set();
        Assert.True(SpinWait.SpinUntil(() => worker.Stuck(TimeSpan.FromSeconds(60)) is null, s_patience));
    }

    [Fact]
    public void A_model_may_take_minutes_to_load_and_not_for_ever()
    {
        FakeTimeProvider time = new();
        using ManualResetEventSlim isOpening = new();
        using ManualResetEventSlim mayOpen = new();
        using PipelineWorker worker = Worker(new SyntheticOptions((64, 64), 10, 1), new CollectingSink(), () =>
        {
            isOpening.Set();
            Assert.True(mayOpen.Wait(s_patience));
            return Open();
        }, time: time);
        worker.Start();
        Assert.True(isOpening.Wait(s_patience));
        time.Advance(TimeSpan.FromMinutes(9));
        Assert.Null(worker.Stuck(TimeSpan.FromSeconds(60)));
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.NotNull(worker.Stuck(TimeSpan.FromSeconds(60)));
        mayOpen.Set();
    }

    [Fact]
    public async Task A_label_that_no_model_has_is_the_pipelines_fault()
    {
        using PipelineWorker worker = Worker(new SyntheticOptions((64, 64), 50, 1), new ResultNumbers(1), ["bolt", "elephant"], ("parts", new(), Open), ("copy", new(), Open));
        worker.Start();
        Fault? fault = await worker.FirstModel.WaitAsync(s_patience, TestContext.Current.CancellationToken);
        Assert.Equal("none of the models parts, copy has the label 'elephant'", fault?.What);
    }

    private ServedModel Open() => _models.Open(BundledModel);

    private static PipelineWorker Worker(SourceOptions source, CollectingSink sink, Func<ServedModel> open, double? framesPerSecond = null, TimeProvider? time = null) => new(
        new() { Name = "belt", Mark = default, Source = source, Models = ["parts"], FramesPerSecond = framesPerSecond },
        new ResultNumbers(1), [new("parts", new(BundledModel), _ => open(), _ => sink)], time ?? TimeProvider.System, new Random(1), NullLogger.Instance);

    private static PipelineWorker Worker(
        SourceOptions source, ResultNumbers numbers, params (string Name, CollectingSink Sink, Func<ServedModel> Open)[] models) => Worker(source, numbers, null, models);

    private static PipelineWorker Worker(
        SourceOptions source, ResultNumbers numbers, string[]? labels, params (string Name, CollectingSink Sink, Func<ServedModel> Open)[] models) => new(
        new() { Name = "belt", Mark = default, Source = source, Models = [.. models.Select(m => m.Name)], FramesPerSecond = null, Labels = labels },
        numbers, [.. models.Select(m => new ModelOpening(m.Name, new(BundledModel), _ => m.Open(), _ => m.Sink))], TimeProvider.System, new Random(1), NullLogger.Instance);

    public void Dispose()
    {
        _models.Dispose();
        _folder.Delete(true);
    }

    private sealed class CollectingSink : IPredictionSink
    {
        private readonly Lock _lock = new();
        private readonly List<long> _sequence = [];
        private readonly List<string> _frames = [];
        private readonly List<double> _ages = [];
        private readonly SemaphoreSlim _arrived = new(0);

        public long FaultAt { get; init; }

        /// <summary>Called within each result's hand-over.</summary>
        public Action? Meanwhile { get; init; }

        public SinkCounts Counts
        {
            get { lock (_lock) return new(_sequence.Count, _sequence.Count, 0); }
        }

        public IReadOnlyList<long> Sequence
        {
            get { lock (_lock) return [.. _sequence]; }
        }

        public IReadOnlyList<string> Frames
        {
            get { lock (_lock) return [.. _frames]; }
        }

        public IReadOnlyList<double> Ages
        {
            get { lock (_lock) return [.. _ages]; }
        }

        public bool Reached(int count, TimeSpan patience)
        {
            for (int i = 0; i < count; i++)
                if (!_arrived.Wait(patience)) return false;
            return true;
        }

        public void Accept(Prediction prediction)
        {
            lock (_lock)
            {
                _sequence.Add(prediction.Sequence);
                _frames.Add(prediction.Frame.Id.ToString());
                _ages.Add(prediction.AgeMilliseconds);
            }

            _arrived.Release();
            Meanwhile?.Invoke();
            if (prediction.Sequence == FaultAt) throw FaultException.Of(FaultKind.Unavailable, "provider", "lost", "");
        }

        public void Flush()
        {
        }

        public void Dispose()
        {
        }
    }
}

using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Pipeline;
using EdgeInfer.Results;
using EdgeInfer.Sinks;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Inference;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Pipeline;

/// <summary>What pipelines do while a provider of their model is made ready, when it is, and when its device is lost.</summary>
public sealed class SessionSwapTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly ManualResetEventSlim _mayBuild = new();
    private readonly DeviceWatch _devices = new(static _ => null);
    private readonly List<IDisposable> _open = [];

    private static string BundledModel => Path.Combine(RepositoryFolder.Root, "models", "parts-detector");

    public void Dispose()
    {
        _mayBuild.Set();
        foreach (IDisposable open in _open) open.Dispose();
    }

    [Fact]
    public void All_pipelines_of_a_model_change_over_between_two_frames_and_number_their_results_on()
    {
        SessionRegistry models = Models(new FakeProviders(TimeProvider.System, "npu", "cpu") { OnBuild = Wait, Slow = ["npu"] });
        NamedSink first = new(), second = new();
        PipelineWorker one = Worker("one", models, first), two = Worker("two", models, second);
        Assert.True(first.Reached("cpu", 5, s_patience) && second.Reached("cpu", 5, s_patience));
        Assert.Equal("running", one.Report().Build?.State);
        Assert.Equal("is being made ready", one.Report().PassedOver!["npu"]);
        _mayBuild.Set();
        Assert.True(first.Reached("npu", 5, s_patience) && second.Reached("npu", 5, s_patience));
        foreach (NamedSink sink in new[] { first, second })
        {
            (string[] providers, long[] numbers) = sink.Seen;
            Assert.Equal(providers.Order(StringComparer.Ordinal), providers);
            Assert.Equal(Enumerable.Range(1, numbers.Length).Select(static n => (long)n), numbers);
        }

        Assert.Equal(("npu", "done"), (two.Report().Provider, two.Report().Build?.State));
        Assert.Null(two.Report().PassedOver);
        Assert.Equal(two.Report().Results, two.Report().Published);
    }

    [Fact]
    public async Task A_pipeline_that_may_not_be_served_by_another_waits_and_says_what_for()
    {
        SessionRegistry models = Models(new FakeProviders(TimeProvider.System, "npu", "cpu") { OnBuild = Wait, Slow = ["npu"], IsFirstProviderRequired = true });
        NamedSink sink = new();
        PipelineWorker worker = Worker("one", models, sink);
        Assert.Null(await worker.FirstModel.WaitAsync(s_patience, TestContext.Current.CancellationToken));
        PipelineReport report = worker.Report();
        Assert.Equal((PipelineState.Starting, "parts: npu is being made ready for it, and nothing may serve meanwhile (runtime.required, or no other provider)"), (report.State, report.Cause));
        _mayBuild.Set();
        Assert.True(sink.Reached("npu", 3, s_patience));
        Assert.Equal(PipelineState.Running, worker.Report().State);
    }

    [Fact]
    public async Task A_required_provider_that_fails_is_not_tried_again_before_a_reload()
    {
        FakeProviders providers = new(TimeProvider.System, "npu", "cpu") { OnBuild = Wait, Slow = ["npu"], IsFirstProviderRequired = true };
        providers.Refusing["npu"] = "no room";
        TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        SessionRegistry models = Models(providers, changed.SetResult);
        Assert.Null(models.Open(BundledModel).Session);
        _mayBuild.Set();
        await changed.Task.WaitAsync(s_patience, TestContext.Current.CancellationToken);
        for (int i = 0; i < 3; i++) Assert.Contains("npu: no room", Assert.Throws<FaultException>(() => models.Open(BundledModel)).Message, StringComparison.Ordinal);
        Assert.Equal(["npu"], providers.Opened);
        models.ForgetFailed();
        providers.Slow = [];
        Assert.Contains("npu: no room", Assert.Throws<FaultException>(() => models.Open(BundledModel)).Message, StringComparison.Ordinal);
        Assert.Equal(["npu", "npu"], providers.Opened);
    }

    [Fact]
    public void After_a_device_is_lost_there_is_no_result_of_any_pipeline()
    {
        SessionRegistry models = Models(new FakeProviders(TimeProvider.System, "cuda", "cpu") { Devices = _devices });
        NamedSink sink = new() { Meanwhile = number => { if (number == 5) _devices.Failed("cuda", 0, "other", "CUDA failure 719: unspecified launch failure"); } };
        PipelineWorker worker = Worker("one", models, sink);
        Assert.True(sink.Reached("cuda", 5, s_patience));
        worker.Dispose();
        Assert.Equal([1, 2, 3, 4, 5], sink.Seen.Numbers);
    }

    private SessionRegistry Models(FakeProviders providers, Action? changed = null)
    {
        SessionRegistry models = new(providers, TimeProvider.System, NullLogger.Instance, changed ?? (static () => { }));
        _open.Add(models);
        return models;
    }

    private PipelineWorker Worker(string name, SessionRegistry models, NamedSink sink)
    {
        PipelineWorker worker = new(
            new() { Name = name, Mark = default, Source = new SyntheticOptions((64, 64), 50, 1), Models = ["parts"] }, new ResultNumbers(1),
            [new("parts", new(BundledModel), models.Open, stages => sink.Of(stages.Provider))], TimeProvider.System, new Random(1), NullLogger.Instance, devices: _devices);
        _open.Insert(0, worker);
        worker.Start();
        return worker;
    }

    private void Wait(string provider) => Assert.True(_mayBuild.Wait(s_patience));
}

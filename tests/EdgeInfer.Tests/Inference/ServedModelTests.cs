using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Inference;

public sealed class ServedModelTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero));
    private readonly ManualResetEventSlim _mayBuild = new();
    private readonly SemaphoreSlim _changes = new(0);
    private static Model Model => TestGraph.Conv();

    public void Dispose()
    {
        _mayBuild.Set();
        _changes.Dispose();
    }

    [Fact]
    public void A_provider_that_is_not_slow_serves_at_once_and_nothing_is_built()
    {
        FakeProviders providers = Providers("cuda", "cpu");
        using ServedModel served = Open(providers);
        Assert.Equal("cuda", served.Session?.Report.Used);
        Assert.Null(served.Build);
        Assert.Empty(served.PassedOver(served.Session!.Report));
        Assert.Equal(["cuda"], providers.Opened);
    }

    [Fact]
    public void While_a_slow_provider_is_made_ready_the_next_one_serves_and_then_gives_way()
    {
        FakeProviders providers = Providers("tensorrt", "cuda", "cpu");
        providers.Slow = ["tensorrt"];
        using ServedModel served = Open(providers);
        ModelSession first = served.Session!;
        Assert.Equal("cuda", first.Report.Used);
        Assert.False(first.Report.IsFirstChoice);
        Assert.Equal(("tensorrt", BuildState.Running, _time.GetUtcNow()), (served.Build!.Provider, served.Build.State, served.Build.Since));
        Assert.Equal([new("tensorrt", "is being made ready")], served.PassedOver(first.Report));

        _time.Advance(TimeSpan.FromMinutes(12));
        Build();

        Assert.Equal("tensorrt", served.Session?.Report.Used);
        Assert.True(served.Session!.Report.IsFirstChoice);
        Assert.Equal((BuildState.Done, TimeSpan.FromMinutes(12)), (served.Build.State, served.Build.Taken));
        Assert.Empty(served.PassedOver(served.Session.Report));
        Assert.Throws<ObjectDisposedException>(first.Bind);
    }

    [Fact]
    public void A_session_that_has_been_replaced_runs_on_for_whoever_still_holds_it()
    {
        FakeProviders providers = Providers("tensorrt", "cpu");
        providers.Slow = ["tensorrt"];
        using ServedModel served = Open(providers);
        ModelSession first = served.Session!;
        using BoundRun held = first.Bind();
        Build();
        held.Run();
        Assert.NotSame(first, served.Session);
        using BoundRun also = first.Bind();
        also.Run();
    }

    [Fact]
    public void A_provider_that_fails_behind_the_scenes_is_passed_over_with_its_reason_and_not_tried_again()
    {
        FakeProviders providers = Providers("tensorrt", "cuda", "cpu");
        (providers.Slow, providers.Refusing["tensorrt"]) = (["tensorrt"], "no room for the engine");
        using ServedModel served = Open(providers);
        _time.Advance(TimeSpan.FromSeconds(90));
        Build();
        Assert.Equal("cuda", served.Session?.Report.Used);
        Assert.Equal((BuildState.Failed, TimeSpan.FromSeconds(90), "no room for the engine"), (served.Build!.State, served.Build.Taken, served.Build.Why));
        Assert.Equal([new("tensorrt", "no room for the engine")], served.PassedOver(served.Session!.Report));
        Assert.Null(served.Fault);
        Assert.Equal(["cuda", "tensorrt"], providers.Opened.Order());
    }

    [Fact]
    public void An_exception_nobody_expects_ends_the_build_and_nothing_else()
    {
        FakeProviders providers = new(_time, "tensorrt", "cpu") { OnBuild = static _ => throw new InvalidOperationException("no such engine"), Slow = ["tensorrt"] };
        using ServedModel served = Open(providers);
        Assert.True(_changes.Wait(s_patience));
        Assert.Contains("unexpected InvalidOperationException: no such engine", served.Build!.Why, StringComparison.Ordinal);
        Assert.Equal("cpu", served.Session?.Report.Used);
    }

    [Fact]
    public void Where_the_first_is_required_nothing_serves_until_it_is_ready()
    {
        FakeProviders providers = new(_time, "tensorrt", "cpu") { OnBuild = Wait, Slow = ["tensorrt"], IsFirstProviderRequired = true };
        using ServedModel served = Open(providers);
        Assert.Null(served.Session);
        Assert.Null(served.Fault);
        Build();
        Assert.Equal("tensorrt", served.Session?.Report.Used);
        Assert.Equal(["tensorrt"], providers.Opened);
    }

    [Fact]
    public void Where_the_first_is_required_and_fails_nothing_ever_serves()
    {
        FakeProviders providers = new(_time, "tensorrt", "cpu") { OnBuild = Wait, Slow = ["tensorrt"], IsFirstProviderRequired = true };
        providers.Refusing["tensorrt"] = "no room for the engine";
        using ServedModel served = Open(providers);
        Build();
        Assert.Equal("conv: no execution provider: tensorrt: no room for the engine; install what it needs, or set runtime.required to false", served.Fault?.ToString());
        Assert.Equal(["tensorrt"], providers.Opened);
    }

    [Fact]
    public void A_slow_provider_that_stands_alone_is_waited_for()
    {
        FakeProviders providers = Providers("tensorrt");
        providers.Slow = ["tensorrt"];
        using ServedModel served = Open(providers);
        Assert.Null(served.Session);
        Build();
        Assert.Equal("tensorrt", served.Session?.Report.Used);
    }

    [Fact]
    public void Providers_that_are_not_there_are_passed_over_on_both_sides_of_a_slow_one()
    {
        FakeProviders providers = Providers("qnn", "tensorrt", "cuda", "cpu");
        (providers.Slow, providers.Refusing["qnn"], providers.Refusing["cuda"]) = (["tensorrt"], "not in this build", "no driver");
        using ServedModel served = Open(providers);
        Assert.Equal("cpu", served.Session?.Report.Used);
        Assert.Equal(["qnn", "cuda", "tensorrt"], served.PassedOver(served.Session!.Report).Select(static r => r.Provider));
        Build();
        Assert.Equal([new("qnn", "not in this build")], served.PassedOver(served.Session!.Report));
    }

    [Fact]
    public void What_is_let_go_of_during_a_build_takes_what_was_built_with_it()
    {
        ModelSession? built = null;
        FakeProviders providers = new(_time, "tensorrt", "cpu") { OnBuild = Wait, OnOpened = opened => Volatile.Write(ref built, opened), Slow = ["tensorrt"] };
        ServedModel served = Open(providers);
        ModelSession first = served.Session!;
        served.Dispose();
        _mayBuild.Set();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref built) is { } late && late != first && IsGone(late), s_patience));
        Assert.Same(first, served.Session);
        Assert.Throws<ObjectDisposedException>(first.Bind);
        Assert.Equal(0, _changes.CurrentCount);
    }

    [Fact]
    public void Nothing_that_takes_the_model_is_one_fault_with_every_reason()
    {
        FakeProviders providers = Providers("cuda", "qnn");
        (providers.Refusing["cuda"], providers.Refusing["qnn"]) = ("no driver", "not in this build");
        FaultException refused = Assert.Throws<FaultException>(() => Open(providers));
        Assert.Equal("conv: no execution provider: cuda: no driver; qnn: not in this build; add cpu to runtime.providers", refused.Message);
    }

    private FakeProviders Providers(params string[] names) => new(_time, names) { OnBuild = Wait };

    private ServedModel Open(FakeProviders providers) => ServedModel.Open(Model, providers, _time, NullLogger.Instance, () => _changes.Release());

    private void Wait(string provider) => Assert.True(_mayBuild.Wait(s_patience));

    private static bool IsGone(ModelSession session)
    {
        try
        {
            session.Bind().Dispose();
            return false;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }

    private void Build()
    {
        _mayBuild.Set();
        Assert.True(_changes.Wait(s_patience));
    }
}

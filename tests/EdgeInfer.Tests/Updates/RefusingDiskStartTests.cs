using EdgeInfer.Configuration;
using EdgeInfer.Pipeline;
using EdgeInfer.Tests.Slots;
using EdgeInfer.Updates;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Updates;

/// <summary>The agent starts on a disk that takes nothing any more: what it holds serves, and where it holds nothing, what the configuration gives.</summary>
[Collection(Alone.Name)]
public sealed class RefusingDiskStartTests : IDisposable
{
    private const int Eio = 5, Enospc = 28, Erofs = 30;

    private readonly StoreRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData(Eio)]
    [InlineData(Enospc)]
    [InlineData(Erofs)]
    public void At_its_first_start_a_model_serves_from_where_it_lies(int errno)
    {
        string shipped = _rig.Shipped();
        Directory.CreateDirectory(_rig.State);
        _rig.Refuses = errno;
        Assert.Equal(shipped, Begin(shipped));
    }

    [Theory]
    [InlineData(Eio)]
    [InlineData(Enospc)]
    [InlineData(Erofs)]
    public void At_a_later_one_the_generation_that_is_active_does(int errno)
    {
        _rig.Commit(TestRelease.Of(1));
        string active = _rig.Store.Generations.PathOf(StoreRig.Model, TestRelease.Of(1).Generation);
        _rig.Restart();
        _rig.Refuses = errno;
        Assert.Equal(active, Begin(_rig.Shipped()));
    }

    private string Begin(string initial)
    {
        LiveModels live = new();
        ManagedModels.Begin(Configuration(initial), _rig.Store, live, _rig.Time, NullLogger.Instance);
        return live.Of(LiveModels.KeyOf(StoreRig.Model)).Now.Path;
    }

    private AgentConfiguration Configuration(string initial) => new()
    {
        File = "",
        Device = new("press-3", new Dictionary<string, string>()),
        Mqtt = new() { Url = new("mqtt://127.0.0.1:1") },
        Runtime = new() { StateFolder = _rig.State },
        Models = new Dictionary<string, ModelReference> { ["parts"] = new("parts", initial, default, StoreRig.Model) },
        Pipelines = [],
        Updates = new(),
    };
}

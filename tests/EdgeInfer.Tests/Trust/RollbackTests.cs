using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust;

/// <summary>The cases of the public conformance suite's test_rollback, by their description, and what a key added to a role must not undo.</summary>
public sealed class RollbackTests : IDisposable
{
    private readonly RepositorySimulator _repository = new();
    private readonly Device _device;

    public RollbackTests() => _device = new Device(_repository);

    public void Dispose() => _device.Dispose();

    [Fact]
    public async Task A_timestamp_older_than_the_one_held_is_refused()
    {
        _repository.Publish("timestamp");
        await _device.Refresh();
        Assert.Equal(2, _device.Version("timestamp"));
        _repository.Timestamp = _repository.Timestamp with { Version = 0 };
        _repository.Publish("timestamp");
        await Refused();
        Assert.Equal(2, _device.Version("timestamp"));
        Assert.Equal("timestamp", _repository.MetadataRequests.Last());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_timestamp_that_names_an_older_snapshot_than_the_one_held_is_refused(bool givesHashes)
    {
        _repository.GivesHashes = givesHashes;
        _repository.Publish("snapshot", "timestamp");
        await _device.Refresh();
        _repository.Snapshot = _repository.Snapshot with { Version = 0 };
        _repository.Publish("snapshot", "timestamp");
        await Refused();
        Assert.Equal("root 1, snapshot 2, targets 1, timestamp 2", _device.Trusted);
        Assert.Equal("timestamp", _repository.MetadataRequests.Last());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_snapshot_that_names_older_targets_than_the_one_held_is_refused(bool givesHashes)
    {
        _repository.GivesHashes = givesHashes;
        _repository.Publish("targets", "snapshot", "timestamp");
        await _device.Refresh();
        _repository.Targets["targets"] = _repository.Targets["targets"] with { Version = 0 };
        _repository.Publish("targets", "snapshot", "timestamp");
        await Refused();
        Assert.Equal("root 1, snapshot 2, targets 2, timestamp 3", _device.Trusted);
    }

    [Fact]
    public async Task A_snapshot_that_names_older_delegated_targets_than_the_one_held_is_refused_though_they_were_never_read()
    {
        _repository.Delegate("targets", "models", ["models/*/*"]);
        _repository.Publish("models", "models", "targets", "snapshot", "timestamp");
        await _device.Refresh();
        Assert.Null(_device.Version("delegated/models"));
        _repository.Targets["models"] = _repository.Targets["models"] with { Version = 0 };
        _repository.Publish("models", "snapshot", "timestamp");
        await Refused();
    }

    [Fact]
    public async Task A_snapshot_that_lists_a_role_no_longer_is_refused()
    {
        _repository.Delegate("targets", "delegated", ["delegatedpath/*"]);
        _repository.Publish("delegated", "targets", "snapshot", "timestamp");
        await _device.Refresh();
        _repository.RemoveMeta("delegated");
        _repository.Publish("snapshot", "timestamp");
        await Refused();
        Assert.Equal(2, _device.Version("snapshot"));
    }

    [Fact]
    public async Task A_refused_timestamp_does_not_come_between_the_held_snapshot_and_the_next()
    {
        // The timestamp of a refresh is kept before its snapshot is refused: the older snapshot still counts at the next.
        await A_snapshot_that_lists_a_role_no_longer_is_refused();
        Assert.Equal(3, _device.Version("timestamp"));
        await Refused();
        _repository.Publish("snapshot", "timestamp");
        await Refused();
        Assert.Equal(2, _device.Version("snapshot"));
    }

    [Fact]
    public async Task A_new_snapshot_key_lets_targets_that_a_thief_ran_up_go_back()
    {
        _repository.Delegate("targets", "delegated", ["delegatedpath/*"]);
        _repository.Publish("delegated");
        for (int i = 0; i < 99; i++) _repository.Targets["targets"] = _repository.Targets["targets"] with { Version = i + 1 };
        _repository.Publish("targets", "snapshot", "timestamp");
        await _device.Refresh();
        Assert.Equal(100, _device.Version("targets"));
        _repository.RotateKeys("snapshot");
        _repository.Targets["targets"] = _repository.Targets["targets"] with { Version = 0 };
        _repository.RemoveMeta("delegated");
        _repository.Publish("root", "targets", "snapshot", "timestamp");
        await _device.Refresh();
        Assert.Equal("root 2, snapshot 3, targets 1, timestamp 3", _device.Trusted);
    }

    [Fact]
    public async Task New_snapshot_and_timestamp_keys_let_a_snapshot_that_a_thief_ran_up_go_back()
    {
        _repository.Snapshot = _repository.Snapshot with { Version = 99 };
        _repository.Publish("snapshot", "timestamp");
        await _device.Refresh();
        Assert.Equal(100, _device.Version("snapshot"));
        _repository.RotateKeys("snapshot");
        _repository.RotateKeys("timestamp");
        _repository.Snapshot = _repository.Snapshot with { Version = 0 };
        _repository.Publish("root", "targets", "snapshot", "timestamp");
        await _device.Refresh();
        Assert.Equal(1, _device.Version("snapshot"));
    }

    [Fact]
    public async Task A_new_timestamp_key_lets_a_timestamp_that_a_thief_ran_up_go_back()
    {
        _repository.Timestamp = _repository.Timestamp with { Version = 99 };
        _repository.Publish("timestamp");
        await _device.Refresh();
        Assert.Equal(100, _device.Version("timestamp"));
        _repository.RotateKeys("timestamp");
        _repository.Timestamp = _repository.Timestamp with { Version = 0 };
        _repository.Publish("root", "timestamp");
        await _device.Refresh();
        Assert.Equal(1, _device.Version("timestamp"));
    }

    [Fact]
    public async Task A_key_that_only_came_to_the_others_forgets_nothing()
    {
        _repository.Publish("timestamp");
        await _device.Refresh();
        _repository.AddKey("timestamp");
        _repository.Timestamp = _repository.Timestamp with { Version = 0 };
        _repository.Publish("root", "timestamp");
        await Refused();
        Assert.Equal("root 2, snapshot 1, targets 1, timestamp 2", _device.Trusted);
    }

    [Fact]
    public async Task A_root_older_than_the_one_held_is_never_asked_for()
    {
        _repository.Publish("root");
        _repository.Publish("root");
        await _device.Refresh();
        _repository.Files["metadata/4.root.json"] = _repository.Files["metadata/2.root.json"];
        UpdateException e = await Refused();
        Assert.Equal("metadata/4.root.json: root is version 2, where 4 follows", e.Message);
        Assert.Equal(3, _device.Version("root"));
    }

    [Fact]
    public async Task Delegated_targets_of_another_version_than_snapshot_names_are_refused()
    {
        _repository.Delegate("targets", "models", ["models/*/*"]);
        _repository.Publish("models", "models", "targets", "snapshot", "timestamp");
        _repository.Files["metadata/2.models.json"] = _repository.Files["metadata/1.models.json"];
        await Refusals.ThrowsAsync(UpdateCode.Rollback, () => _device.Download("models/parts/1"));
        Assert.Null(_device.Version("delegated/models"));
    }

    private Task<UpdateException> Refused() => Refusals.ThrowsAsync(UpdateCode.Rollback, async () => await _device.Refresh());
}

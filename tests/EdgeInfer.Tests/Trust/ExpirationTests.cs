using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Trust;

/// <summary>The cases of the public conformance suite's test_expiration, by their description, and the bound itself.</summary>
public sealed class ExpirationTests : IDisposable
{
    private static readonly DateTimeOffset s_past = RepositorySimulator.Day0.AddDays(-5);

    private readonly RepositorySimulator _repository = new();
    private readonly Device _device;

    public ExpirationTests() => _device = new Device(_repository);

    public void Dispose() => _device.Dispose();

    [Fact]
    public async Task An_expired_root_is_kept_and_nothing_after_it_is_taken()
    {
        await _device.Refresh();
        _repository.Publish("root");
        await _device.Refresh();
        _repository.Root = _repository.Root with { Expires = s_past };
        _repository.Publish("root", "targets", "snapshot", "timestamp");
        await Refused();
        Assert.Equal("root 3, snapshot 1, targets 1, timestamp 1", _device.Trusted);
    }

    [Fact]
    public async Task An_expired_timestamp_is_not_taken()
    {
        await _device.Refresh();
        _repository.Timestamp = _repository.Timestamp with { Expires = s_past };
        _repository.Publish("timestamp");
        await Refused();
        Assert.Equal("root 1, snapshot 1, targets 1, timestamp 1", _device.Trusted);
    }

    [Fact]
    public async Task An_expired_snapshot_is_not_taken()
    {
        await _device.Refresh();
        _repository.Snapshot = _repository.Snapshot with { Expires = s_past };
        _repository.Publish("snapshot", "timestamp");
        await Refused();
        Assert.Equal("root 1, snapshot 1, targets 1, timestamp 2", _device.Trusted);
    }

    [Fact]
    public async Task Expired_targets_are_not_taken()
    {
        await _device.Refresh();
        _repository.Targets["targets"] = _repository.Targets["targets"] with { Expires = s_past };
        _repository.Publish("targets", "snapshot", "timestamp");
        await Refused();
        Assert.Equal("root 1, snapshot 2, targets 1, timestamp 2", _device.Trusted);
    }

    [Fact]
    public async Task Expired_delegated_targets_are_not_taken()
    {
        _repository.Delegate("targets", "models", ["models/*/*"]);
        _repository.Targets["models"] = _repository.Targets["models"] with { Expires = s_past };
        _repository.Publish("models", "targets", "snapshot", "timestamp");
        await Refusals.ThrowsAsync(UpdateCode.Expired, () => _device.Download("models/parts/1"));
        Assert.Equal("root 1, snapshot 2, targets 2, timestamp 2", _device.Trusted);
    }

    [Fact]
    public async Task A_root_that_expired_while_the_device_was_off_is_followed_to_one_that_has_not()
    {
        _repository.Root = _repository.Root with { Expires = RepositorySimulator.Day0.AddDays(7) };
        _repository.Publish("root");
        await _device.Refresh();
        _repository.Root = _repository.Root with { Expires = RepositorySimulator.Day0.AddDays(21) };
        _repository.Publish("root");
        _device.Time.Advance(TimeSpan.FromDays(18));
        await _device.Refresh();
        Assert.Equal(3, _device.Version("root"));
    }

    [Fact]
    public async Task A_timestamp_that_expired_while_the_device_was_off_is_followed_to_one_that_has_not()
    {
        _repository.Timestamp = _repository.Timestamp with { Expires = RepositorySimulator.Day0.AddDays(7) };
        _repository.Publish("timestamp");
        await _device.Refresh();
        _repository.Timestamp = _repository.Timestamp with { Expires = RepositorySimulator.Day0.AddDays(21) };
        _repository.Publish("targets", "snapshot", "timestamp");
        _device.Time.Advance(TimeSpan.FromDays(18));
        await _device.Refresh();
        Assert.Equal("root 1, snapshot 2, targets 2, timestamp 3", _device.Trusted);
    }

    [Fact]
    public async Task An_expired_timestamp_still_bounds_the_version_of_the_next()
    {
        _repository.Timestamp = _repository.Timestamp with { Version = 4, Expires = RepositorySimulator.Day0.AddDays(7) };
        _repository.Publish("timestamp");
        await _device.Refresh();
        _repository.Timestamp = _repository.Timestamp with { Version = 3, Expires = RepositorySimulator.Safe };
        _repository.Publish("timestamp");
        _device.Time.Advance(TimeSpan.FromDays(18));
        await Refusals.ThrowsAsync(UpdateCode.Rollback, async () => await _device.Refresh());
    }

    [Fact]
    public async Task A_repository_that_shows_the_same_timestamp_for_ever_is_a_freeze_once_it_has_expired()
    {
        _repository.Timestamp = _repository.Timestamp with { Expires = RepositorySimulator.Day0.AddDays(7) };
        _repository.Publish("timestamp");
        await _device.Refresh();
        _device.Time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        await _device.Refresh();
        // Expiry has to be later than the update time, not equal to it.
        _device.Time.Advance(TimeSpan.FromSeconds(1));
        await Refused();
    }

    [Theory]
    [InlineData("snapshot")]
    [InlineData("targets")]
    public async Task What_was_accepted_is_refused_at_the_next_refresh_once_it_has_expired(string role)
    {
        DateTimeOffset soon = RepositorySimulator.Day0.AddDays(7);
        if (role == "snapshot") _repository.Snapshot = _repository.Snapshot with { Expires = soon };
        else _repository.Targets["targets"] = _repository.Targets["targets"] with { Expires = soon };
        _repository.Publish("targets", "snapshot", "timestamp");
        await _device.Refresh();
        _device.Time.Advance(TimeSpan.FromDays(8));
        UpdateException e = await Refused();
        Assert.Equal($"metadata/2.{role}.json: {role} expired at 2027-01-08T00:00:00Z, and it is 2027-01-09T00:00:00Z; let the publisher sign it again; if the date is wrong, set this device's clock", e.Message);
    }

    private Task<UpdateException> Refused() => Refusals.ThrowsAsync(UpdateCode.Expired, async () => await _device.Refresh());
}

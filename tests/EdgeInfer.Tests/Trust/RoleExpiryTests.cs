using EdgeInfer.Trust;

namespace EdgeInfer.Tests.Trust;

public sealed class RoleExpiryTests : IDisposable
{
    private readonly RepositorySimulator _repository = new();
    private readonly Device _device;

    public RoleExpiryTests() => _device = new Device(_repository);

    public void Dispose() => _device.Dispose();

    [Fact]
    public async Task Each_role_that_was_used_is_listed_with_its_date()
    {
        _repository.Delegate("targets", "models", ["models/*/*"]);
        _repository.Timestamp = _repository.Timestamp with { Expires = RepositorySimulator.Day0.AddDays(7) };
        _repository.Publish("models", "targets", "snapshot", "timestamp");
        await _device.Download("models/parts/1");
        Assert.Equal(["root", "timestamp", "snapshot", "targets", "models"], _device.Client.Expiries.Select(e => e.Role));
        Assert.Equal(RepositorySimulator.Day0.AddDays(7), _device.Client.Expiries[1].Expires);
        Assert.Equal(RepositorySimulator.Safe, _device.Client.Expiries[4].Expires);
    }

    [Fact]
    public async Task What_is_held_from_before_a_restart_is_listed_before_the_first_refresh()
    {
        await _device.Refresh();
        Assert.Equal(["root", "timestamp", "snapshot"], _device.Open().Expiries.Select(e => e.Role));
    }

    // The publisher's periods of section 6 of the contract: a third of 7 days is 2 days and 8 hours.
    [Theory]
    [InlineData(7, 0, false)]
    [InlineData(7, 111, false)]
    [InlineData(7, 112, true)]
    [InlineData(7, 169, true)]
    public async Task A_timestamp_is_due_when_a_third_of_its_seven_days_is_left(int days, int hours, bool isDue)
    {
        _repository.Timestamp = _repository.Timestamp with { Expires = RepositorySimulator.Day0.AddDays(days) };
        _repository.Publish("timestamp");
        await _device.Refresh();
        _device.Time.Advance(TimeSpan.FromHours(hours));
        Assert.Equal(isDue, _device.Client.Expiries.Single(e => e.Role == "timestamp").IsDue);
    }

    [Theory]
    [InlineData(39, false)]
    [InlineData(40, true)]
    public async Task A_document_that_says_when_it_was_signed_is_taken_at_its_word(int hours, bool isDue)
    {
        _repository.Timestamp = _repository.Timestamp with { SignedAt = RepositorySimulator.Day0, Expires = RepositorySimulator.Day0.AddHours(60) };
        _repository.Publish("timestamp");
        await _device.Refresh();
        _device.Time.Advance(TimeSpan.FromHours(hours));
        Assert.Equal(isDue, _device.Client.Expiries.Single(e => e.Role == "timestamp").IsDue);
    }
}

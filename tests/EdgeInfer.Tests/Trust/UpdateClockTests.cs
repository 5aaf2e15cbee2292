using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Trust;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Trust;

public sealed class UpdateClockTests : IDisposable
{
    private static readonly DateTimeOffset s_built = RepositorySimulator.Day0.AddYears(-1);

    private readonly RepositorySimulator _repository = new();
    private readonly Device _device;

    public UpdateClockTests() => _device = new Device(_repository);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Without_a_floor_of_its_own_a_clock_in_1970_reads_the_build_date()
    {
        Assert.Equal(s_built, new UpdateClock(_device.Store, new FakeTimeProvider(DateTimeOffset.UnixEpoch), s_built).Now);
        Assert.Equal(ProgramDate.WrittenAt, new UpdateClock(_device.Store, new FakeTimeProvider(DateTimeOffset.UnixEpoch)).Now);
    }

    [Fact]
    public void A_clock_that_runs_ahead_is_read_and_leaves_no_trace()
    {
        DateTimeOffset far = new(2099, 1, 1, 0, 0, 0, TimeSpan.Zero);
        UpdateClock clock = new(_device.Store, new FakeTimeProvider(far), s_built);
        Assert.Equal(far, clock.Now);
        Assert.Equal(s_built, clock.Floor);
        Assert.Equal(s_built, new UpdateClock(_device.Store, new FakeTimeProvider(DateTimeOffset.UnixEpoch), s_built).Now);
    }

    [Fact]
    public async Task A_refresh_under_a_clock_of_2099_is_refused_and_the_next_under_the_right_one_is_not()
    {
        _repository.Timestamp = _repository.Timestamp with { SignedAt = RepositorySimulator.Day0 };
        _repository.Publish("timestamp");
        FakeTimeProvider far = new(new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero));
        TrustClient client = TrustClient.Open(_device.Store, _device.Pin, new UpdateClock(_device.Store, far, s_built));
        await Refusals.ThrowsAsync(UpdateCode.Expired, async () => await client.Refresh(_repository, Device.Stop));
        await _device.Refresh();
        Assert.Equal(RepositorySimulator.Day0, _device.Clock().Floor);
    }

    [Fact]
    public async Task The_floor_rises_to_the_time_in_verified_timestamp_metadata_and_outlives_restarts()
    {
        DateTimeOffset signedAt = RepositorySimulator.Day0.AddDays(3).AddHours(5);
        _repository.Timestamp = _repository.Timestamp with { SignedAt = signedAt };
        _repository.Publish("timestamp");
        await _device.Refresh();
        Assert.Equal(signedAt, _device.Clock().Floor);
        Assert.Equal(signedAt, new UpdateClock(_device.Store, new FakeTimeProvider(DateTimeOffset.UnixEpoch), s_built).Now);
    }

    [Fact]
    public async Task The_floor_never_goes_back()
    {
        await The_floor_rises_to_the_time_in_verified_timestamp_metadata_and_outlives_restarts();
        DateTimeOffset before = _device.Clock().Floor;
        _repository.Timestamp = _repository.Timestamp with { SignedAt = before.AddDays(-1) };
        _repository.Publish("timestamp");
        await _device.Refresh();
        Assert.Equal(before, _device.Clock().Floor);
    }

    [Theory]
    [InlineData("root")]
    [InlineData("snapshot")]
    [InlineData("targets")]
    public async Task A_time_in_other_metadata_does_not_raise_the_floor(string role)
    {
        DateTimeOffset signedAt = RepositorySimulator.Day0.AddDays(3);
        _repository.Root = _repository.Root with { SignedAt = role == "root" ? signedAt : null };
        _repository.Snapshot = _repository.Snapshot with { SignedAt = role == "snapshot" ? signedAt : null };
        _repository.Targets["targets"] = _repository.Targets["targets"] with { SignedAt = role == "targets" ? signedAt : null };
        _repository.Publish("root", "targets", "snapshot", "timestamp");
        await _device.Refresh();
        Assert.Equal(s_built, _device.Clock().Floor);
    }

    [Fact]
    public async Task A_time_in_a_timestamp_that_is_refused_does_not_raise_the_floor()
    {
        _repository.Timestamp = _repository.Timestamp with { SignedAt = RepositorySimulator.Day0.AddDays(3) };
        _repository.SignersOf("timestamp").Clear();
        _repository.SignersOf("timestamp").Add(_repository.NewSigner());
        _repository.Publish("timestamp");
        await Refusals.ThrowsAsync(UpdateCode.Threshold, async () => await _device.Refresh());
        Assert.Equal(s_built, _device.Clock().Floor);
    }

    [Fact]
    public async Task A_timestamp_signed_after_its_own_expiry_is_refused()
    {
        _repository.Timestamp = _repository.Timestamp with { SignedAt = RepositorySimulator.Safe };
        _repository.Publish("timestamp");
        await Refusals.ThrowsAsync(UpdateCode.Signature, async () => await _device.Refresh());
        Assert.Equal(s_built, _device.Clock().Floor);
    }

    [Fact]
    public async Task A_device_whose_clock_stands_in_1970_refuses_what_has_expired_by_the_signed_time()
    {
        DateTimeOffset signedAt = RepositorySimulator.Day0.AddDays(20);
        _repository.Snapshot = _repository.Snapshot with { Expires = RepositorySimulator.Day0.AddDays(10) };
        _repository.Timestamp = _repository.Timestamp with { SignedAt = signedAt };
        _repository.Publish("snapshot", "timestamp");
        TrustClient client = TrustClient.Open(_device.Store, _device.Pin, new UpdateClock(_device.Store, new FakeTimeProvider(DateTimeOffset.UnixEpoch), s_built));
        UpdateException e = await Refusals.ThrowsAsync(UpdateCode.Expired, async () => await client.Refresh(_repository, Device.Stop));
        Assert.StartsWith("metadata/2.snapshot.json: snapshot expired at 2027-01-11T00:00:00Z, and it is 2027-01-21T00:00:00Z", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_root_that_has_expired_by_the_signed_time_is_refused_in_the_same_refresh()
    {
        _repository.Root = _repository.Root with { Expires = RepositorySimulator.Day0.AddDays(10) };
        _repository.Timestamp = _repository.Timestamp with { SignedAt = RepositorySimulator.Day0.AddDays(20) };
        _repository.Publish("root", "timestamp");
        UpdateException e = await Refusals.ThrowsAsync(UpdateCode.Expired, async () => await _device.Refresh());
        Assert.StartsWith("metadata/2.root.json: root expired", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_thief_who_signed_a_far_year_is_undone_by_new_timestamp_keys()
    {
        _repository.Timestamp = _repository.Timestamp with { Expires = RepositorySimulator.Day0.AddYears(70), SignedAt = RepositorySimulator.Day0.AddYears(60) };
        _repository.Publish("timestamp");
        await Refusals.ThrowsAsync(UpdateCode.Expired, async () => await _device.Refresh());
        _repository.Timestamp = _repository.Timestamp with { Expires = RepositorySimulator.Safe, SignedAt = RepositorySimulator.Day0 };
        _repository.Publish("timestamp");
        await Refusals.ThrowsAsync(UpdateCode.Expired, async () => await _device.Refresh());
        _repository.RotateKeys("timestamp");
        _repository.Publish("root", "timestamp");
        await _device.Refresh();
        Assert.Equal(RepositorySimulator.Day0, _device.Clock().Floor);
    }

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("99999999999999999")]
    [InlineData("4102444800")]
    public void A_damaged_floor_is_the_build_date(string content)
    {
        Directory.CreateDirectory(_device.Store.Folder);
        File.WriteAllText(FloorFile, content);
        Assert.Equal(s_built, _device.Clock().Floor);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("9999999999999999999")]
    [InlineData("\"2100\"")]
    [InlineData("4102444800.5")]
    public void A_floor_that_no_time_can_be_is_the_build_date(string content)
    {
        Directory.CreateDirectory(_device.Store.Folder);
        CheckedFile.Write(FloorFile, Encoding.ASCII.GetBytes(content));
        Assert.Equal(s_built, _device.Clock().Floor);
    }

    [Fact]
    public async Task A_floor_with_any_digit_changed_is_the_build_date()
    {
        await The_floor_rises_to_the_time_in_verified_timestamp_metadata_and_outlives_restarts();
        byte[] whole = File.ReadAllBytes(FloorFile);
        int digits = 0;
        for (int i = 0; i < whole.Length; i++)
        {
            if (!char.IsAsciiDigit((char)whole[i])) continue;
            digits++;
            byte[] damaged = [.. whole];
            damaged[i] = (byte)(whole[i] == '9' ? '0' : whole[i] + 1);
            File.WriteAllBytes(FloorFile, damaged);
            Assert.Equal(s_built, _device.Clock().Floor);
        }

        Assert.True(digits > 10, "no digit was changed");
    }

    private string FloorFile => Path.Combine(_device.Store.Folder, UpdateClock.FileName);
}

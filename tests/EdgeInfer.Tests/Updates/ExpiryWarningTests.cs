using EdgeInfer.Releasing;

namespace EdgeInfer.Tests.Updates;

/// <summary>A publisher whose signing stops, as the device's log has it. A timestamp lasts 7 days and a rollout 30, from 2027-03-01 12:00 on.</summary>
public sealed class ExpiryWarningTests : IDisposable
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly DeviceRig _device = new();

    public ExpiryWarningTests()
    {
        _device.Publish(1, hold: true);
        _device.Start(isUpdated: false);
    }

    public void Dispose() => _device.Dispose();

    [Fact]
    public async Task A_role_that_is_not_signed_again_is_warned_of_with_its_date_once_a_third_of_its_time_is_left_and_not_before()
    {
        Assert.Empty(await WarningsAfter(TimeSpan.Zero));
        TimeSpan twoThirds = TimeSpan.FromDays(7) * 2 / 3;
        Assert.Empty(await WarningsAfter(twoThirds - s_minute));
        Assert.StartsWith("the signed metadata of the role timestamp expire at 2027-03-08 12:00:00Z", Assert.Single(await WarningsAfter(2 * s_minute)), StringComparison.Ordinal);
        // It is said again with each look until somebody signs.
        Assert.Contains("role timestamp", Assert.Single(await WarningsAfter(TimeSpan.FromHours(6))), StringComparison.Ordinal);
        _device.Do(ReleaseRefresh.Run);
        Assert.Empty(await WarningsAfter(TimeSpan.Zero));
    }

    [Fact]
    public async Task Each_role_is_warned_of_by_its_own_time()
    {
        for (int day = 4; day < 20; day += 4)
        {
            Assert.Empty(await WarningsAfter(TimeSpan.FromDays(4)));
            // Snapshot and timestamp; the rollout is signed again only when it is due.
            _device.Do(ReleaseRefresh.Run);
        }

        Assert.Empty(await WarningsAfter(TimeSpan.FromDays(4) - s_minute));
        Assert.StartsWith("the signed metadata of the role rollout expire at 2027-03-31 12:00:00Z", Assert.Single(await WarningsAfter(2 * s_minute)), StringComparison.Ordinal);
    }

    // What a look at the repository, some time later, adds to the log.
    private async Task<string[]> WarningsAfter(TimeSpan time)
    {
        _device.Time.Advance(time);
        int before = Warnings().Length;
        await _device.Service!.ApplyAsync(_device.Repository, CancellationToken.None);
        return Warnings()[before..];
    }

    private string[] Warnings() => [.. _device.Log.Text.Split('\n').Where(static line => line.Contains("signed metadata of the role", StringComparison.Ordinal))];
}

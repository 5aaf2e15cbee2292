using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;
using EdgeInfer.Updates;

namespace EdgeInfer.Tests.Updates;

/// <summary>What a device publishes of an update on its way: each change at once, and how far the files are at most every 2 s.</summary>
public sealed class UpdateProgressTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pace = TimeSpan.FromSeconds(2);

    private readonly DeviceRig _device = new();
    private readonly Lock _lock = new();
    private readonly List<UpdateReport> _told = [];

    public UpdateProgressTests()
    {
        // The first look is at once, and no second comes: time goes on only as files come.
        _device.Options = new() { Poll = TimeSpan.FromDays(7), Spread = TimeSpan.Zero };
        _device.By = source => new WatchedReleases(source, _device.Time) { OnShare = () => _device.Time.Advance(TimeSpan.FromMilliseconds(100)) };
    }

    public void Dispose() => _device.Dispose();

    [Fact]
    public void While_files_come_every_two_seconds_at_most_are_told_of()
    {
        List<UpdateReport> told = Until(static r => r.Job?.State == "trial");
        List<UpdateReport> progress = [];
        for (int i = 1; i < told.Count; i++)
        {
            if (told[i].Job?.State != "fetching" || told[i - 1].Job?.State != "fetching") continue;
            // Neither sooner, nor so late that nobody sees it move.
            Assert.InRange((told[i].At - told[i - 1].At)!.Value, s_pace, 1.5 * s_pace);
            progress.Add(told[i]);
        }

        Assert.InRange(progress.Count, 3, int.MaxValue);
        Assert.All(progress, r => Assert.InRange(r.Progress!.Bytes, 1, r.Progress.Total));
        Assert.Equal(progress.Select(static r => r.Progress!.Bytes).Order(), progress.Select(static r => r.Progress!.Bytes));
        Assert.Single(progress.Select(static r => r.Progress!.Total).Distinct());
    }

    [Fact]
    public void Each_state_is_told_of_at_once_and_the_last_one_is_what_is_so()
    {
        List<UpdateReport> told = Until(static r => r.Job?.State == "trial");
        Assert.Equal(
            ["offered", "metadata", "admitted", "fetching", "verified", "inspected", "probed", "staged", "window", "trial"],
            told.Select(static r => r.Job?.State).OfType<string>().Distinct());
        // Nothing but the files takes time here, so what follows them comes with the last of them.
        UpdateReport[] after = [.. told.SkipWhile(static r => r.Job?.State != "verified")];
        Assert.All(after, r => Assert.Equal(_device.Time.GetUtcNow(), r.At));
        UpdateReport last = _device.Report;
        Assert.Equal((last.Job!.State, last.Job.Since, last.Job.Manifest, null), (after[^1].Job!.State, after[^1].Job!.Since, after[^1].Job!.Manifest, after[^1].Progress));
    }

    [Fact]
    public void A_transfer_that_breaks_is_told_of_at_once_and_moves_no_more()
    {
        DateTimeOffset broken = default;
        int shares = 0;
        _device.By = source => new WatchedReleases(source, _device.Time)
        {
            OnShare = () =>
            {
                _device.Time.Advance(TimeSpan.FromMilliseconds(100));
                if (++shares < 30) return;
                broken = _device.Time.GetUtcNow();
                throw UpdateException.Of(UpdateCode.Network, "blobs", "the line broke", "");
            },
        };
        UpdateReport last = Until(static r => r.Job?.Code is not null)[^1];
        Assert.Equal(("fetching", "network", broken, null), (last.Job!.State, last.Job.Code, last.At, last.Progress));
    }

    // What was told until something was.
    private List<UpdateReport> Until(Func<UpdateReport, bool> isSo)
    {
        using ManualResetEventSlim isTold = new();
        _device.OnTold = report =>
        {
            lock (_lock) _told.Add(report);
            if (isSo(report)) isTold.Set();
        };
        _device.Publish(1);
        _device.Start();
        Assert.True(isTold.Wait(s_patience), "nothing of it is told");
        _device.OnTold = static _ => { };
        lock (_lock) return [.. _told];
    }
}

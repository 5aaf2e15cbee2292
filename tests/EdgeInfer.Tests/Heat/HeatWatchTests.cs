using EdgeInfer.Heat;
using EdgeInfer.Tests.Diagnosis;
using EdgeInfer.Tests.Sources;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Heat;

public sealed class HeatWatchTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly RecordingLogger _log = new();
    private readonly FakeSystem _pi = Boards.Pi4();
    private int _news;

    [Fact]
    public void It_reads_at_once_and_then_every_five_seconds()
    {
        using HeatWatch watch = Watch(_pi);
        Assert.Null(watch.Now);
        watch.Start();
        _time.Advance(TimeSpan.Zero);
        Assert.Equal(54.53, watch.Now!.Reading.Hottest!.Value.Celsius);
        _pi.WithZone(0, "cpu-thermal", "55000");
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal(54.53, watch.Now!.Reading.Hottest!.Value.Celsius);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(55, watch.Now!.Reading.Hottest!.Value.Celsius);
    }

    [Fact]
    public void News_are_the_first_reading_a_new_reason_and_a_step_but_no_degree_and_no_reason_that_goes()
    {
        using HeatWatch watch = Watch(_pi);
        Assert.Equal(1, NewsAfter(watch));
        _pi.WithZone(0, "cpu-thermal", "76900");
        Assert.Equal(0, NewsAfter(watch));
        _pi.With(Boards.Throttled, "80008");
        Assert.Equal(1, NewsAfter(watch));
        _pi.With(Boards.Throttled, "80000");
        Assert.Equal(0, NewsAfter(watch));
        _pi.WithZone(0, "cpu-thermal", "80000");
        Assert.Equal([0, 0, 0, 0, 0, 0, 1], Enumerable.Range(0, 7).Select(_ => NewsAfter(watch)));
        Assert.Equal(0.75, watch.Now!.Governor.Rate);
    }

    [Fact]
    public void Each_reason_is_logged_once_with_its_cure()
    {
        _pi.With(Boards.Throttled, "50001");
        using HeatWatch watch = Watch(_pi);
        for (int i = 0; i < 5; i++)
        {
            _pi.With(Boards.Throttled, i % 2 == 0 ? "50001" : "50000");
            NewsAfter(watch);
        }

        Assert.Equal(
            ["heat: the supply voltage is too low now; use the maker's power supply and a short cable; power cameras from a hub of their own",
             "heat: the processor is throttled at times since the device was switched on; cool the device (a heat sink, a fan, more air), and check its power supply"],
            _log.Text.Split('\n'));
    }

    [Fact]
    public void A_machine_that_tells_nothing_has_no_snapshot_and_no_news()
    {
        using FakeSystem pc = new();
        using HeatWatch watch = Watch(pc);
        Assert.Equal(0, NewsAfter(watch));
        Assert.Null(watch.Now);
    }

    [Fact]
    public void Options_that_turn_it_off_show_in_the_snapshot_at_once()
    {
        _pi.WithZone(0, "cpu-thermal", "85000");
        using HeatWatch watch = Watch(_pi);
        for (int i = 0; i < 7; i++) NewsAfter(watch);
        Assert.Equal((0.75, 0.75), (watch.Rate.Now, watch.Now!.Governor.Rate));
        watch.Use(new() { IsGoverned = false });
        Assert.Equal((1.0, 1.0, null), (watch.Rate.Now, watch.Now!.Governor.Rate, watch.Now.Governor.Cause));
    }

    // Runs every five seconds for years: a few kilobytes, for handles, paths of failed tries and the reading itself.
    [Fact]
    public void A_reading_allocates_little()
    {
        using FakeSystem orin = Boards.Orin();
        using HeatWatch watch = Watch(orin);
        for (int i = 0; i < 3; i++) watch.Look();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) watch.Look();
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 10, 0, 8 * 1024);
    }

    public void Dispose() => _pi.Dispose();

    private HeatWatch Watch(FakeSystem system)
    {
        HeatWatch watch = new(system.Files, new(), _time, _log);
        watch.Changed += () => _news++;
        return watch;
    }

    private int NewsAfter(HeatWatch watch)
    {
        int before = _news;
        watch.Look();
        _time.Advance(TimeSpan.FromSeconds(5));
        return _news - before;
    }
}

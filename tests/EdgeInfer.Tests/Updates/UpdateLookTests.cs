using EdgeInfer.Tests.Releasing;

namespace EdgeInfer.Tests.Updates;

/// <summary>When a device asks its repository. The numbers are those of docs/updates.md: 30 s, 6 h give or take a tenth, 10 min.</summary>
public sealed class UpdateLookTests : IDisposable
{
    private static readonly TimeSpan s_firstLook = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_poll = TimeSpan.FromHours(6);
    private static readonly TimeSpan s_spread = TimeSpan.FromMinutes(10);

    private readonly SleepTime _time = new(ReleaseRig.Start);
    private readonly DeviceRig _device;
    private WatchedReleases? _repository;

    public UpdateLookTests()
    {
        _device = new(_time) { Options = new(), By = source => _repository = new(source, _time!) };
        // A model whose rollout is held has nothing to do: only looks are slept for.
        _device.Publish(1, hold: true);
    }

    public void Dispose() => _device.Dispose();

    [Fact]
    public async Task A_device_looks_within_half_a_minute_of_its_start_and_a_plant_not_in_the_same_second()
    {
        List<TimeSpan> waits = [];
        for (int device = 1; device <= 20; device++)
        {
            _device.Seed = device;
            _device.Start();
            waits.Add(UntilLook());
            await _device.StopAsync();
            _time.Forget();
        }

        AssertSpread(waits, TimeSpan.Zero, s_firstLook);
    }

    [Fact]
    public void Without_a_hint_the_repository_is_asked_every_six_hours_give_or_take_a_tenth()
    {
        _device.Start();
        UntilLook();
        AssertSpread([.. Enumerable.Range(0, 20).Select(_ => UntilLook())], 0.9 * s_poll, 1.1 * s_poll);
    }

    [Fact]
    public void After_a_hint_the_repository_is_asked_within_the_spread_and_each_time_after_another_wait()
    {
        _device.Start();
        UntilLook();
        AssertSpread([.. Enumerable.Range(0, 20).Select(i => UntilLookAfterHint(i % 2 == 0 ? "parts" : null))], TimeSpan.Zero, s_spread);
    }

    [Fact]
    public async Task Two_devices_that_get_the_same_hint_ask_at_different_times()
    {
        List<TimeSpan> waits = [];
        foreach (int seed in (int[])[1, 2])
        {
            _device.Seed = seed;
            _device.Start();
            UntilLook();
            waits.Add(UntilLookAfterHint("parts"));
            await _device.StopAsync();
            _time.Forget();
        }

        Assert.NotEqual(waits[0], waits[1]);
    }

    [Fact]
    public void Hints_that_go_on_coming_do_not_put_the_look_off()
    {
        _device.Start();
        UntilLook();
        _time.NextSleep();
        DateTimeOffset hinted = _time.GetUtcNow();
        _device.Service!.Hint("parts");
        _time.Advance(_time.NextSleep() - TimeSpan.FromSeconds(1));
        for (int i = 0; i < 20; i++) _device.Service.Hint("parts");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(_repository!.NextLook() - hinted, TimeSpan.Zero, s_spread);
    }

    [Fact]
    public void A_hint_never_makes_the_next_look_come_later()
    {
        TimeSpan poll = TimeSpan.FromHours(1);
        _device.Options = new() { Poll = poll, Spread = TimeSpan.FromDays(1) };
        _device.Start();
        UntilLook();
        for (int i = 0; i < 10; i++) Assert.InRange(UntilLookAfterHint("parts"), TimeSpan.Zero, 1.1 * poll);
    }

    [Fact]
    public void Without_a_spread_a_hint_is_followed_at_once()
    {
        _device.Options = new() { Spread = TimeSpan.Zero };
        _device.Start();
        _repository!.NextLook();
        _time.NextSleep();
        _device.Service!.Hint("parts");
        Assert.Equal(ReleaseRig.Start, _repository.NextLook());
    }

    // How long it takes until the repository is asked: time goes on just as far as the device sleeps.
    private TimeSpan UntilLook()
    {
        DateTimeOffset from = _time.GetUtcNow();
        _time.Advance(_time.NextSleep());
        return _repository!.NextLook() - from;
    }

    private TimeSpan UntilLookAfterHint(string? model)
    {
        // It has looked, and sleeps until the next poll.
        _time.NextSleep();
        _device.Service!.Hint(model);
        return UntilLook();
    }

    // All lie within, and they use the whole of it: of twenty even draws none in the first or in the last third comes about once in 1700 times, and the seeds stand.
    private static void AssertSpread(IReadOnlyList<TimeSpan> waits, TimeSpan least, TimeSpan most)
    {
        Assert.All(waits, wait => Assert.InRange(wait, least, most));
        TimeSpan third = (most - least) / 3;
        Assert.InRange(waits.Min(), least, least + third);
        Assert.InRange(waits.Max(), most - third, most);
        Assert.Equal(waits.Count, waits.Distinct().Count());
    }
}

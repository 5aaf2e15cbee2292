using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;
using EdgeInfer.Releasing.Fleet;
using EdgeInfer.Slots;
using EdgeInfer.Tests.Models;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Releasing.Fleet;

/// <summary>
/// A fleet of press-0 to press-19 in waves, on a clock that goes on by each wait. Of them the first four bytes of SHA-256("0ba29600c5932ba5/press-N") mod 10000
/// are below 100 for none, below 1000 for 2, 11 and 14 (worked out with Python's hashlib; the salt is the beginning of SHA-256("models/parts/2")).
/// </summary>
public sealed class WaveRolloutTests : IDisposable
{
    private const string SecondAtTen = "10 %: models/parts/2";
    private const string FirstForAll = "everybody: models/parts/1";

    private readonly ReleaseRig _rig = new();
    private readonly WaveTime _time;
    private readonly ScriptedFleet _fleet = new();
    private readonly List<string> _said = [];
    private readonly string _manifest;
    private IReadOnlyList<string> _rules = [];
    private int _carried;

    public WaveRolloutTests()
    {
        _time = new(_rig.Time);
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata().FloatConstant("w", 1).FloatConstant("s", 1), "input: { kernel: bilinear }\n");
        for (int seq = 1; seq <= 2; seq++) _rig.Do(desk => ReleasePack.Run(desk, new(box.Folder, "parts")));
        _rig.Do(ReleasePublish.Run);
        _rig.Do(desk => ReleaseRollout.Run(desk, new("parts") { To = "1" }));
        _manifest = _rig.Do(ReleaseStatus.Of).Releases.Single(r => r.Path == "models/parts/2").Sha256;
    }

    public void Dispose() => _rig.Dispose();

    [Fact]
    public async Task Each_wave_is_signed_when_the_one_before_has_committed()
    {
        _fleet.Says = look => Fleet(d => IsChosen(d) && look > 3 ? Committed : Nothing);
        Assert.Equal(WaveEnd.Done, await Roll());
        Assert.Equal(["100 %: models/parts/2"], Rules());
        Assert.Equal(
            [
                "parts 2: wave 1 of 4 (1 %) signed: 0 of 20 devices",
                "parts 2: wave 1 of 4 (1 %) is good enough: 0 of 0 committed",
                "parts 2: wave 2 of 4 (10 %) signed: 3 of 20 devices",
                "parts 2: wave 2 of 4 (10 %): 0 of 3 committed, 3 not yet",
                "parts 2: wave 2 of 4 (10 %) is good enough: 3 of 3 committed",
                "parts 2: wave 3 of 4 (50 %) signed: 12 of 20 devices",
                "parts 2: wave 3 of 4 (50 %) is good enough: 12 of 12 committed",
                "parts 2: wave 4 of 4 (100 %) signed: 20 of 20 devices",
                "parts 2: done at 100 %: 20 of 20 committed",
            ],
            _said);

        // Once for each signature: copied, then told.
        Assert.Equal(4, _carried);
        Assert.Equal([("parts", 3L), ("parts", 4L), ("parts", 5L), ("parts", 6L)], _fleet.Hints);
    }

    [Fact]
    public async Task Too_many_failures_sign_a_halt_that_the_next_call_finds()
    {
        _fleet.Says = look => Fleet(d => d != "press-11" ? IsChosen(d) ? Committed : Nothing : look > 4 ? Failed : Trial);
        Assert.Equal(WaveEnd.Halted, await Roll("10,100"));
        Assert.Equal(["everybody: no change", SecondAtTen, FirstForAll], Rules());
        Assert.Equal(
            "parts 2: HALTED at 10 %: 2 of 3 committed, 1 failed (press-11 golden); more than 2 % failed; no device begins anything until 'edgeinfer release rollout parts --resume', or --to SEQ for everybody",
            _said[^1]);
        Assert.Equal(2, _carried);

        // Cut off perhaps before it was copied: copied again, nothing signed.
        long before = Version();
        Assert.Equal(WaveEnd.Halted, await Roll("10,100"));
        Assert.Equal("parts 2: HALTED at 10 %: the rollout is held; no device begins anything until 'edgeinfer release rollout parts --resume', or --to SEQ for everybody", _said[^1]);
        Assert.Equal((3, before), (_carried, Version()));

        // Somebody says that it is all right.
        _rig.Do(desk => ReleaseRollout.Run(desk, new("parts") { Hold = false }));
        Assert.Equal(WaveEnd.Done, await Roll("10,100", maxFailed: "40%"));
    }

    [Fact]
    public async Task Silent_devices_hold_nothing_up_once_the_soak_is_over_and_are_named()
    {
        _fleet.Says = _ => Fleet(d => d == "press-14" ? Gone : IsChosen(d) ? Committed : Nothing);
        Assert.Equal(WaveEnd.Done, await Roll("10"));
        Assert.Equal("parts 2: done at 10 %: 2 of 3 committed, 1 silent (press-14)", _said[^1]);
        Assert.Equal([SecondAtTen, FirstForAll], Rules());
    }

    [Fact]
    public async Task A_soak_that_is_over_lets_the_late_ones_behind_but_not_a_wave_in_which_nobody_committed()
    {
        int committed = 0;
        _fleet.Says = look =>
        {
            if (look == 200) committed = 1;
            return Fleet(d => d == "press-2" && committed > 0 ? Committed : IsChosen(d) ? Trial : Nothing);
        };
        Assert.Equal(WaveEnd.Done, await Roll("10", soak: "1m"));
        Assert.Equal("parts 2: done at 10 %: 1 of 3 committed, 2 on trial", _said[^1]);

        // A look a second: the soak alone did not end it, and then nothing else was waited for.
        Assert.Equal(200, _fleet.Looks);
    }

    [Fact]
    public async Task A_call_that_was_cut_off_goes_on_from_what_is_signed_and_for_how_long()
    {
        _fleet.Says = look => look > 100 ? throw new OperationCanceledException() : Fleet(d => d == "press-2" ? Committed : Nothing);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Roll("10,50,100"));
        Assert.Equal([SecondAtTen, FirstForAll], Rules());
        _time.Inner.Advance(TimeSpan.FromMinutes(50));
        long before = _time.GetTimestamp();
        _fleet.Says = _ => _rules[0] == SecondAtTen ? Fleet(d => d == "press-2" ? Committed : Nothing) : throw new OperationCanceledException();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Roll("10,50,100"));
        Assert.Contains("parts 2: wave 1 of 3 (10 %) goes on: 3 of 20 devices", _said);
        Assert.Equal("50 %: models/parts/2", Rules()[0]);

        // Of the hour of soak 50 minutes and 100 looks were over.
        Assert.InRange(_time.GetElapsedTime(before), TimeSpan.FromMinutes(7), TimeSpan.FromMinutes(9));
    }

    [Fact]
    public async Task Whoever_changes_the_rollout_meanwhile_has_the_last_word()
    {
        _fleet.Says = look =>
        {
            if (look == 5) _rig.Do(desk => ReleaseRollout.Run(desk, new("parts") { Hold = true }));
            return Fleet(d => look > 5 && IsChosen(d, 1000) ? Committed : Nothing);
        };
        Assert.Equal(WaveEnd.Superseded, await Roll("10,100"));
        Assert.Equal("parts 2: somebody else has changed the rollout: everybody: no change; 10 %: models/parts/2; everybody: models/parts/1; nothing more is signed here", _said[^1]);
        Assert.Equal(["everybody: no change", SecondAtTen, FirstForAll], Rules());
    }

    [Fact]
    public async Task A_hold_ends_what_would_wait_for_ever()
    {
        _fleet.Says = look =>
        {
            if (look == 5) _rig.Do(desk => ReleaseRollout.Run(desk, new("parts") { Hold = true }));
            return Fleet(_ => Nothing);
        };
        Assert.Equal(WaveEnd.Superseded, await Roll("10,100"));
        Assert.InRange(_fleet.Looks, 6, 60);
    }

    [Fact]
    public async Task Nothing_is_decided_while_the_fleet_cannot_be_heard()
    {
        _fleet.Trouble = new(FaultKind.Unavailable, "mqtt://broker.plant", "the broker is gone", "");
        _fleet.Says = look => look is > 2 and < 200 ? null : Fleet(d => IsChosen(d) ? Committed : Nothing);
        Assert.Equal(WaveEnd.Done, await Roll("10,100"));
        Assert.Contains("parts 2: nothing is decided while the fleet cannot be heard: mqtt://broker.plant: the broker is gone", _said);
    }

    [Fact]
    public async Task Nothing_is_signed_where_nobody_would_be_watched()
    {
        long before = Version();
        _fleet.Says = _ => [];
        Fault deaf = (await Assert.ThrowsAsync<FaultException>(() => Roll())).Fault;
        Assert.Equal("parts: no device says anything of this model, so nothing would be watched; check --broker, --prefix and what the user may read: 'edgeinfer release status --broker URL' shows what is heard", deaf.ToString());
        _fleet.Says = _ => Fleet(_ => Nothing);
        deaf = (await Assert.ThrowsAsync<FaultException>(() => Roll(labels: new() { ["site"] = "oslo" }))).Fault;
        Assert.StartsWith("parts: none of 20 devices with this model has these labels, so nothing", deaf.ToString(), StringComparison.Ordinal);
        Assert.Equal((0, before), (_carried, Version()));
    }

    [Fact]
    public async Task Keys_are_asked_for_once_before_anybody_is_listened_to()
    {
        _rig.Passphrases.Unknown.Add("ci");
        _rig.Passphrases.Required.Clear();
        RememberedPassphrases remembered = new(_rig.Passphrases);
        WaveRollout rollout = Rollout(WavePlan.Parse("10,100", "1h", "2%"), new("parts") { To = "2" }, () => ReleaseDesk.Open(_rig.Folder, [], remembered, _time));
        rollout.Prepare();
        Assert.Equal(["ci"], _rig.Passphrases.Required);
        Assert.Equal(0, _fleet.Looks);
        _fleet.Says = _ => Fleet(d => IsChosen(d) ? Committed : Nothing);
        Assert.Equal(WaveEnd.Done, await rollout.RunAsync(CancellationToken.None));
        Assert.Equal(["ci"], _rig.Passphrases.Required);
    }

    [Fact]
    public async Task Devices_that_are_named_keep_what_they_have_to_the_end()
    {
        _rig.Do(desk => ReleaseRollout.Run(desk, new("parts") { To = "1", Devices = ["press-2"] }));
        _fleet.Says = _ => Fleet(d => d != "press-2" && IsChosen(d) ? Committed : Nothing);
        Assert.Equal(WaveEnd.Done, await Roll("10,100"));
        Assert.Equal("parts 2: done at 100 %: 19 of 19 committed", _said[^1]);
        Assert.Equal(["press-2: models/parts/1", "100 %: models/parts/2"], Rules());
    }

    private DeviceUpdate Committed => new() { ActiveManifest = _manifest, ActiveSeq = 2 };

    private DeviceUpdate Trial => new() { ActiveSeq = 1, Job = new(JobState.Trial, _manifest, null, null) };

    private DeviceUpdate Failed => new() { ActiveSeq = 1, Job = new(JobState.Failed, _manifest, "golden", "why") };

    private static DeviceUpdate Nothing => new() { ActiveSeq = 1 };

    // Of a device that is not there.
    private static DeviceUpdate Gone { get; } = new() { ActiveSeq = 0 };

    private static FleetDevice[] Fleet(Func<string, DeviceUpdate> says) =>
    [
        .. Enumerable.Range(0, 20).Select(i => $"press-{i}").Select(id => (Id: id, Update: says(id))).Select(static d => new FleetDevice(d.Id, !ReferenceEquals(d.Update, Gone), new Dictionary<string, string>(), d.Update)),
    ];

    // As the devices would find it in what is signed.
    private bool IsChosen(string device) => _rules.FirstOrDefault(static r => r.EndsWith(" %: models/parts/2", StringComparison.Ordinal)) is { } rule && IsChosen(device, rule);

    private static bool IsChosen(string device, string rule) => IsChosen(device, (int)(decimal.Parse(rule[..rule.IndexOf(' ')], System.Globalization.CultureInfo.InvariantCulture) * 100));

    private static bool IsChosen(string device, int hundredths) => hundredths switch
    {
        100 => false,
        1000 => device is "press-2" or "press-11" or "press-14",
        5000 => device is "press-2" or "press-3" or "press-5" or "press-6" or "press-7" or "press-9" or "press-11" or "press-12" or "press-13" or "press-14" or "press-15" or "press-18",
        _ => true,
    };

    private IReadOnlyList<string> Rules() => _rig.Do(ReleaseStatus.Of).Rollouts.Single().Rules;

    private long Version() => _rig.Do(ReleaseStatus.Of).Roles.Single(r => r.Role == "timestamp").Version;

    private Task<WaveEnd> Roll(string waves = "1,10,50,100", string soak = "1h", string maxFailed = "2%", Dictionary<string, string>? labels = null)
    {
        WaveRollout rollout = Rollout(WavePlan.Parse(waves, soak, maxFailed), new("parts") { To = "2", Labels = labels ?? [] }, () => ReleaseDesk.Open(_rig.Folder, [], _rig.Passphrases, _time));
        rollout.Prepare();
        return rollout.RunAsync(TestContext.Current.CancellationToken);
    }

    private WaveRollout Rollout(WavePlan plan, RolloutOptions options, Func<ReleaseDesk> open) => new(options, plan, open, _fleet, Carry, _said.Add, _time);

    private void Carry(CancellationToken stop)
    {
        _carried++;
        _rules = Rules();
    }

    /// <summary>Says what a test has written for it, look by look.</summary>
    private sealed class ScriptedFleet : IFleetLine
    {
        public Func<int, IReadOnlyList<FleetDevice>?> Says { get; set; } = static _ => null;

        public int Looks { get; private set; }

        public List<(string Model, long Serial)> Hints { get; } = [];

        public Fault? Trouble { get; set; }

        public IReadOnlyList<FleetDevice>? Look(string model) => ++Looks > 50_000 ? throw new InvalidOperationException("it never ends") : Says(Looks);

        public void Hint(string model, long serial) => Hints.Add((model, serial));
    }

    /// <summary>A clock that goes on by what is waited for, at once.</summary>
    private sealed class WaveTime(FakeTimeProvider inner) : TimeProvider
    {
        public FakeTimeProvider Inner => inner;

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == Timeout.InfiniteTimeSpan) return inner.CreateTimer(callback, state, dueTime, period);
            inner.Advance(dueTime);
            callback(state);
            return inner.CreateTimer(static _ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}

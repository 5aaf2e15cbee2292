using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing.Fleet;

/// <summary>How a rollout in waves ended.</summary>
internal enum WaveEnd
{
    /// <summary>The last wave is good enough.</summary>
    Done,

    /// <summary>It is held.</summary>
    Halted,

    /// <summary>Somebody else has changed the rollout.</summary>
    Superseded,
}

/// <summary>
/// Rolls a release out in growing shares and watches the fleet meanwhile. What is signed is its whole state: cut off anywhere, the next call finds the share
/// in force, or the halt, and goes on from there. The release folder is locked only while it signs.
/// </summary>
/// <param name="options">The model, the release, and labels where it is for a part of the fleet.</param>
/// <param name="plan">The waves.</param>
/// <param name="open">Opens the release folder.</param>
/// <param name="fleet">The fleet, heard already.</param>
/// <param name="carry">Brings the repository to where devices find it; blocks until it is there.</param>
/// <param name="say">Takes lines for an operator.</param>
/// <param name="time">Clock.</param>
internal sealed class WaveRollout(RolloutOptions options, WavePlan plan, Func<ReleaseDesk> open, IFleetLine fleet, Action<CancellationToken> carry, Action<string> say, TimeProvider time)
{
    private const int MostNames = 5;

    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_pace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_reread = TimeSpan.FromSeconds(30);

    private readonly string _name = $"{options.Model} {options.To}";
    private SignedWave _wave = null!;
    private long _since;
    private long _reread = time.GetTimestamp();
    private TimeSpan _before;
    private string? _said;
    private long? _saidAt;

    /// <summary>Asks for keys and finds out how far it is; before the fleet is listened to, so that whoever types a passphrase may go.</summary>
    /// <exception cref="FaultException">A key is not at hand, or there is no such release.</exception>
    public void Prepare()
    {
        using ReleaseDesk desk = open();
        PublishedRoles published = desk.Published;
        foreach (string role in (string[])[RoleName.Snapshot, RoleName.Timestamp]) desk.Keys.Require(role, published.Root.Document.Keys, published.Root.Document.Roles[role]);
        (IReadOnlyDictionary<string, TrustKey> keys, RoleKeys demand) = PublishedRoles.KeysOf(published.Targets.Document, RoleLifetimes.Rollout);
        desk.Keys.Require(RoleLifetimes.Rollout, keys, demand);
        _wave = SignedWave.Of(desk, options);
    }

    /// <summary>Rolls out.</summary>
    /// <param name="stop">Ends it where it is; what is signed stays.</param>
    /// <exception cref="FaultException">Nobody would be watched, something cannot be signed, or not be carried away.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/>.</exception>
    public async Task<WaveEnd> RunAsync(CancellationToken stop)
    {
        if (_wave.IsHeld) return HeldBefore(stop);
        IReadOnlyList<FleetDevice> devices = await HearAsync(stop).ConfigureAwait(false);
        if (!devices.Any(d => options.Labels.All(l => d.Labels.TryGetValue(l.Key, out string? value) && value == l.Value))) throw Deaf(devices.Count);
        if (_wave.Hundredths is { } share)
        {
            // The role is signed anew for other reasons too, and then the soak is longer, never shorter.
            if (_wave.SignedAt is { } at && time.GetUtcNow() is var now && at < now) _before = now - at;
            Tell(stop);
            say($"{_name}: {plan.Name(share)} goes on: {Of(devices)}");
        }
        else
        {
            await SignAsync(plan.Hundredths[0], stop).ConfigureAwait(false);
            say($"{_name}: {plan.Name(plan.Hundredths[0])} signed: {Of(devices)}");
        }

        _since = time.GetTimestamp();
        while (true)
        {
            if (fleet.Look(options.Model) is not { } looked)
            {
                if (fleet.Trouble is { } trouble) Progress($"nothing is decided while the fleet cannot be heard: {trouble}");
            }
            else if (await StepAsync(looked, stop).ConfigureAwait(false) is { } end)
            {
                return end;
            }

            await Task.Delay(s_look, time, stop).ConfigureAwait(false);
        }
    }

    private async Task<WaveEnd?> StepAsync(IReadOnlyList<FleetDevice> devices, CancellationToken stop)
    {
        (WaveCounts counts, IReadOnlyList<(string Id, DeviceStanding Standing)> standings) = Count(devices);
        int share = _wave.Hundredths!.Value;
        WaveStep step = WaveDecision.Of(counts, _before + time.GetElapsedTime(_since), plan);
        string words = Words(counts, standings);
        if (step == WaveStep.Wait)
        {
            // Somebody who holds the fleet, or sends it elsewhere, ends this too: it would wait for ever.
            if (time.GetElapsedTime(_reread) >= s_reread && await IsSupersededAsync(stop).ConfigureAwait(false)) return WaveEnd.Superseded;
            Progress($"{plan.Name(share)}: {words}");
            return null;
        }

        if (await IsSupersededAsync(stop).ConfigureAwait(false)) return WaveEnd.Superseded;
        if (step == WaveStep.Halt)
        {
            await SignHoldAsync(stop).ConfigureAwait(false);
            say($"{_name}: HALTED at {WavePlan.Words(share)}: {words}; {(plan.MaxFailed.IsPassed(counts.Failed, counts.Heard) ? $"more than {plan.MaxFailed} failed" : "nobody has committed")}; {WayOn}");
            return WaveEnd.Halted;
        }

        if (plan.After(share) is not { } next)
        {
            say($"{_name}: done at {WavePlan.Words(share)}: {words}");
            return WaveEnd.Done;
        }

        say($"{_name}: {plan.Name(share)} is good enough: {words}");
        await SignAsync(next, stop).ConfigureAwait(false);
        _since = time.GetTimestamp();
        _before = TimeSpan.Zero;
        say($"{_name}: {plan.Name(next)} signed: {Of(devices)}");
        return null;
    }

    // Signed, and perhaps cut off before it was carried away.
    private WaveEnd HeldBefore(CancellationToken stop)
    {
        Tell(stop);
        say($"{_name}: HALTED{(_wave.Hundredths is { } share ? $" at {WavePlan.Words(share)}" : "")}: the rollout is held; {WayOn}");
        return WaveEnd.Halted;
    }

    private string WayOn => $"no device begins anything until 'edgeinfer release rollout {options.Model} --resume', or --to SEQ for everybody";

    private async Task<IReadOnlyList<FleetDevice>> HearAsync(CancellationToken stop)
    {
        while (true)
        {
            if (fleet.Look(options.Model) is { } devices) return devices;
            if (fleet.Trouble is { } trouble) Progress($"the fleet cannot be heard yet: {trouble}");
            await Task.Delay(s_look, time, stop).ConfigureAwait(false);
        }
    }

    private FaultException Deaf(int others)
    {
        string what = others > 0 ? string.Create(CultureInfo.InvariantCulture, $"none of {others} devices with this model has these labels") : "no device says anything of this model";
        return FaultException.Of(
            FaultKind.Unavailable, options.Model, $"{what}, so nothing would be watched{(others == 0 && fleet.Trouble is { } trouble ? $": {trouble}" : "")}",
            "check --broker, --prefix and what the user may read: 'edgeinfer release status --broker URL' shows what is heard");
    }

    private async Task SignAsync(int hundredths, CancellationToken stop)
    {
        using (ReleaseDesk desk = await OpenAsync(stop).ConfigureAwait(false)) ReleaseRollout.Run(desk, options with { Percent = hundredths / 100m });
        await ReadAsync(stop).ConfigureAwait(false);
        Tell(stop);
    }

    private async Task SignHoldAsync(CancellationToken stop)
    {
        using (ReleaseDesk desk = await OpenAsync(stop).ConfigureAwait(false)) ReleaseRollout.Run(desk, new(options.Model) { Hold = true });
        await ReadAsync(stop).ConfigureAwait(false);
        Tell(stop);
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        using ReleaseDesk desk = await OpenAsync(stop).ConfigureAwait(false);
        _wave = SignedWave.Of(desk, options);
        _reread = time.GetTimestamp();
    }

    private async Task<bool> IsSupersededAsync(CancellationToken stop)
    {
        SignedWave mine = _wave;
        await ReadAsync(stop).ConfigureAwait(false);
        if (!_wave.IsHeld && _wave.Hundredths == mine.Hundredths) return false;
        say($"{_name}: somebody else has changed the rollout: {string.Join("; ", _wave.Rollout?.Rules.Select(ReleaseRollout.Words) ?? [])}; nothing more is signed here");
        return true;
    }

    // 'release refresh' from cron, or a release that is published meanwhile, has it for some seconds.
    private async Task<ReleaseDesk> OpenAsync(CancellationToken stop)
    {
        for (int tries = 0; ; tries++)
        {
            try
            {
                return open();
            }
            catch (FaultException e) when (e.Fault.Kind == FaultKind.Unavailable && tries < 60)
            {
                await Task.Delay(s_look, time, stop).ConfigureAwait(false);
            }
        }
    }

    private void Tell(CancellationToken stop)
    {
        carry(stop);
        fleet.Hint(options.Model, _wave.Serial);
    }

    private (WaveCounts Counts, IReadOnlyList<(string Id, DeviceStanding Standing)> Standings) Count(IReadOnlyList<FleetDevice> devices)
    {
        (string Id, DeviceStanding Standing)[] standings = [.. _wave.Chosen(devices).Select(d => (d.Id, DeviceStanding.Of(d, _wave.Manifest)))];
        return (new(
            standings.Length, standings.Count(static s => s.Standing.State == DeviceState.Committed), standings.Count(static s => s.Standing.IsFailure),
            standings.Count(static s => s.Standing.State == DeviceState.Silent)), standings);
    }

    private string Of(IReadOnlyList<FleetDevice> devices) => string.Create(CultureInfo.InvariantCulture, $"{_wave.Chosen(devices).Count} of {devices.Count} devices");

    private static string Words(WaveCounts counts, IReadOnlyList<(string Id, DeviceStanding Standing)> standings)
    {
        List<string> words = [string.Create(CultureInfo.InvariantCulture, $"{counts.Committed} of {counts.Chosen} committed")];
        if (Number(DeviceState.Trial) is > 0 and var trial) words.Add(string.Create(CultureInfo.InvariantCulture, $"{trial} on trial"));
        if (Number(DeviceState.Waiting) + Number(DeviceState.Other) is > 0 and var waiting) words.Add(string.Create(CultureInfo.InvariantCulture, $"{waiting} not yet"));
        if (counts.Failed > 0) words.Add(string.Create(CultureInfo.InvariantCulture, $"{counts.Failed} failed ({Names(static s => s.IsFailure)})"));
        if (counts.Silent > 0) words.Add(string.Create(CultureInfo.InvariantCulture, $"{counts.Silent} silent ({Names(static s => s.State == DeviceState.Silent)})"));
        return string.Join(", ", words);

        int Number(DeviceState state) => standings.Count(s => s.Standing.State == state);

        string Names(Func<DeviceStanding, bool> isSo)
        {
            string[] names = [.. standings.Where(s => isSo(s.Standing)).Select(static s => s.Standing.Code is { } code ? $"{s.Id} {code}" : s.Id)];
            return names.Length <= MostNames ? string.Join(", ", names) : string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", names.Take(MostNames))} and {names.Length - MostNames} more");
        }
    }

    private void Progress(string words)
    {
        if (_said == words || (_saidAt is { } at && time.GetElapsedTime(at) < s_pace)) return;
        (_said, _saidAt) = (words, time.GetTimestamp());
        say($"{_name}: {words}");
    }
}

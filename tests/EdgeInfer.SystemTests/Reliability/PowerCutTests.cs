using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>The power fails: what was not synced is gone, and so is all that was in memory.</summary>
[Collection(StorageTests.Name)]
public sealed class PowerCutTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly JudgeBroker _judge = new();

    [Fact]
    public async Task What_was_accepted_before_each_power_cut_is_delivered_or_within_a_declared_bound()
    {
        Campaign campaign = Campaign.Of("powercut", 8, 300);
        Random random = campaign.Random;
        await using LoopVolume volume = await LoopVolume.Create(_folder.Path);
        await using Device device = new(_folder, _judge, new DeviceLoad(), stateFolder: Path.Combine(volume.Mount, "state"));
        CutJudge cuts = new(device, _judge, volume);
        int offline = 0, byCall = 0;
        for (int i = 0; i < campaign.Count; i++)
        {
            bool isUp = random.Next(2) == 0;
            _judge.Acknowledges = random.Next(3) != 0;
            if (isUp) _judge.Up();
            else _judge.Down();
            if (!isUp) offline++;
            StorageFault? fault = i % 3 == 0 ? null : AnyCall(random, isUp);
            await cuts.LiveAndCut(TimeSpan.FromMilliseconds(random.Next(150, isUp ? 900 : 2500)), fault, isFromRunning: random.Next(4) != 0);
            if (fault is not null && device.Faults.Done > 0) byCall++;
        }

        _judge.Acknowledges = true;
        _judge.Down();
        _judge.Up();
        await device.Settle();
        Balance balance = device.Ledger.Close(cuts.Allowance);
        campaign.Report($"{campaign.Count} cuts ({offline} offline, {byCall} at a call), {balance}");
        Assert.True(cuts.Faults.Count == 0, $"seed {campaign.Seed}:\n  {string.Join("\n  ", cuts.Faults)}");
        campaign.Holds(balance);
        Assert.InRange(balance.Accepted, campaign.Count, long.MaxValue);
        Assert.All(device.Ledger.Gaps, static gap => Assert.True(gap.Reason is "power_cut", $"{gap}"));
    }

    public void Dispose()
    {
        _judge.Dispose();
        _folder.Dispose();
    }

    private static StorageFault AnyCall(Random random, bool isUp)
    {
        StorageAction action = random.Next(3) switch { 0 => StorageAction.KillBefore, 1 => StorageAction.KillAfter, _ => StorageAction.Tear };
        StorageCalls calls = action == StorageAction.Tear ? StorageCalls.Write : random.Next(2) == 0 ? StorageCalls.Changes : StorageCalls.FileSync | StorageCalls.FolderSync | StorageCalls.Rename;
        int number = 1 + (int)(random.NextDouble() * random.NextDouble() * (isUp ? 40 : 150));
        return new(action, calls, number, number);
    }
}

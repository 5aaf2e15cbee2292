using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>The power fails while the store of managed models is at work: what was reported is on the disk, and what is on the disk is whole.</summary>
[Collection(ManagedStoreTests.Name)]
public sealed class StorePowerCutTests(ReleaseShelf shelf) : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task After_each_power_cut_the_old_or_the_new_model_is_there_whole_and_nothing_reported_is_lost()
    {
        Campaign campaign = Campaign.Of("update-powercut", 2, 500);
        await Task.WhenAll(StoreOperation.Names.Select(shelf.Calls));
        Dictionary<string, int> calls = [];
        foreach (string name in StoreOperation.Names) calls[name] = (await shelf.Calls(name)).Count;
        VolumeKind[] kinds = Campaign.IsFull ? [new(), new(IsWriteback: true), new(), new(IsWriteback: true)] : [new(), new(IsWriteback: true)];
        await using Volumes volumes = await Volumes.Create(_folder, kinds);
        StoreCut[] cases = campaign.Take(Enumerable.Range(0, campaign.Count).Select(i => StoreCut.Any(campaign.Random, calls, i)).ToArray());
        int met = 0, old = 0;
        string[] faults = await campaign.Play(cases, kinds.Length, async (cut, lane) =>
        {
            LoopVolume volume = volumes.All[lane];
            StoreOperation operation = StoreOperation.Of(cut.Operation, shelf);
            await using ManagedDevice device = new(shelf, _folder[$"case-{cut.Number}"], Path.Combine(volume.Mount, "state"));
            await operation.Arrange(device);
            await volume.Sync();
            if (cut.Call is { } call) device.Faults.Set(new(cut.Action, StorageCalls.Changes, call, call));
            Task<StoreLife> attempt = operation.Attempt(device);
            if (cut.After is { } after)
            {
                await Task.WhenAny(attempt, Task.Delay(after));
                await device.Ends(TimeSpan.Zero);
                device.Signal(9);
            }

            StoreLife life = await attempt;
            for (int i = 0; i < 60 && device.IsAlive; i++) await device.Ends(TimeSpan.FromMilliseconds(50));
            if (!device.IsAlive) Interlocked.Increment(ref met);
            string said = await device.Kill();
            device.Faults.Clear();
            if (cut.IsJournalCommitted) await volume.CommitJournal();
            await volume.Cut();
            device.ForgetMemory();
            StoreReading reading = StoreReading.Of(shelf, device.StateFolder);
            if (!operation.IsDone(reading, device.StateFolder)) Interlocked.Increment(ref old);
            List<string> broken = [.. operation.Broken(reading, life, said).Select(static fault => $"after the cut: {fault}")];
            broken.AddRange(await StoreJudging.NextTry(operation, device, shelf));
            Directory.Delete(device.StateFolder, recursive: true);
            return broken;
        });
        campaign.Report($"{cases.Length} cuts ({string.Join(", ", cases.GroupBy(static c => c.Operation).Select(static g => $"{g.Key} {g.Count()}"))}), {met} in the middle, {old} left the old model, {faults.Length} broken");
        Assert.True(faults.Length == 0, string.Join('\n', faults));
    }

    public void Dispose() => _folder.Dispose();

    private sealed record StoreCut(int Number, string Operation, StorageAction Action, int? Call, TimeSpan? After, bool IsJournalCommitted)
    {
        public static StoreCut Any(Random random, Dictionary<string, int> calls, int number)
        {
            string[] names = [.. calls.Keys];
            string operation = names[random.Next(names.Length)];
            StorageAction action = random.Next(3) switch { 0 => StorageAction.KillBefore, 1 => StorageAction.KillAfter, _ => StorageAction.Tear };
            bool isTimed = random.Next(4) == 0;
            return new(number, operation, action, isTimed ? null : random.Next(1, calls[operation] + 1), isTimed ? TimeSpan.FromMilliseconds(random.Next(100, 4000)) : null, random.Next(3) == 0);
        }
    }

    private sealed class Volumes(LoopVolume[] all) : IAsyncDisposable
    {
        public LoopVolume[] All { get; } = all;

        public static async Task<Volumes> Create(TestFolder folder, VolumeKind[] kinds)
        {
            List<LoopVolume> made = [];
            foreach (VolumeKind kind in kinds)
            {
                string own = folder[$"lane-{made.Count}"];
                Directory.CreateDirectory(own);
                made.Add(await LoopVolume.Create(own, kind));
            }

            return new([.. made]);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (LoopVolume volume in All) await volume.DisposeAsync();
        }
    }
}

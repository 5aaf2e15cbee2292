namespace EdgeInfer.SystemTests.Reliability;

/// <summary>SIGKILL at every call that changes the store of managed models, and in the middle of every write: the old model or the new one is there, whole.</summary>
[Collection(ManagedStoreTests.Name)]
public sealed class StoreKillTests(ReleaseShelf shelf) : IDisposable
{
    private static readonly int s_lanes = Campaign.IsFull ? 6 : 4;

    // A kill takes nothing that the kernel has: the file system in memory is as good as any, and quick.
    private readonly string _folder = Directory.CreateDirectory($"/dev/shm/edgeinfer-store-{Guid.NewGuid():N}").FullName;
    private int _count;

    [Fact]
    public async Task Killed_at_any_call_the_old_or_the_new_model_is_there_whole_and_the_next_try_succeeds()
    {
        Campaign campaign = Campaign.Of("update-kill", 5, int.MaxValue);
        StoreKill[] all = [.. (await Task.WhenAll(StoreOperation.Names.Select(Kills))).SelectMany(static k => k)];
        StoreKill[] cases = campaign.Take(all);
        int met = 0, old = 0;
        string[] faults = await campaign.Play(cases, s_lanes, async (kill, _) =>
        {
            StoreOperation operation = StoreOperation.Of(kill.Operation, shelf);
            await using ManagedDevice device = new(shelf, NewFolder());
            await operation.Arrange(device);
            device.Faults.Set(kill.Fault);
            StoreLife life = await operation.Attempt(device);
            for (int i = 0; i < 60 && device.IsAlive; i++) await device.Ends(TimeSpan.FromMilliseconds(50));
            if (device.Faults.Done > 0) Interlocked.Increment(ref met);
            string said = await device.Kill();
            device.Faults.Clear();
            StoreReading reading = StoreReading.Of(shelf, device.StateFolder);
            if (!operation.IsDone(reading, device.StateFolder)) Interlocked.Increment(ref old);
            List<string> broken = [.. operation.Broken(reading, life, said).Select(static fault => $"after the kill: {fault}")];
            broken.AddRange(await StoreJudging.NextTry(operation, device, shelf));
            Directory.Delete(Path.GetDirectoryName(device.StateFolder)!, recursive: true);
            return broken;
        });
        campaign.Report($"{cases.Length} of {all.Length} ({string.Join(", ", all.GroupBy(static k => k.Operation).Select(static g => $"{g.Key} {g.Count()}"))}), {met} met, {old} left the old model, {faults.Length} broken");
        Assert.True(faults.Length == 0, string.Join('\n', faults));
        Assert.True(met >= cases.Length * 9 / 10, $"only {met} of {cases.Length} calls came");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string NewFolder() => Path.Combine(_folder, $"{Interlocked.Increment(ref _count)}");

    // Every call of an operation that nothing disturbs.
    private async Task<IEnumerable<StoreKill>> Kills(string name)
    {
        IReadOnlyList<StorageCall> calls = await shelf.Calls(name);
        int writes = calls.Count(static c => c.Kind == "write");
        return
        [
            .. Enumerable.Range(1, calls.Count).Select(n => new StoreKill(name, new(StorageAction.KillBefore, StorageCalls.Changes, n, n))),
            .. Enumerable.Range(1, writes).Select(n => new StoreKill(name, new(StorageAction.Tear, StorageCalls.Write, n, n))),
        ];
    }

    private sealed record StoreKill(string Operation, StorageFault Fault)
    {
        public override string ToString() => $"{Operation}, {Fault.Action} of call {Fault.From}";
    }
}

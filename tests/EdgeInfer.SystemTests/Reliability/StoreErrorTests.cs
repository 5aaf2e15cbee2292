namespace EdgeInfer.SystemTests.Reliability;

/// <summary>Calls of the store of managed models fail, once or from some moment on: the old model serves, nothing is said to be done that is not, and it goes on when the disk does.</summary>
[Collection(ManagedStoreTests.Name)]
public sealed class StoreErrorTests(ReleaseShelf shelf) : IDisposable
{
    private static readonly int s_lanes = Campaign.IsFull ? 6 : 4;
    private const int Eintr = 4, Eio = 5, Emfile = 24, Enospc = 28, Erofs = 30, Edquot = 122;
    private static readonly int[] s_errors = [Eio, Enospc, Edquot, Erofs, Eintr];

    private readonly string _folder = Directory.CreateDirectory($"/dev/shm/edgeinfer-store-{Guid.NewGuid():N}").FullName;
    private int _count;

    [Fact]
    public async Task Whatever_call_fails_the_old_model_serves_nothing_false_is_reported_and_the_next_try_succeeds()
    {
        Campaign campaign = Campaign.Of("update-errno", 4, 320);
        await Task.WhenAll(StoreOperation.Names.Select(shelf.Calls));
        List<StoreError> all = [];
        foreach (string operation in StoreOperation.Names) all.AddRange(await Errors(operation, campaign.Random));
        StoreError[] cases = campaign.Take(all);
        int met = 0, heldUp = 0;
        string[] faults = await campaign.Play(cases, s_lanes, async (error, _) =>
        {
            StoreOperation operation = StoreOperation.Of(error.Operation, shelf);
            await using ManagedDevice device = new(shelf, NewFolder());
            await operation.Arrange(device);
            device.Faults.Set(error.Fault);
            StoreLife life = await operation.Attempt(device, TimeSpan.FromSeconds(20));
            for (int i = 0; i < 40 && device.IsAlive && device.Faults.Done == 0; i++) await device.Ends(TimeSpan.FromMilliseconds(50));
            if (device.Faults.Done > 0) Interlocked.Increment(ref met);
            if (!life.IsReached) Interlocked.Increment(ref heldUp);
            List<string> broken = [.. (await Serves(device)).Select(static fault => $"while it fails: {fault}")];
            if (error.IsRestarted || !device.IsAlive)
            {
                string said = await device.Kill();
                device.Faults.Clear();
                broken.AddRange(Judge(operation, device, life, said, error));
                broken.AddRange(await StoreJudging.NextTry(operation, device, shelf));
            }
            else
            {
                device.Faults.Clear();
                if (!life.IsReached) await operation.Again(device, life);
                // What was put off until the disk is well comes about by itself.
                for (int i = 0; i < 600 && device.IsAlive && !operation.IsDone(StoreReading.Of(shelf, device.StateFolder), device.StateFolder); i++) await device.Ends(TimeSpan.FromMilliseconds(50));
                string said = await device.Kill();
                broken.AddRange(Judge(operation, device, life, said, error));
                if (!life.IsReached || !operation.IsDone(StoreReading.Of(shelf, device.StateFolder), device.StateFolder)) broken.Add($"it does not go on with the disk:\n{said}");
            }

            Directory.Delete(Path.GetDirectoryName(device.StateFolder)!, recursive: true);
            return broken;
        });
        campaign.Report($"{cases.Length} of {all.Count} ({string.Join(", ", cases.GroupBy(static e => e.Errno).Select(static g => $"{g.Key} {g.Count()}"))}), {met} met, {heldUp} held up, {faults.Length} broken");
        Assert.True(faults.Length == 0, string.Join('\n', faults));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string NewFolder() => Path.Combine(_folder, $"{Interlocked.Increment(ref _count)}");

    private IEnumerable<string> Judge(StoreOperation operation, ManagedDevice device, StoreLife life, string said, StoreError error)
    {
        StoreReading reading = StoreReading.Of(shelf, device.StateFolder);
        foreach (string fault in operation.Broken(reading, life, said)) yield return $"after {error}: {fault}";
        // The disk says nothing of a release.
        if (error.Operation != "rollback" && reading.Refused.Count > 0) yield return $"a release is refused for good: {said}";
    }

    // Results are made while it fails.
    private static async Task<IEnumerable<string>> Serves(ManagedDevice device)
    {
        if (!device.IsAlive) return [$"the agent has ended: {device.Said}"];
        if (await device.Results() is not { } before) return [$"the agent does not answer: {device.Said}"];
        for (int i = 0; i < 100; i++)
        {
            if (await device.Results() > before) return [];
            await device.Ends(TimeSpan.FromMilliseconds(100));
        }

        return [$"no results are made: {device.Said}"];
    }

    private async Task<IEnumerable<StoreError>> Errors(string name, Random random)
    {
        IReadOnlyList<StorageCall> calls = await shelf.Calls(name);
        List<StoreError> errors = [];
        for (int i = 1; i <= calls.Count; i++)
        {
            string kind = calls[i - 1].Kind;
            int errno = kind == "open" && random.Next(2) == 0 ? Emfile : s_errors[random.Next(s_errors.Length)];
            bool isHalf = kind == "write" && random.Next(2) == 0, isLasting = !isHalf && errno is not (Eintr or Emfile) && random.Next(2) == 0;
            StorageFault fault = new(isHalf ? StorageAction.Half : StorageAction.Fail, StorageCalls.Changes, i, isLasting ? int.MaxValue : i, errno);
            errors.Add(new(name, fault, calls[i - 1], random.Next(2) == 0));
        }

        return errors;
    }

    private sealed record StoreError(string Operation, StorageFault Fault, StorageCall Call, bool IsRestarted)
    {
        public string Errno => Fault.Action == StorageAction.Half ? "half" : Fault.Errno switch
        {
            Eintr => "EINTR",
            Eio => "EIO",
            Emfile => "EMFILE",
            Enospc => "ENOSPC",
            Erofs => "EROFS",
            _ => "EDQUOT",
        };

        public override string ToString() => $"{Operation}, {Errno} at call {Fault.From} ({Call.Kind} {Call.Name}){(Fault.To == Fault.From ? "" : " and all behind it")}, {(IsRestarted ? "then a restart" : "then the disk is well")}";
    }
}

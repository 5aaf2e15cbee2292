namespace EdgeInfer.SystemTests.Reliability;

/// <summary>What every test of the store asks for in the end.</summary>
internal static class StoreJudging
{
    /// <summary>The operation once more and without a fault: it succeeds, the disk is as it says, and the agent starts from it.</summary>
    /// <returns>What is broken.</returns>
    public static async Task<IEnumerable<string>> NextTry(StoreOperation operation, ManagedDevice device, ReleaseShelf shelf)
    {
        StoreLife life = await operation.Attempt(device);
        bool isServing = await device.Results() is not null;
        string said = await device.Kill();
        StoreReading reading = StoreReading.Of(shelf, device.StateFolder);
        List<string> broken = [.. operation.Broken(reading, life, said).Select(static fault => $"after the next try: {fault}")];
        if (!life.IsReached || !isServing || !operation.IsDone(reading, device.StateFolder))
            broken.Add($"the next try does not succeed: {reading}\n{string.Concat(life.Answers.Select(static a => $"{a.Key} {a.Value.ExitCode}: {a.Value.Output}\n"))}{said}");
        return broken;
    }
}

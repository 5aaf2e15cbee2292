using EdgeInfer.Pipeline;

namespace EdgeInfer.Tests.Pipeline;

public sealed class ReloadQueueTests
{
    [Fact]
    public async Task What_is_asked_for_while_one_runs_is_done_once_after_it()
    {
        SemaphoreSlim begun = new(0);
        SemaphoreSlim mayEnd = new(0);
        int runs = 0, atOnce = 0;
        ReloadQueue queue = new(async () =>
        {
            Assert.Equal(1, Interlocked.Increment(ref atOnce));
            int run = ++runs;
            begun.Release();
            await mayEnd.WaitAsync(TestContext.Current.CancellationToken);
            Interlocked.Decrement(ref atOnce);
            return run == 1 ? throw new InvalidOperationException("the first fails") : new() { Added = [$"{run}"] };
        });
        Task<ReloadOutcome> first = queue.RequestAsync();
        await begun.WaitAsync(TestContext.Current.CancellationToken);
        Task<ReloadOutcome> second = queue.RequestAsync();
        Task<ReloadOutcome> third = queue.RequestAsync();
        mayEnd.Release(2);
        await Assert.ThrowsAsync<InvalidOperationException>(() => first);
        Assert.Equal(["2"], (await second).Added);
        Assert.Same(await second, await third);
        mayEnd.Release();
        Assert.Equal(["3"], (await queue.RequestAsync()).Added);
        Assert.Equal(3, runs);
    }
}

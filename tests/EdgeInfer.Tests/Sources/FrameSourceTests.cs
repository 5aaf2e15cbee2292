using EdgeInfer.Diagnostics;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Sources;

public sealed class FrameSourceTests
{
    [Fact]
    public void A_failure_that_asks_for_a_pause_is_not_tried_again_while_others_are()
    {
        using FailingSource paused = new(TimeSpan.FromHours(1));
        using FailingSource eager = new(TimeSpan.Zero);
        paused.Start();
        Assert.True(paused.Tried.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        eager.Start();
        for (int i = 0; i < 5; i++) Assert.True(eager.Tried.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        Assert.Equal(0, paused.Tried.CurrentCount);
    }

    private sealed class FailingSource(TimeSpan pause)
        : FrameSource("camera", new FrameMailbox(), TimeProvider.System, new Random(1), NullLogger.Instance, TimeSpan.FromMilliseconds(1))
    {
        public SemaphoreSlim Tried { get; } = new(0);

        protected override void RunOnce(CancellationToken stop)
        {
            Tried.Release();
            throw new SourceException(SourceState.Failed, new(FaultKind.Unavailable, Name, "refused", "mend it")) { Pause = pause };
        }
    }
}

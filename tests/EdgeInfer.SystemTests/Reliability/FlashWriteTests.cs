using System.Globalization;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>What the outbox writes to flash, by the kernel's count (<c>/proc/PID/io</c>) and by strace's.</summary>
[Collection(Alone.Name)]
public sealed class FlashWriteTests(FlashWatch watch) : IClassFixture<FlashWatch>
{
    [Fact]
    public async Task Nothing_is_written_while_the_line_keeps_up()
    {
        Campaign campaign = Campaign.Of("writes-online", 1, 1);
        Writes writes = await watch.Online;
        campaign.Report($"{writes}");
        Assert.True(writes.Messages > 5 * writes.Seconds, $"{writes}");
        Assert.Equal((0, 0), (writes.Syncs, writes.Bytes));
    }

    [Fact]
    public async Task Nothing_is_written_while_there_is_nothing_to_say()
    {
        Writes writes = await watch.Silent;
        Assert.Equal((0, 0), (writes.Syncs, writes.Bytes));
    }

    [Theory]
    [InlineData("normal", 1.0)]
    [InlineData("durable", 20.0)]
    public async Task While_offline_syncs_are_shared(string delivery, double syncsPerSecond)
    {
        Campaign campaign = Campaign.Of($"writes-offline-{delivery}", 1, 1);
        Writes writes = await (delivery == "normal" ? watch.OfflineNormal : watch.OfflineDurable);
        campaign.Report(string.Create(CultureInfo.InvariantCulture, $"{writes}, {(double)writes.Bytes / writes.Messages:0} bytes a message"));
        Assert.True(writes.Messages > 5 * writes.Seconds, $"{writes}");
        // A window of ten seconds may hold eleven ends of a second.
        Assert.InRange(writes.Syncs, 1, (int)(syncsPerSecond * writes.Seconds) + 1);
    }
}

using System.Diagnostics;
using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Store;

namespace EdgeInfer.Tests.Delivery.Store;

/// <summary>A log that was left by a kill is read; one that is damaged is not passed over in silence.</summary>
[Collection(nameof(EdgeInfer.Tests.Messaging.WholeProcess))]
public sealed class StoreLogTests : IDisposable
{
    private const int FrameBytes = 24 + 4096;

    private readonly StoreFolder _folder = new();
    private readonly StoreFolder _after = new();

    public void Dispose()
    {
        _folder.Dispose();
        _after.Dispose();
    }

    [Fact]
    public void What_was_committed_before_a_kill_is_there()
    {
        Kill(groups: 20);
        Assert.False(StoreLog.IsDamaged(_after.Database + "-wal"));
        using OutboxStore store = _after.Open(2);
        Assert.Null(_after.Incident);
        Assert.Equal(200, store.Counts.Messages);
        Assert.Empty(store.Gaps(9));
    }

    [Fact]
    public void A_last_group_that_was_cut_short_was_never_committed_and_is_no_damage()
    {
        Kill(groups: 20);
        Flip(new FileInfo(_after.Database + "-wal").Length - 100);
        using OutboxStore store = _after.Open(2);
        Assert.Null(_after.Incident);
        Assert.Equal(190, store.Counts.Messages);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(32 + (FrameBytes * 3) + 100)]
    [InlineData(32 + (FrameBytes * 12) + 20)]
    [InlineData(32 + (FrameBytes * 30) + 10)]
    public void A_damaged_place_with_groups_behind_it_is_told_once(int place)
    {
        Kill(groups: 20);
        Flip(place);
        using (OutboxStore store = _after.Open(2))
        {
            Assert.Contains("log of the store", _after.Incident!.Fault.What, StringComparison.Ordinal);
            Gap gap = Assert.Single(store.Gaps(9));
            Assert.Equal(("store_broken", null, null), (gap.Reason, gap.FromSequence, gap.AtMost));
            Assert.InRange(store.Counts.Messages, 0, 190);
            _after.Fill(store, StoreFolder.Camera, 1000, 10);
        }

        using OutboxStore again = _after.Open(3);
        Assert.Null(_after.Incident);
        Assert.Single(again.Gaps(9));
    }

    // Copies the files of a store that is in use, by another process: closing a file here would give its locks up.
    private void Kill(int groups)
    {
        using OutboxStore store = _folder.Open();
        for (int i = 0; i < groups; i++) _folder.Fill(store, StoreFolder.Camera, (i * 10) + 1, 10, 500);
        using Process copy = Process.Start("cp", [_folder.Database, _folder.Database + "-wal", _after.Path]);
        copy.WaitForExit();
    }

    private void Flip(long place)
    {
        using FileStream file = new(_after.Database + "-wal", FileMode.Open, FileAccess.ReadWrite);
        file.Position = place;
        int before = file.ReadByte();
        file.Position = place;
        file.WriteByte((byte)(before ^ 0x10));
    }
}

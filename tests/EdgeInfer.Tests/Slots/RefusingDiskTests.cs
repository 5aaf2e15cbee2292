using EdgeInfer.Diagnostics;
using EdgeInfer.Slots;

namespace EdgeInfer.Tests.Slots;

/// <summary>A disk that takes nothing any more still holds a model, and that one serves.</summary>
[Collection(Alone.Name)]
public sealed class RefusingDiskTests : IDisposable
{
    private const int Eio = 5, Emfile = 24, Enospc = 28, Erofs = 30, Edquot = 122, Eacces = 13;

    private readonly StoreRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData(Eio)]
    [InlineData(Emfile)]
    [InlineData(Enospc)]
    [InlineData(Erofs)]
    [InlineData(Edquot)]
    public void A_store_opens_on_it_says_so_and_what_is_active_can_be_read(int errno)
    {
        _rig.Commit(TestRelease.Of(1));
        _rig.Restart();
        _rig.Refuses = errno;
        ManagedStore store = _rig.Store;
        Assert.NotEmpty(_rig.Warnings);
        Generation active = store.Slots(StoreRig.Model)!.Slots.Active!;
        Assert.Equal(1, active.Seq);
        Assert.True(store.Generations.Verify(StoreRig.Model, active).IsWhole);
    }

    [Fact]
    public void A_commit_point_that_is_damaged_there_is_read_from_its_copy()
    {
        _rig.Commit(TestRelease.Of(1));
        _rig.Restart();
        File.WriteAllText(_rig.Folders.Slots(StoreRig.Model), "noise");
        _rig.Refuses = Erofs;
        Assert.Equal(1, _rig.Store.Slots(StoreRig.Model)!.Slots.Active!.Seq);
    }

    [Fact]
    public void A_store_of_which_nothing_can_be_made_opens_too()
    {
        Directory.CreateDirectory(_rig.State);
        _rig.Refuses = Erofs;
        ManagedStore store = _rig.Store;
        Assert.Throws<FaultException>(() => store.Manage(StoreRig.Model));
        // It heals with the disk.
        _rig.Refuses = null;
        Assert.NotNull(store.Manage(StoreRig.Model));
        Assert.All(_rig.Folders.All, static folder => Assert.True(Directory.Exists(folder), folder));
    }

    [Fact]
    public void Nothing_is_removed_for_names_that_could_not_be_synced()
    {
        _rig.Commit(TestRelease.Of(1));
        _rig.Commit(TestRelease.Of(2));
        _rig.Commit(TestRelease.Of(3));
        _rig.Restart();
        _rig.Refuses = Eio;
        ManagedStore store = _rig.Store;
        int steps = _rig.Steps.Count;
        Assert.Throws<FaultException>(store.Collect);
        Assert.Equal(steps, _rig.Steps.Count);
        _rig.Refuses = null;
        Assert.Equal(1, store.Collect().Generations);
        Assert.Contains("sync models/parts", _rig.Steps);
    }

    [Fact]
    public void A_folder_of_somebody_else_is_no_such_disk()
    {
        Directory.CreateDirectory(_rig.State);
        _rig.Refuses = Eacces;
        Assert.Throws<FaultException>(() => _rig.Store);
    }
}

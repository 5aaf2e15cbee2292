using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Slots;

namespace EdgeInfer.Tests.Slots;

/// <summary>What something names stays; what nothing names goes.</summary>
[Collection(Alone.Name)]
public sealed class GarbageCollectionTests : IDisposable
{
    private readonly StoreRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Active_previous_and_trial_stay_and_the_one_before_them_goes()
    {
        for (int seq = 1; seq <= 3; seq++) _rig.Commit(TestRelease.Of(seq));
        SlotFile slots = _rig.Slots;
        slots.Write(slots.Slots.BeginTrial(_rig.Install(TestRelease.Of(4)), false, _rig.Time.Now));
        Collected gone = _rig.Store.Collect();
        // Its own graph and contract; the labels and the picture are those of the others as well.
        Assert.Equal((1, 2), (gone.Generations, gone.Blobs));
        Assert.InRange(gone.Bytes, 1, 10_000);
        AssertWhole(2, 3, 4);
        Assert.Equal(8, _rig.Store.Blobs.List().Count);
        Assert.Equal(new Collected(0, 0, 0, 0), _rig.Store.Collect());
    }

    [Fact]
    public void What_a_running_job_has_fetched_built_or_placed_stays_and_goes_when_it_has_failed()
    {
        TestRelease release = TestRelease.Of(5);
        _rig.Commit(TestRelease.Of(4));
        _rig.Fetch(release);
        PreparedGeneration prepared = _rig.Store.Generations.Prepare(StoreRig.Model, release.Seq, release.Version, release.Manifest, release.Plan);
        UpdateJob job = UpdateJob.Offer(StoreRig.Model, _rig.Time.Now) with
        {
            State = JobState.Inspected,
            Target = new("models/parts/5", release.Digest, 5),
            Blobs = [.. release.Plan.Files.Select(static f => f.Sha256)],
        };
        _rig.Store.Jobs.Write(job);
        Assert.Equal(new Collected(0, 0, 0, 0), _rig.Store.Collect());
        Assert.True(Directory.Exists(prepared.Folder));
        _rig.Store.Generations.Place(prepared);
        Assert.Equal(new Collected(0, 0, 0, 0), _rig.Store.Collect());
        Assert.True(_rig.Store.Generations.Verify(StoreRig.Model, release.Generation).IsWhole);
        _rig.Store.Jobs.Write(job.Fail(UpdateCode.Golden, "x", _rig.Time.Now));
        Collected gone = _rig.Store.Collect();
        Assert.Equal((1, 2), (gone.Generations, gone.Blobs));
        AssertWhole(4);
    }

    [Fact]
    public void Another_models_files_stay()
    {
        _rig.Commit(TestRelease.Of(1));
        SlotFile other = _rig.Store.Manage("other");
        PreparedGeneration prepared = _rig.Store.Generations.Prepare("other", 1, null, TestRelease.Of(1).Manifest, TestRelease.Of(1).Plan);
        _rig.Store.Generations.Place(prepared);
        other.Write(other.Slots.AdoptInitial(prepared.Generation));
        _rig.Commit(TestRelease.Of(2));
        _rig.Commit(TestRelease.Of(3));
        Collected gone = _rig.Store.Collect();
        Assert.Equal((1, 0), (gone.Generations, gone.Blobs));
        Assert.True(_rig.Store.Generations.Verify("other", prepared.Generation).IsWhole);
    }

    [Fact]
    public void A_part_stays_while_a_job_names_it_or_it_is_young()
    {
        string named = BlobName.Of("named"u8), young = BlobName.Of("young"u8), old = BlobName.Of("old"u8);
        foreach (string digest in new[] { named, old, young })
        {
            using PartialBlob part = _rig.Store.Blobs.OpenPartial(digest, 100);
            part.Append(new byte[10]);
        }

        foreach (string digest in new[] { named, old })
            foreach (string end in new[] { "", ".json" }) File.SetLastWriteTimeUtc(_rig.Folders.Part(digest) + end, _rig.Time.Now.UtcDateTime.AddDays(-8));
        File.SetLastWriteTimeUtc(_rig.Folders.Part(young), _rig.Time.Now.UtcDateTime.AddDays(-6));
        _rig.Store.Jobs.Write(UpdateJob.Offer(StoreRig.Model, _rig.Time.Now) with { Blobs = [named] });
        Assert.Equal(2, _rig.Store.Collect().Others);
        Assert.Equal(new[] { named, young }.SelectMany(static d => new[] { d + ".part", d + ".part.json" }).Order(StringComparer.Ordinal), Directory.GetFiles(_rig.Folders.Staging).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        // A clock that has fallen back to 1970 makes nothing old.
        _rig.Time.Now = DateTimeOffset.UnixEpoch;
        Assert.Equal(0, _rig.Store.Collect().Others);
    }

    [Fact]
    public void What_nobody_can_have_put_into_staging_goes()
    {
        _rig.Commit(TestRelease.Of(1));
        string staging = _rig.Folders.Staging;
        File.WriteAllText(Path.Combine(staging, "x"), "x");
        File.WriteAllText(Path.Combine(staging, new string('a', 64) + ".part.json.new"), "x");
        File.CreateSymbolicLink(Path.Combine(staging, "link"), _rig.Outside);
        Directory.CreateDirectory(Path.Combine(staging, "parts", "gen", "9-01234567", "golden"));
        Directory.CreateDirectory(Path.Combine(staging, "parts", "old", "8-01234567", "golden"));
        File.WriteAllText(Path.Combine(staging, "parts", "old", "8-01234567", "golden", "x"), "x");
        Directory.CreateDirectory(Path.Combine(staging, "other", "gen"));
        _rig.Store.Collect();
        Assert.Empty(Directory.GetFileSystemEntries(staging));
        Assert.True(Directory.Exists(_rig.Outside));
        AssertWhole(1);
    }

    [Fact]
    public void A_damaged_file_stays_in_quarantine_for_a_week()
    {
        string aside = Path.Combine(_rig.Store.Folders.Quarantine, BlobName.Of("x"u8));
        File.WriteAllText(aside, "y");
        File.SetLastWriteTimeUtc(aside, _rig.Time.Now.UtcDateTime);
        _rig.Store.Collect();
        Assert.True(File.Exists(aside));
        _rig.Time.Now += TimeSpan.FromDays(7.1);
        _rig.Store.Collect();
        Assert.False(File.Exists(aside));
    }

    [Theory]
    [InlineData("commit point")]
    [InlineData("listing")]
    [InlineData("job")]
    public void What_a_damaged_file_may_have_named_stays(string what)
    {
        for (int seq = 1; seq <= 3; seq++) _rig.Commit(TestRelease.Of(seq));
        string path = what switch
        {
            "commit point" => _rig.Folders.Slots(StoreRig.Model),
            "listing" => Path.Combine(_rig.Store.Generations.PathOf(StoreRig.Model, TestRelease.Of(3).Generation), ".release", "files"),
            _ => _rig.Folders.Job(StoreRig.Model),
        };
        _rig.Store.Jobs.Write(UpdateJob.Offer(StoreRig.Model, _rig.Time.Now));
        StoreRig.Damage(path);
        if (what == "commit point") StoreRig.Damage(CheckedFile.CopyOf(path));
        Collected gone = _rig.Store.Collect();
        Assert.Equal((what == "listing" ? 1 : 0, 0), (gone.Generations, gone.Blobs));
        Assert.Equal(what == "listing" ? 2 : 3, _rig.Store.Generations.List(StoreRig.Model).Count);
        Assert.Equal(8, _rig.Store.Blobs.List().Count);
    }

    [Fact]
    public void What_a_copy_names_that_is_a_write_older_stays_until_it_is_brought_up_to_date()
    {
        _rig.Commit(TestRelease.Of(1));
        _rig.Commit(TestRelease.Of(2));
        SlotFile slots = _rig.Slots;
        slots.Write(slots.Slots.BeginTrial(_rig.Install(TestRelease.Of(3)), false, _rig.Time.Now));
        string copy = CheckedFile.CopyOf(_rig.Folders.Slots(StoreRig.Model));
        byte[] older = File.ReadAllBytes(copy);
        slots.Write(slots.Slots.Commit());
        // As a power cut between the two files leaves them.
        File.WriteAllBytes(copy, older);
        _rig.Store.Collect();
        AssertWhole(1, 2, 3);
        Assert.Equal(TestRelease.Of(3).Generation, _rig.Slots.Slots.Active);
        _rig.Store.Collect();
        AssertWhole(2, 3);
    }

    [Fact]
    public void An_unmanaged_models_own_files_are_nobodys_to_collect()
    {
        string model = Path.Combine(_rig.Store.Folders.Models, "mine");
        Directory.CreateDirectory(Path.Combine(model, "gen", "7-0123abcd"));
        File.WriteAllText(Path.Combine(model, "model.onnx"), "x");
        File.WriteAllText(Path.Combine(model, "gen", "7-0123abcd", "belt.jpg"), "x");
        _rig.Store.Collect();
        Assert.True(File.Exists(Path.Combine(model, "gen", "7-0123abcd", "belt.jpg")));
    }

    [Fact]
    public void Over_random_histories_what_the_slots_name_is_whole_after_every_collection()
    {
        for (int seed = 0; seed < 12; seed++)
        {
            using StoreRig rig = new(isInMemory: true);
            Random random = new(seed);
            for (int i = 0; i < 25; i++)
            {
                try
                {
                    Live(rig, random);
                }
                catch (FaultException e)
                {
                    Assert.NotEqual(FaultKind.Internal, e.Fault.Kind);
                }

                rig.Store.Collect();
                Generation[] named = [.. rig.Slots.Slots.Named];
                foreach (Generation generation in named) Assert.True(rig.Store.Generations.Verify(StoreRig.Model, generation).IsWhole, $"seed {seed}, step {i}: {generation}");
                Assert.InRange(rig.Store.Generations.List(StoreRig.Model).Count, named.Length, named.Length + 1);
                if (rig.Store.Jobs.Read(StoreRig.Model) is { IsRunning: true } job) Assert.All(job.Blobs, b => Assert.True(File.Exists(rig.Store.Blobs.PathOf(b))));
            }
        }
    }

    private static void Live(StoreRig rig, Random random)
    {
        SlotFile slots = rig.Slots;
        TestRelease release = TestRelease.Of(slots.Slots.Floor + random.Next(3), $"graph {random.Next(4)}");
        switch (random.Next(9))
        {
            case 0 or 1:
                slots.Write(slots.Slots.BeginTrial(rig.Install(release), false, rig.Time.Now));
                break;
            case 2 or 3:
                slots.Write(slots.Slots.Commit());
                break;
            case 4:
                slots.Write(slots.Slots.RollBack());
                break;
            case 5:
                slots.Write(slots.Slots.Activate(slots.Slots.Previous ?? rig.Install(release)));
                break;
            case 6:
                rig.Fetch(release);
                rig.Store.Jobs.Write(UpdateJob.Offer(StoreRig.Model, rig.Time.Now) with { Target = new("x", release.Digest, release.Seq), Blobs = [.. release.Plan.Files.Select(static f => f.Sha256)] });
                break;
            case 7:
                if (rig.Store.Jobs.Read(StoreRig.Model) is { IsRunning: true } job) rig.Store.Jobs.Write(job.Fail(UpdateCode.Hang, "x", rig.Time.Now));
                break;
            default:
                rig.Restart();
                break;
        }
    }

    private void AssertWhole(params long[] seqs)
    {
        Assert.Equal(seqs.Select(static s => TestRelease.Of(s).Generation.Name), _rig.Store.Generations.List(StoreRig.Model));
        foreach (long seq in seqs) Assert.True(_rig.Store.Generations.Verify(StoreRig.Model, TestRelease.Of(seq).Generation).IsWhole);
    }
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Slots;

namespace EdgeInfer.Tests.Slots;

/// <summary>
/// The world ends before each step of each operation in turn. The next process finds the state before or behind it, whole, does the same again
/// and comes to the same end.
/// </summary>
[Collection(Alone.Name)]
public sealed class StoreCutTests
{
    private static readonly TestRelease s_first = TestRelease.Of(1), s_second = TestRelease.Of(2), s_third = TestRelease.Of(3);

    /// <summary>Operations: what is there before, and what is done.</summary>
    public static TheoryData<string> Operations => ["first install", "update", "update by copies", "failed trial", "rollback", "collection", "shipped model", "from a folder", "repair", "pin", "retry"];

    [Theory]
    [MemberData(nameof(Operations))]
    public void Old_or_new_and_the_next_try_succeeds(string operation)
    {
        (IReadOnlyList<string> end, HashSet<ModelSlots?> states, int steps) = Undisturbed(operation);
        Assert.InRange(steps, 1, 200);
        for (int k = 0; k < steps; k++)
        {
            using StoreRig rig = new(isInMemory: true);
            Before(operation, rig);
            rig.Restart(endsAt: k);
            PowerCutException cut = Assert.Throws<PowerCutException>(() => Do(operation, rig));
            rig.Restart();
            string where = $"{operation}, step {k} of {steps}: {cut.Message}";
            CheckWhole(rig, states, where);
            Do(operation, rig);
            Assert.True(end.SequenceEqual(rig.Tree()), $"{where}\n  expected:\n    {string.Join("\n    ", end.Except(rig.Tree()))}\n  found:\n    {string.Join("\n    ", rig.Tree().Except(end))}");
        }
    }

    [Fact]
    public void The_world_may_end_again_and_again()
    {
        (IReadOnlyList<string> end, HashSet<ModelSlots?> states, int steps) = Undisturbed("update");
        for (int seed = 0; seed < 10; seed++)
        {
            Random random = new(seed);
            using StoreRig rig = new(isInMemory: true);
            Before("update", rig);
            for (int i = 0; i < 8; i++)
            {
                rig.Restart(endsAt: random.Next(steps / 2));
                try
                {
                    Do("update", rig);
                }
                catch (PowerCutException)
                {
                    // As it should.
                }

                rig.Restart();
                CheckWhole(rig, states, $"seed {seed}, cut {i}");
            }

            Do("update", rig);
            Assert.Equal(end, rig.Tree());
        }
    }

    [Theory]
    [InlineData("slots.json.new")]
    [InlineData("slots.json.copy.new")]
    public void Half_of_a_file_that_never_took_its_name_is_in_nobodys_way(string name)
    {
        using StoreRig rig = new(isInMemory: true);
        Before("update", rig);
        string half = Path.Combine(rig.Folders.Model(StoreRig.Model), name);
        File.WriteAllText(half, "{\"sha256\":");
        Do("update", rig);
        Assert.False(File.Exists(half));
        Assert.Equal(s_second.Generation, rig.Slots.Slots.Active);
    }

    private static (IReadOnlyList<string> End, HashSet<ModelSlots?> States, int Steps) Undisturbed(string operation)
    {
        using StoreRig rig = new(isInMemory: true);
        Before(operation, rig);
        rig.Restart();
        // A model that is not managed yet is managed with nothing active before anything else.
        HashSet<ModelSlots?> states = Read(rig) is { } before ? [before] : [null, new() { Model = StoreRig.Model }];
        // Every state that was written is one that may be found.
        Do(operation, rig, () => states.Add(Read(rig)));
        return (rig.Tree(), states, rig.Steps.Count);
    }

    private static ModelSlots? Read(StoreRig rig) => SlotFile.Read(rig.Folders.Slots(StoreRig.Model), StoreRig.Model, out _);

    private static void Before(string operation, StoreRig rig)
    {
        if (operation == "update by copies") rig.Link = static (_, _) => false;
        if (operation is "first install" or "shipped model")
        {
            Directory.CreateDirectory(rig.State);
            return;
        }

        if (operation == "from a folder")
        {
            foreach ((string path, byte[] bytes) in s_second.Contents)
            {
                string file = Path.Combine(rig.Outside, "stick", path);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                File.WriteAllBytes(file, bytes);
            }
        }

        rig.Commit(s_first);
        if (operation is "rollback" or "collection") rig.Commit(s_second);
        if (operation == "collection")
        {
            rig.Commit(s_third);
            rig.Fetch(TestRelease.Of(4));
            using PartialBlob part = rig.Store.Blobs.OpenPartial(BlobName.Of("x"u8), 10);
            part.Append(new byte[5]);
            part.Checkpoint();
            rig.Time.Now += TimeSpan.FromDays(10_000);
        }

        if (operation == "retry") rig.Store.Jobs.Refuse(StoreRig.Model, new(s_second.Digest, 2, false, UpdateCode.Golden, "x", rig.Time.Now), 1);
        if (operation == "repair") StoreRig.Damage(Path.Combine(rig.Store.Generations.PathOf(StoreRig.Model, s_first.Generation), "model.onnx"));
    }

    private static void Do(string operation, StoreRig rig, Action? written = null)
    {
        void Write(Func<ModelSlots, ModelSlots> transition)
        {
            SlotFile slots = rig.Slots;
            slots.Write(transition(slots.Slots));
            written?.Invoke();
        }

        switch (operation)
        {
            case "first install":
                Update(rig, s_first, Write);
                break;
            case "update" or "update by copies":
                Update(rig, s_second, Write);
                break;
            case "from a folder":
                foreach (StoredFile file in s_second.Plan.Files) rig.Store.Blobs.Import(file.Sha256, file.Bytes, Path.Combine(rig.Outside, "stick", file.Path));
                Update(rig, s_second, Write);
                break;
            case "failed trial":
                if (rig.Store.Jobs.RefusalOf(StoreRig.Model, s_second.Digest) is null) FailOnTrial(rig, s_second, Write);
                EndJob(rig, s_second);
                rig.Store.Collect();
                break;
            case "rollback":
                if (rig.Slots.Slots.Previous is not null) Write(static s => s.RollBack());
                rig.Store.Collect();
                break;
            case "collection":
                rig.Store.Collect();
                break;
            case "shipped model":
                if (rig.Slots.Slots.Active is null)
                {
                    written?.Invoke();
                    Generation initial = rig.Store.Generations.AdoptInitial(StoreRig.Model, rig.Shipped(), "1.0.0");
                    Write(s => s.AdoptInitial(initial));
                }

                rig.Store.Collect();
                break;
            case "repair":
                if (rig.Store.Generations.Repair(StoreRig.Model, s_first.Generation) is { Count: > 0 })
                {
                    rig.Fetch(s_first);
                    Assert.Empty(rig.Store.Generations.Repair(StoreRig.Model, s_first.Generation)!);
                }

                rig.Store.Collect();
                // What was damaged stays to be looked at; a cut after its move and before the new file must not differ.
                break;
            case "pin":
                if (rig.Slots.Slots.Pin is null) Write(static s => s.PinActive());
                break;
            default:
                rig.Store.Jobs.ForgetRefused(StoreRig.Model);
                break;
        }
    }

    // A small machine of jobs: goes on from whatever is there.
    private static void Update(StoreRig rig, TestRelease release, Action<Func<ModelSlots, ModelSlots>> write)
    {
        if (!release.Generation.IsSame(rig.Slots.Slots.Active))
        {
            if (rig.Slots.Slots.Trial is null) BeginTrial(rig, release, write);
            if (rig.Slots.Slots.Trial!.Attempts == 0) write(static s => s.NoteAttempt());
            write(static s => s.NoteProgress(300, TimeSpan.FromMinutes(10)));
            write(static s => s.Commit());
        }

        EndJob(rig, release);
        rig.Store.Collect();
    }

    private static void BeginTrial(StoreRig rig, TestRelease release, Action<Func<ModelSlots, ModelSlots>> write)
    {
        rig.Store.Jobs.Write(Job(rig, release) with { State = JobState.Fetching });
        Generation generation = rig.Install(release);
        rig.Store.Jobs.Write(Job(rig, release) with { State = JobState.Staged });
        write(s => s.BeginTrial(generation, false, rig.Time.Now));
    }

    private static void FailOnTrial(StoreRig rig, TestRelease release, Action<Func<ModelSlots, ModelSlots>> write)
    {
        if (rig.Slots.Slots.Trial is null) BeginTrial(rig, release, write);
        write(static s => s.Trial!.Attempts == 0 ? s.NoteAttempt() : s);
        // Remembered before it is rolled back: the other way about it could be tried once more.
        rig.Store.Jobs.Refuse(StoreRig.Model, new(release.Digest, release.Seq, true, UpdateCode.TrialErrors, "x", rig.Time.Now), 1);
        write(static s => s.RollBack());
    }

    private static void EndJob(StoreRig rig, TestRelease release)
    {
        if (rig.Slots.Slots.Trial is not null) rig.Slots.Write(rig.Slots.Slots.RollBack());
        UpdateJob end = Job(rig, release) with { State = JobState.Committed };
        if (rig.Store.Jobs.Read(StoreRig.Model)?.State != JobState.Committed) rig.Store.Jobs.Write(end);
    }

    private static UpdateJob Job(StoreRig rig, TestRelease release) => UpdateJob.Offer(StoreRig.Model, rig.Time.Now) with
    {
        Target = new($"models/parts/{release.Seq}", release.Digest, release.Seq),
        Blobs = [.. release.Plan.Files.Select(static f => f.Sha256)],
    };

    // What must hold whenever a process begins.
    private static void CheckWhole(StoreRig rig, HashSet<ModelSlots?> states, string where)
    {
        ModelSlots? slots = Read(rig);
        Assert.True(states.Contains(slots), $"{where}: neither old nor new: {slots}");
        foreach (Generation generation in slots?.Named ?? [])
            Assert.True(where.StartsWith("repair", StringComparison.Ordinal) || rig.Store.Generations.Verify(StoreRig.Model, generation).IsWhole, $"{where}: {generation} is not whole");
        foreach (string digest in Directory.Exists(rig.Folders.Blobs) ? rig.Store.Blobs.List() : [])
            Assert.True(where.StartsWith("repair", StringComparison.Ordinal) || BlobName.Of(File.ReadAllBytes(rig.Folders.Blob(digest))) == digest, $"{where}: {digest} has other bytes");
        string model = rig.Folders.Model(StoreRig.Model);
        if (slots is { Active: { } active } && !where.StartsWith("repair", StringComparison.Ordinal)) Assert.Equal(Path.Combine(model, "gen", active.Name), ManagedModel.ActiveFolder(model));
    }
}

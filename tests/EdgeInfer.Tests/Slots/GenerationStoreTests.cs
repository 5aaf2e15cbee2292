using System.Globalization;
using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Models;
using EdgeInfer.Slots;

namespace EdgeInfer.Tests.Slots;

/// <summary>Whatever has a generation's name is whole.</summary>
[Collection(Alone.Name)]
public sealed class GenerationStoreTests : IDisposable
{
    private readonly StoreRig _rig = new();
    private readonly TestRelease _release = TestRelease.Of(7);

    private GenerationStore Generations => _rig.Store.Generations;

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_generation_is_a_folder_of_the_releases_files_with_its_manifest_beside_them()
    {
        Generation generation = _rig.Install(_release);
        Assert.Equal(_release.Generation, generation);
        string folder = Generations.PathOf(StoreRig.Model, generation);
        Assert.Equal(Path.Combine(_rig.State, "models", "parts", "gen", $"7-{_release.Digest[..8]}"), folder);
        foreach ((string path, byte[] bytes) in _release.Contents) Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(folder, path)));
        Assert.Equal(_release.Manifest, File.ReadAllBytes(Path.Combine(folder, ".release", "manifest")));
        Assert.Equal(_release.Manifest, Generations.ManifestOf(StoreRig.Model, generation));
        Assert.Equal(_release.Plan.Listing, File.ReadAllBytes(Path.Combine(folder, ".release", "files")));
        Assert.Equal(_release.Plan.Files, Generations.PlanOf(StoreRig.Model, generation)!.Files);
        Assert.True(Generations.Verify(StoreRig.Model, generation).IsWhole);
        Assert.Equal([generation.Name], Generations.List(StoreRig.Model));
        Assert.Equal(2u, StoreDisk.Names(Path.Combine(folder, "model.onnx")));
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(Path.Combine(folder, ".release", "manifest")));
        Assert.Equal(StoreDisk.FolderRights, File.GetUnixFileMode(Path.Combine(folder, "golden")));
    }

    [Fact]
    public async Task A_collection_waits_for_what_is_being_mended()
    {
        bool isMending = false;
        Task? collection = null;
        _rig.Link = (from, to) =>
        {
            if (isMending)
            {
                // Another model's update ends at this moment.
                collection ??= Task.Run(_rig.Store.Collect);
                SpinWait.SpinUntil(() => collection.IsCompleted, 20);
                Assert.False(collection.IsCompleted);
            }

            return DurableLink.TryMake(from, to);
        };
        Generation generation = _rig.Install(_release);
        Directory.Delete(Generations.PathOf(StoreRig.Model, generation), recursive: true);
        isMending = true;
        Assert.Empty(Generations.Repair(StoreRig.Model, generation, _release.Manifest, _release.Plan)!);
        // Nothing names it here: it goes then, and not before.
        await collection!;
        Assert.False(StoreDisk.IsThere(Generations.PathOf(StoreRig.Model, generation)));
    }

    [Fact]
    public void Two_generations_share_what_is_the_same()
    {
        Generation one = _rig.Install(_release), two = _rig.Install(TestRelease.Of(8));
        Assert.Equal(3u, StoreDisk.Names(Path.Combine(Generations.PathOf(StoreRig.Model, one), "labels.txt")));
        Assert.Equal(2u, StoreDisk.Names(Path.Combine(Generations.PathOf(StoreRig.Model, two), "model.onnx")));
        Assert.Equal(6, _rig.Store.Blobs.List().Count);
    }

    [Fact]
    public void Its_digest_is_the_models_wherever_that_lies()
    {
        string shipped = _rig.Shipped();
        Generation generation = Generations.AdoptInitial(StoreRig.Model, shipped, "1.0.0");
        string folder = Generations.PathOf(StoreRig.Model, generation);
        Model inStore = ModelLoader.Load(folder), outside = ModelLoader.Load(shipped);
        Assert.Equal(outside.Digest, inStore.Digest);
        Assert.Equal(outside.Digest, generation.Digest);
        Assert.Equal((0, "1.0.0", outside.Digest), (generation.Seq, generation.Version, generation.Manifest));
        // The folder's own name is no name of a model.
        Assert.Equal("parts", inStore.Name);
        Assert.Equal("shipped", outside.Name);
        Assert.True(Generations.Verify(StoreRig.Model, generation).IsWhole);
        Assert.Equal(3, Directory.GetFiles(shipped, "*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public void A_bare_graph_becomes_the_first_generation_under_its_name_in_a_folder()
    {
        string bare = Path.Combine(_rig.Outside, "net.onnx");
        File.Copy(Path.Combine(_rig.Shipped(), "model.onnx"), bare);
        Generation generation = Generations.AdoptInitial(StoreRig.Model, bare, null);
        Assert.Equal(["model.onnx"], Generations.PlanOf(StoreRig.Model, generation)!.Files.Select(static f => f.Path));
    }

    [Fact]
    public void A_file_of_the_shipped_model_that_no_release_could_have_is_named()
    {
        string shipped = _rig.Shipped();
        File.WriteAllText(Path.Combine(shipped, ".gitattributes"), "x");
        UpdateException refused = Assert.Throws<UpdateException>(() => Generations.AdoptInitial(StoreRig.Model, shipped, null));
        Assert.Contains("'.gitattributes'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("a part of it begins with a dot", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Until_it_is_placed_it_has_no_name_and_can_be_inspected()
    {
        _rig.Fetch(_release);
        PreparedGeneration prepared = Prepare(_release);
        Assert.False(prepared.IsPlaced);
        Assert.Equal(Path.Combine(_rig.State, "staging", "parts", "gen", prepared.Generation.Name), prepared.Folder);
        Assert.Equal(_release.Contents["model.onnx"], File.ReadAllBytes(Path.Combine(prepared.Folder, "model.onnx")));
        Assert.Empty(Generations.List(StoreRig.Model));
        Generations.Place(prepared);
        Assert.False(Directory.Exists(prepared.Folder));
        PreparedGeneration again = Prepare(_release);
        Assert.True(again.IsPlaced);
        _rig.Steps.Clear();
        Generations.Place(again);
        // The one before may have died between the name and its sync.
        Assert.Equal(["sync models/parts", "sync models/parts/gen"], _rig.Steps);
        Assert.Equal([prepared.Generation.Name], Generations.List(StoreRig.Model));
    }

    [Fact]
    public void What_an_earlier_try_left_in_staging_is_no_part_of_it()
    {
        _rig.Fetch(_release);
        string staged = Path.Combine(_rig.Folders.Building(StoreRig.Model), _release.Generation.Name);
        Directory.CreateDirectory(Path.Combine(staged, "golden", "old"));
        File.WriteAllText(Path.Combine(staged, "golden", "old", "x"), "x");
        File.WriteAllText(Path.Combine(staged, "model.onnx"), "half");
        File.CreateSymbolicLink(Path.Combine(staged, "outside"), _rig.Outside);
        Assert.True(Generations.Verify(StoreRig.Model, _rig.Install(_release)).IsWhole);
        Assert.True(Directory.Exists(_rig.State));
    }

    [Fact]
    public void A_file_that_is_not_here_is_named_and_nothing_is_placed()
    {
        _rig.Fetch(_release);
        StoredFile file = _release.Plan.Files[^1];
        File.Delete(_rig.Store.Blobs.PathOf(file.Sha256));
        FaultException lacking = Assert.Throws<FaultException>(() => Prepare(_release));
        Assert.IsNotType<UpdateException>(lacking);
        Assert.Contains($"'{file.Path}' is not in the store", lacking.Message, StringComparison.Ordinal);
        Assert.Empty(Generations.List(StoreRig.Model));
    }

    [Fact]
    public void A_file_that_was_damaged_since_it_came_goes_to_quarantine_and_the_next_try_succeeds()
    {
        _rig.Fetch(_release);
        StoredFile file = _release.Plan.Files.Single(static f => f.Path == "model.onnx");
        StoreRig.Damage(_rig.Store.Blobs.PathOf(file.Sha256));
        FaultException damaged = Assert.Throws<FaultException>(() => Prepare(_release));
        Assert.IsNotType<UpdateException>(damaged);
        Assert.Contains("has other bytes than when it was fetched", damaged.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_rig.Folders.Quarantine, file.Sha256)));
        Assert.Equal([file], _rig.Store.Blobs.Lacking(_release.Plan.Files));
        Assert.True(Generations.Verify(StoreRig.Model, _rig.Install(_release)).IsWhole);
    }

    public static TheoryData<string> Damages => ["graph", "length", "gone", "link", "more", "hidden", "manifest", "listing", "no release", "linked folder", "a file"];

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_generation_is_told_and_replaced_by_a_whole_one(string how)
    {
        Generation generation = _rig.Install(_release);
        string folder = Generations.PathOf(StoreRig.Model, generation);
        Break(folder, how);
        GenerationCheck check = Generations.Verify(StoreRig.Model, generation);
        Assert.False(check.IsWhole);
        Assert.Contains(check.Problems, p => p.StartsWith(folder, StringComparison.Ordinal));
        Assert.Equal(how is "listing" or "no release" or "a file", check.Plan is null);
        Assert.True(Generations.Verify(StoreRig.Model, _rig.Install(_release)).IsWhole);
        Assert.Empty(Directory.GetFileSystemEntries(_rig.Folders.Building(StoreRig.Model)));
    }

    [Fact]
    public void A_generation_is_repaired_of_what_is_here_once_what_was_damaged_is_fetched_again()
    {
        Generation generation = _rig.Install(_release);
        string graph = Path.Combine(Generations.PathOf(StoreRig.Model, generation), "model.onnx");
        Assert.Empty(Generations.Repair(StoreRig.Model, generation)!);
        // Both names are of one file: the fetched one is damaged with it.
        StoreRig.Damage(graph);
        Assert.Equal("model.onnx", Assert.Single(Generations.Repair(StoreRig.Model, generation)!).Path);
        Assert.False(File.Exists(_rig.Store.Blobs.PathOf(BlobName.Of(_release.Contents["model.onnx"]))));
        _rig.Fetch(_release);
        Assert.Empty(Generations.Repair(StoreRig.Model, generation)!);
        Assert.True(Generations.Verify(StoreRig.Model, generation).IsWhole);
        Assert.Equal(2u, StoreDisk.Names(graph));
        // One that was only lost from the folder needs nothing.
        File.Delete(graph);
        Assert.Empty(Generations.Repair(StoreRig.Model, generation)!);
        Assert.Equal(_release.Contents["model.onnx"], File.ReadAllBytes(graph));
    }

    [Fact]
    public void A_file_that_two_generations_link_is_replaced_in_both()
    {
        Generation one = _rig.Install(_release), two = _rig.Install(TestRelease.Of(8));
        string labels = Path.Combine(Generations.PathOf(StoreRig.Model, one), "labels.txt");
        StoreRig.Damage(labels);
        Assert.Single(Generations.Repair(StoreRig.Model, two)!);
        _rig.Fetch(_release);
        Assert.Empty(Generations.Repair(StoreRig.Model, two)!);
        Assert.False(Generations.Verify(StoreRig.Model, one).IsWhole);
        Assert.Empty(Generations.Repair(StoreRig.Model, one)!);
        Assert.True(Generations.Verify(StoreRig.Model, one).IsWhole);
        Assert.Equal(3u, StoreDisk.Names(labels));
    }

    [Theory]
    [InlineData("manifest")]
    [InlineData("listing")]
    [InlineData("no release")]
    [InlineData("a file")]
    public void What_says_of_what_it_is_made_may_come_from_elsewhere_and_is_held_against_its_digests(string how)
    {
        Generation generation = _rig.Install(_release);
        Break(Generations.PathOf(StoreRig.Model, generation), how);
        Assert.Null(Generations.Repair(StoreRig.Model, generation));
        TestRelease other = TestRelease.Of(9);
        Assert.Null(Generations.Repair(StoreRig.Model, generation, other.Manifest, other.Plan));
        Assert.Empty(Generations.Repair(StoreRig.Model, generation, _release.Manifest, _release.Plan)!);
        Assert.True(Generations.Verify(StoreRig.Model, generation).IsWhole);
    }

    [Fact]
    public void A_glance_sees_sizes_and_names_and_no_bytes()
    {
        Generation generation = _rig.Install(_release);
        string folder = Generations.PathOf(StoreRig.Model, generation);
        StoreRig.Damage(Path.Combine(folder, "model.onnx"));
        Assert.True(Generations.Glance(StoreRig.Model, generation).IsWhole);
        Break(folder, "length");
        Assert.Equal(Path.Combine(folder, "model.onnx") + " is damaged or gone", Assert.Single(Generations.Glance(StoreRig.Model, generation).Problems));
        Break(folder, "gone");
        Assert.Single(Generations.Glance(StoreRig.Model, generation).Problems);
        Break(folder, "more");
        Assert.Equal(2, Generations.Glance(StoreRig.Model, generation).Problems.Count);
    }

    [Fact]
    public void What_the_medium_does_not_give_any_more_is_damaged_and_what_it_refuses_for_another_reason_is_not()
    {
        Generation generation = _rig.Install(_release);
        string blob = _rig.Store.Blobs.PathOf(BlobName.Of(_release.Contents["model.onnx"])), graph = Path.Combine(Generations.PathOf(StoreRig.Model, generation), "model.onnx");
        _rig.Unreadable = path => path == graph || path == blob;
        Assert.Equal($"{graph} is damaged or gone", Assert.Single(Generations.Verify(StoreRig.Model, generation).Problems));
        Assert.Single(Generations.Repair(StoreRig.Model, generation)!);
        Assert.Equal([Path.GetFileName(blob)], Directory.GetFiles(_rig.Folders.Quarantine).Select(Path.GetFileName));
        _rig.Unreadable = static _ => false;
        _rig.Fetch(_release);
        Assert.Empty(Generations.Repair(StoreRig.Model, generation)!);
        _rig.Unreadable = static _ => throw new IOException("Too many open files", 24);
        Assert.Throws<FaultException>(() => Generations.Verify(StoreRig.Model, generation));
        Assert.Throws<FaultException>(() => _rig.Store.Blobs.Lacking(_release.Plan.Files));
        Assert.True(File.Exists(blob));
    }

    [Fact]
    public void Where_the_file_system_gives_no_second_names_it_is_a_copy_and_that_is_said_once()
    {
        _rig.Link = static (_, _) => false;
        Generation one = _rig.Install(_release), two = _rig.Install(TestRelease.Of(8));
        foreach (Generation generation in new[] { one, two })
        {
            Assert.True(Generations.Verify(StoreRig.Model, generation).IsWhole);
            string path = Path.Combine(Generations.PathOf(StoreRig.Model, generation), "model.onnx");
            Assert.Equal(1u, StoreDisk.Names(path));
            Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(path));
        }

        Assert.Contains("no second name of a file", Assert.Single(_rig.Warnings).What, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_release_whose_manifest_begins_with_the_same_digits_does_not_take_its_place()
    {
        (byte[] one, byte[] two) = Twins();
        TestRelease first = _release with { Manifest = one }, second = TestRelease.Of(7, "another graph") with { Manifest = two };
        Generation generation = _rig.Install(first);
        _rig.Fetch(second);
        Assert.Equal(generation.Name, second.Generation.Name);
        Assert.Equal(UpdateCode.Rollback, Assert.Throws<UpdateException>(() => Prepare(second)).Code);
        Assert.True(Generations.Verify(StoreRig.Model, generation).IsWhole);
    }

    [Fact]
    public void A_manifest_is_neither_empty_nor_endless_and_number_and_version_are_sound()
    {
        _rig.Fetch(_release);
        foreach (int bytes in new[] { 0, GenerationStore.ManifestLimit + 1 })
            Assert.Equal(UpdateCode.Size, Assert.Throws<UpdateException>(() => Prepare(_release with { Manifest = new byte[bytes] })).Code);
        Assert.Equal(UpdateCode.Inspect, Assert.Throws<UpdateException>(() => Prepare(_release with { Seq = -1 })).Code);
        Assert.Equal(UpdateCode.Inspect, Assert.Throws<UpdateException>(() => Prepare(_release with { Seq = 1L << 53 })).Code);
        foreach (string version in new[] { "", "1\n2", new string('1', 65) })
            Assert.Equal(UpdateCode.Inspect, Assert.Throws<UpdateException>(() => Generations.Prepare(StoreRig.Model, 7, version, _release.Manifest, _release.Plan)).Code);
    }

    [Fact]
    public void An_unmanaged_models_own_folder_of_that_name_holds_no_generations()
    {
        foreach (string name in new[] { "weights", "7-0123abcd", "x-0123abcd", "7-0123ABCD", "7-0123abcd-1" }) Directory.CreateDirectory(Path.Combine(_rig.Store.Folders.Generations(StoreRig.Model), name));
        Assert.Empty(Generations.List(StoreRig.Model));
    }

    private PreparedGeneration Prepare(TestRelease release) => Generations.Prepare(StoreRig.Model, release.Seq, release.Version, release.Manifest, release.Plan);

    private static void Break(string folder, string how)
    {
        string graph = Path.Combine(folder, "model.onnx");
        switch (how)
        {
            case "graph":
                StoreRig.Damage(graph);
                break;
            case "length":
                File.SetUnixFileMode(graph, StoreDisk.FolderRights);
                File.AppendAllText(graph, "x");
                break;
            case "gone":
                File.Delete(graph);
                break;
            case "link":
                File.Move(graph, folder + ".moved");
                File.CreateSymbolicLink(graph, folder + ".moved");
                break;
            case "more":
                File.WriteAllText(Path.Combine(folder, "golden", "more.jpg"), "x");
                break;
            case "hidden":
                File.WriteAllText(Path.Combine(folder, ".release", "more"), "x");
                break;
            case "manifest":
                StoreRig.Damage(Path.Combine(folder, ".release", "manifest"));
                break;
            case "listing":
                StoreRig.Damage(Path.Combine(folder, ".release", "files"));
                break;
            case "no release":
                Directory.Delete(Path.Combine(folder, ".release"), recursive: true);
                break;
            case "linked folder":
                Directory.Move(Path.Combine(folder, "golden"), folder + ".golden");
                Directory.CreateSymbolicLink(Path.Combine(folder, "golden"), folder + ".golden");
                break;
            default:
                Directory.Delete(folder, recursive: true);
                File.WriteAllText(folder, "x");
                break;
        }
    }

    // Two manifests with 32 bits of their digests in common: a birthday among some hundred thousand.
    private static (byte[] One, byte[] Two) Twins()
    {
        Dictionary<string, byte[]> seen = [];
        for (int i = 0; ; i++)
        {
            byte[] manifest = Encoding.ASCII.GetBytes(i.ToString(CultureInfo.InvariantCulture));
            string start = BlobName.Of(manifest)[..8];
            if (seen.TryGetValue(start, out byte[]? other)) return (other, manifest);
            seen[start] = manifest;
        }
    }
}

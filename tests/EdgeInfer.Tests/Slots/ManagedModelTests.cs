using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Slots;
using EdgeInfer.Tests.Fetching;

namespace EdgeInfer.Tests.Slots;

/// <summary>A managed model is found by its name like any other, and nothing takes its place.</summary>
[Collection(Alone.Name)]
public sealed class ManagedModelTests : IDisposable
{
    private readonly StoreRig _rig = new();

    private ModelLocator Locator => new([_rig.Folders.Models, Path.Combine(_rig.Outside, "bundled")]);

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Its_name_means_its_active_generation_also_during_a_trial()
    {
        _rig.Commit(TestRelease.Of(1));
        string active = _rig.Store.Generations.PathOf(StoreRig.Model, TestRelease.Of(1).Generation);
        Assert.Equal(active, Locator.Find("parts"));
        SlotFile slots = _rig.Slots;
        slots.Write(slots.Slots.BeginTrial(_rig.Install(TestRelease.Of(2)), false, _rig.Time.Now));
        Assert.Equal(active, Locator.Find("parts"));
        Assert.Equal(new InstalledModel("parts", active), Assert.Single(Locator.List()));
        slots.Write(slots.Slots.Commit());
        Assert.Equal(_rig.Store.Generations.PathOf(StoreRig.Model, TestRelease.Of(2).Generation), Locator.Find("parts"));
    }

    [Fact]
    public void With_nothing_active_its_name_means_no_other_model_of_that_name()
    {
        new ModelStore(_rig.Folders.Models).Add(_rig.Shipped(), "parts");
        new ModelStore(Path.Combine(_rig.Outside, "bundled")).Add(_rig.Shipped(), "parts");
        Assert.Equal(Path.Combine(_rig.Folders.Models, "parts"), Locator.Find("parts"));
        Assert.Null(_rig.Slots.Slots.Active);
        Fault fault = Assert.Throws<FaultException>(() => Locator.Find("parts")).Fault;
        Assert.Contains("managed, and no release of it is active yet", fault.What, StringComparison.Ordinal);
        Assert.Empty(Locator.List());
    }

    [Fact]
    public void In_a_configuration_its_name_means_the_same_whatever_has_become_of_it_or_of_others()
    {
        new ModelStore(Path.Combine(_rig.Outside, "bundled")).Add(_rig.Shipped(), "parts");
        new ModelStore(_rig.Folders.Models).Add(_rig.Shipped(), "bolts");
        Directory.CreateDirectory(Path.Combine(_rig.Folders.Models, "nuts"));
        File.WriteAllText(Path.Combine(_rig.Folders.Models, "nuts", "slots.json"), "damaged");
        Assert.Equal(Path.Combine(_rig.Folders.Models, "bolts"), Locator.Installed("bolts"));
        Assert.Equal(Path.Combine(_rig.Outside, "bundled", "parts"), Locator.Installed("parts"));
        Assert.Null(Locator.Installed("washers"));
        Assert.Null(Locator.Installed("../bolts"));

        // That there is another one of this name, somewhere behind it, is no reason to take that or to say that there is none.
        Assert.Contains("nobody knows any more", Assert.Throws<FaultException>(() => Locator.Installed("nuts")).Fault.What, StringComparison.Ordinal);
        Assert.Null(_rig.Slots.Slots.Active);
        Assert.Contains("no release of it is active yet", Assert.Throws<FaultException>(() => Locator.Installed("parts")).Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_added_model_becomes_its_first_generation_and_goes_on_under_the_same_name_and_digest()
    {
        string added = new ModelStore(_rig.Folders.Models).Add(_rig.Shipped(), "parts").Path;
        string digest = ModelLoader.Load(added).Digest;
        Generation initial = _rig.Store.Generations.AdoptInitial(StoreRig.Model, added, null);
        SlotFile slots = _rig.Slots;
        slots.Write(slots.Slots.AdoptInitial(initial));
        Model model = ModelLoader.Load(Locator.Find("parts"));
        Assert.Equal((digest, "parts"), (model.Digest, model.Name));
    }

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("names/all.txt")]
    [InlineData(".release/files")]
    public void No_generation_is_served_whose_bytes_are_not_those_that_were_signed(string damaged)
    {
        string folder = _rig.Store.Generations.PathOf(StoreRig.Model, _rig.Store.Generations.AdoptInitial(StoreRig.Model, _rig.Shipped(), null));
        string whole = ModelLoader.Load(folder).Digest;
        string file = Path.Combine(folder, damaged);
        byte[] bytes = File.ReadAllBytes(file);
        // Behind what a reader of the graph looks at: it is as valid as before.
        if (damaged == "model.onnx") bytes = [.. bytes, 0xFA, 0x07, 0x01, (byte)'x'];
        else bytes[^2] ^= 1;
        File.Delete(file);
        File.WriteAllBytes(file, bytes);
        Assert.Contains("files of this generation are damaged", Assert.Throws<FaultException>(() => ModelLoader.Load(folder)).Fault.What, StringComparison.Ordinal);
        _rig.Store.Generations.AdoptInitial(StoreRig.Model, _rig.Shipped(), null);
        Assert.Equal(whole, ModelLoader.Load(folder).Digest);
    }

    [Fact]
    public void No_model_is_added_over_it()
    {
        _rig.Commit(TestRelease.Of(1));
        IReadOnlyList<string> before = _rig.Tree();
        Fault fault = Assert.Throws<FaultException>(() => new ModelStore(_rig.Folders.Models).Add(_rig.Shipped(), "parts")).Fault;
        Assert.Equal(FaultKind.Usage, fault.Kind);
        Assert.Contains("managed", fault.What, StringComparison.Ordinal);
        Assert.Contains("--name", fault.Cure, StringComparison.Ordinal);
        string staged = Path.Combine(_rig.Outside, "staged", "parts");
        Directory.CreateDirectory(Path.GetDirectoryName(staged)!);
        Directory.Move(_rig.Shipped(), staged);
        Assert.Equal(FaultKind.Usage, Assert.Throws<FaultException>(() => new ModelStore(_rig.Folders.Models).Adopt(staged, "parts")).Fault.Kind);
        Assert.Equal(before, _rig.Tree());
        Assert.True(Directory.Exists(staged));
    }

    [Fact]
    public void No_model_is_pulled_over_it_and_no_server_is_asked_first()
    {
        using PullBench bench = new();
        bench.Write("store/parts/slots.json", "whatever it holds");
        Fault fault = bench.Refused("https://models.invalid/parts.onnx", new string('a', 64), name: "parts");
        Assert.Equal(FaultKind.Usage, fault.Kind);
        Assert.Contains("managed", fault.What, StringComparison.Ordinal);
        Assert.Equal(["parts"], bench.Stored);
    }

    [Fact]
    public void A_generation_that_is_gone_is_named()
    {
        _rig.Commit(TestRelease.Of(1));
        Directory.Delete(_rig.Folders.Generations(StoreRig.Model), recursive: true);
        Fault fault = Assert.Throws<FaultException>(() => Locator.Find("parts")).Fault;
        Assert.Contains("update status", fault.Cure, StringComparison.Ordinal);
        Assert.Empty(Locator.List());
    }

    [Fact]
    public void One_process_works_in_the_store_at_a_time()
    {
        Assert.NotNull(_rig.Store);
        Fault fault = Assert.Throws<FaultException>(() => ManagedStore.Open(_rig.State, new(), _rig.Time, static _ => { })).Fault;
        Assert.Equal(FaultKind.Unavailable, fault.Kind);
        Assert.Contains("another EdgeInfer works with the models of this state folder", fault.What, StringComparison.Ordinal);
        _rig.Restart();
        ManagedStore.Open(_rig.State, new(), _rig.Time, static _ => { }).Dispose();
    }

    [Fact]
    public void Root_does_not_work_in_another_users_state_folder()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can be told so");
        Directory.CreateDirectory(_rig.State);
        string link = Path.Combine(_rig.Outside, "link");
        Directory.CreateSymbolicLink(link, _rig.State);
        using System.Diagnostics.Process chown = System.Diagnostics.Process.Start("chown", ["65534", _rig.State]);
        chown.WaitForExit();
        Fault fault = Assert.Throws<FaultException>(() => _rig.Store).Fault;
        Assert.Contains("sudo -u '#65534'", fault.Cure, StringComparison.Ordinal);
        Assert.Contains("sudo -u", Assert.Throws<FaultException>(() => ManagedStore.Open(link, new(), _rig.Time, static _ => { })).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_rig.State));
    }

    [Theory]
    [InlineData("staging")]
    [InlineData("blobs")]
    [InlineData("jobs")]
    [InlineData("jobs/refused")]
    [InlineData("models")]
    public void Something_else_in_the_place_of_a_folder_is_set_aside_and_that_is_said(string folder)
    {
        _rig.Commit(TestRelease.Of(1));
        _rig.Restart();
        string place = Path.Combine(_rig.State, folder);
        Directory.Delete(place, recursive: true);
        File.WriteAllText(place, "lost and found");
        ManagedStore store = _rig.Store;
        Fault said = Assert.Single(_rig.Warnings);
        Assert.Equal(place, said.Where);
        Assert.Equal("lost and found", File.ReadAllText(place + ".broken"));
        Assert.Equal(folder != "models", store.Slots(StoreRig.Model) is not null);
        _rig.Commit(TestRelease.Of(2));
        Assert.Equal(2, _rig.Slots.Slots.Active!.Seq);
    }

    [Theory]
    [InlineData("a folder")]
    [InlineData("a pipe")]
    [InlineData("a link")]
    public void Something_else_in_the_place_of_its_lock_is_set_aside_and_one_process_at_a_time_works_in_it(string what)
    {
        _rig.Commit(TestRelease.Of(1));
        _rig.Restart();
        string place = Path.Combine(_rig.State, StoreLock.FileName);
        File.Delete(place);
        if (what == "a folder") Directory.CreateDirectory(Path.Combine(place, "full"));
        if (what == "a pipe") Fifo.Make(place);
        if (what == "a link") File.CreateSymbolicLink(place, "/etc/passwd");
        Assert.Equal(1, _rig.Slots.Slots.Active!.Seq);
        Assert.StartsWith($"it is {what}", Assert.Single(_rig.Warnings).What, StringComparison.Ordinal);
        Assert.Equal(FaultKind.Unavailable, Assert.Throws<FaultException>(() => ManagedStore.Open(_rig.State, new(), _rig.Time, static _ => { })).Fault.Kind);
    }

    [Fact]
    public void Everything_in_it_is_for_its_owner_alone()
    {
        _rig.Commit(TestRelease.Of(1));
        const UnixFileMode Others = (UnixFileMode)0b111_111;
        foreach (string folder in Directory.EnumerateDirectories(_rig.State, "*", SearchOption.AllDirectories)) Assert.Equal((UnixFileMode)0, File.GetUnixFileMode(folder) & Others);
    }
}

using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Models;
using EdgeInfer.Slots;

namespace EdgeInfer.Tests.Slots;

/// <summary>The commit point is read strictly, and survives damage by its copy.</summary>
[Collection(Alone.Name)]
public sealed class SlotFileTests : IDisposable
{
    private const string Manifest = "bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f";
    private const string Digest = "f8a5602b988671574b0e38e8ada69ff261f38d518459c2dba9c01e83cf468389";
    private const string Generation12 = $$"""{"seq":12,"manifest":"{{Manifest}}","digest":"{{Digest}}","version":"1.3.0"}""";
    private const string Generation11 = $$"""{"seq":11,"manifest":"{{Digest}}","digest":"{{Manifest}}"}""";
    private const string Empty = """{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false}""";

    private readonly StoreRig _rig = new();

    private string At => _rig.Folders.Slots(StoreRig.Model);

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_model_is_managed_once_the_file_is_there_and_nothing_is_active_then()
    {
        Assert.Null(_rig.Store.Slots(StoreRig.Model));
        Assert.Empty(_rig.Store.Models());
        SlotFile slots = _rig.Slots;
        Assert.Equal(new ModelSlots { Model = "parts" }, slots.Slots);
        Assert.Equal(["parts"], _rig.Store.Models());
        Assert.EndsWith($"\"content\":{Empty}}}\n", File.ReadAllText(At), StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(At), File.ReadAllText(CheckedFile.CopyOf(At)));
        slots.Write(slots.Slots.RaiseFloor(5));
        Assert.Equal(5, _rig.Store.Manage(StoreRig.Model).Slots.Floor);
    }

    [Fact]
    public void What_is_written_is_read_again_to_the_last_member()
    {
        ModelSlots slots = new()
        {
            Model = "parts",
            Active = new() { Seq = 12, Manifest = Manifest, Digest = Digest, Version = "1.3.0" },
            Previous = new() { Seq = 11, Manifest = Digest, Digest = Manifest },
            Trial = new() { Generation = TestRelease.Of(13).Generation, Attempts = 2, Began = _rig.Time.Now, Results = 150, ServedSeconds = 33.25, Hard = true },
            Floor = 12,
            RevokedBelow = 11,
            Hard = true,
        };
        _rig.Slots.Write(slots);
        _rig.Restart();
        Assert.Equal(slots, _rig.Slots.Slots);
        _rig.Slots.Write(slots with { Trial = null, Pin = 12 });
        Assert.Equal(slots with { Trial = null, Pin = 12 }, _rig.Slots.Slots);
    }

    [Fact]
    public void It_is_read_as_another_program_writes_it()
    {
        // The order of members is not ours, and seconds have no fraction.
        Put($$$"""{"model": "parts", "schema": "edgeinfer/slots/1", "hard": true, "floor": 12, "active": {{{Generation12}}}, "previous": {{{Generation11}}}, "trial": {"generation": {"seq": 13, "manifest": "{{{Manifest}}}", "digest": "{{{Digest}}}"}, "began": "2026-11-26T12:00:00Z", "attempts": 1}}""");
        ModelSlots slots = SlotFile.Read(At, "parts", out string? damage)!;
        Assert.Null(damage);
        Assert.Equal((12, "1.3.0", 11L, 13L, 1, true, 12L), (slots.Active!.Seq, slots.Active.Version, slots.Previous!.Seq, slots.Trial!.Generation.Seq, slots.Trial.Attempts, slots.Hard, slots.Floor));
        Assert.Equal(_rig.Time.Now, slots.Trial.Began);
    }

    public static TheoryData<string> NoSlots =>
    [
        "", "null", "[]", "{}", "7", "{", "\"x\"",
        """{"schema":"edgeinfer/slots/1","floor":0,"hard":false}""",
        """{"schema":"edgeinfer/slots/2","model":"parts","floor":0,"hard":false}""",
        """{"schema":"edgeinfer/slots/1","model":"other","floor":0,"hard":false}""",
        """{"schema":"edgeinfer/slots/1","model":"parts","floor":-1,"hard":false}""",
        """{"schema":"edgeinfer/slots/1","model":"parts","floor":9007199254740992,"hard":false}""",
        """{"schema":"edgeinfer/slots/1","model":"parts","floor":3,"revoked_below":4,"hard":false}""",
        """{"schema":"edgeinfer/slots/1","model":"parts","floor":3,"revoked_below":-1,"hard":false}""",
        """{"schema":"edgeinfer/slots/1","model":"parts","floor":"0","hard":false}""",
        """{"schema":"edgeinfer/slots/1","model":"parts","floor":0.5,"hard":false}""",
        """{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"floor":1,"hard":false}""",
        """{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"more":1}""",
        """{"schema":"edgeinfer/slots/1","model":null,"floor":0,"hard":false}""",
        """{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"active":7}""",
        """{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"active":{"seq":1}}""",
        $$$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"active":{"seq":-1,"manifest":"{{{Manifest}}}","digest":"{{{Digest}}}"}}""",
        $$$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"active":{"seq":1,"manifest":"../../../etc","digest":"{{{Digest}}}"}}""",
        $$$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"active":{"seq":1,"manifest":"{{{Manifest}}}","digest":"{{{Digest}}}","folder":"../../x"}}""",
        $$$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"active":{{{Generation12}}},"previous":{{{Generation12}}}}""",
        $$$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"active":{{{Generation12}}},"pin":11}""",
        $$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"pin":11}""",
        $$$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"active":{{{Generation12}}},"trial":{"generation":{{{Generation12}}},"began":"2026-11-26T12:00:00Z","attempts":1}}""",
        $$$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"trial":{"generation":{{{Generation12}}},"began":"2026-11-26T12:00:00Z","attempts":4}}""",
        $$$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"trial":{"generation":{{{Generation12}}},"began":"2026-11-26T12:00:00Z","attempts":-1}}""",
        $$$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"trial":{"generation":{{{Generation12}}},"began":"2026-11-26T12:00:00Z","results":-1}}""",
        $$$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"trial":{"generation":{{{Generation12}}},"began":"2026-11-26T12:00:00Z","served_seconds":-1}}""",
        $$$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"trial":{"generation":{{{Generation12}}},"began":"never"}}""",
        $$$"""{"schema":"edgeinfer/slots/1","model":"parts","floor":0,"hard":false,"trial":{"began":"2026-11-26T12:00:00Z"}}""",
    ];

    [Theory]
    [MemberData(nameof(NoSlots))]
    public void What_is_no_such_state_is_one_fault_and_stays_where_it_is(string content)
    {
        Put(content);
        byte[] before = File.ReadAllBytes(At);
        Fault fault = Assert.Throws<FaultException>(() => _rig.Store.Slots(StoreRig.Model)).Fault;
        Assert.Equal((FaultKind.InputOutput, At), (fault.Kind, fault.Where));
        Assert.DoesNotContain('\n', fault.ToString());
        Assert.Equal(before, File.ReadAllBytes(At));
        Assert.Equal(["parts"], _rig.Store.Models());
    }

    [Theory]
    [InlineData("damaged")]
    [InlineData("empty")]
    [InlineData("gone")]
    [InlineData("a folder")]
    [InlineData("a pipe")]
    [InlineData("a link")]
    public void The_copy_takes_the_place_of_a_damaged_file_and_that_is_said(string how)
    {
        _rig.Commit(TestRelease.Of(3));
        ModelSlots before = _rig.Slots.Slots;
        if (how == "damaged") StoreRig.Damage(At);
        if (how == "empty") File.WriteAllText(At, "");
        if (how is "gone" or "a folder" or "a pipe" or "a link") File.Delete(At);
        if (how == "a folder") Directory.CreateDirectory(At);
        if (how == "a pipe") Fifo.Make(At);
        if (how == "a link") File.CreateSymbolicLink(At, "/etc/passwd");
        // Whoever only reads changes nothing.
        Assert.NotNull(ManagedModel.ActiveFolder(_rig.Folders.Model(StoreRig.Model)));
        Assert.Empty(_rig.Warnings);
        Assert.Equal(before, _rig.Slots.Slots);
        Fault said = Assert.Single(_rig.Warnings);
        Assert.Equal(At, said.Where);
        Assert.Equal(how != "gone", Path.Exists(At + ".broken"));
        Assert.Equal(before, SlotFile.Read(At, "parts", out string? damage));
        Assert.Null(damage);
        Assert.Equal(before, _rig.Slots.Slots);
        Assert.Single(_rig.Warnings);
    }

    [Fact]
    public void With_no_whole_copy_nothing_is_guessed()
    {
        _rig.Commit(TestRelease.Of(3));
        StoreRig.Damage(At);
        StoreRig.Damage(CheckedFile.CopyOf(At));
        Fault fault = Assert.Throws<FaultException>(() => _rig.Slots).Fault;
        Assert.Contains("nobody knows any more which generation of this model is active", fault.What, StringComparison.Ordinal);
        Assert.Contains("enroll the model again", fault.Cure, StringComparison.Ordinal);
        Assert.False(File.Exists(At + ".broken"));
        Assert.True(ManagedModel.IsManaged(_rig.Folders.Model(StoreRig.Model)));
        FaultException located = Assert.Throws<FaultException>(() => new ModelLocator([_rig.Folders.Models]).Find("parts"));
        Assert.Equal(At, located.Fault.Where);
        Assert.Equal(0, _rig.Store.Collect().Generations);
    }

    [Fact]
    public void What_an_earlier_process_did_not_live_to_sync_is_synced_before_anything_is_built_on_it()
    {
        _rig.Commit(TestRelease.Of(3));
        _rig.Restart();
        Assert.NotNull(_rig.Store);
        foreach (string folder in new[] { "blobs/sha256", "staging", "models", "models/parts", "models/parts/gen", "jobs", "jobs/refused" }) Assert.Contains("sync " + folder, _rig.Steps);
    }

    [Fact]
    public void A_copy_that_cannot_be_written_is_said_and_the_state_is_written()
    {
        SlotFile slots = _rig.Slots;
        Directory.CreateDirectory(CheckedFile.CopyOf(At) + ".new");
        slots.Write(slots.Slots.RaiseFloor(9));
        Assert.Single(_rig.Warnings);
        Assert.Equal(9, SlotFile.Read(At, "parts", out _)!.Floor);
    }

    [Fact]
    public void A_state_that_cannot_be_written_is_as_it_was()
    {
        SlotFile slots = _rig.Slots;
        Directory.CreateDirectory(At + ".new");
        Assert.Equal(FaultKind.InputOutput, Assert.Throws<FaultException>(() => slots.Write(slots.Slots.RaiseFloor(9))).Fault.Kind);
        Assert.Equal(0, slots.Slots.Floor);
        Assert.Equal(0, SlotFile.Read(At, "parts", out _)!.Floor);
        Directory.Delete(At + ".new");
        slots.Write(slots.Slots.RaiseFloor(9));
        Assert.Equal(9, _rig.Slots.Slots.Floor);
    }

    [Fact]
    public void What_would_not_be_read_is_not_written()
        => Assert.Equal(FaultKind.Internal, Assert.Throws<FaultException>(() => _rig.Slots.Write(new() { Model = "parts", Floor = -1 })).Fault.Kind);

    [Theory]
    [InlineData("models/parts")]
    [InlineData("models")]
    [InlineData("staging")]
    [InlineData("blobs/sha256")]
    [InlineData("jobs")]
    public void A_link_in_place_of_a_folder_is_refused(string folder)
    {
        string elsewhere = Path.Combine(_rig.Outside, "elsewhere"), link = Path.Combine(_rig.State, folder);
        Directory.CreateDirectory(elsewhere);
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        Directory.CreateSymbolicLink(link, elsewhere);
        Fault fault = Assert.Throws<FaultException>(() => _rig.Slots).Fault;
        Assert.Equal((FaultKind.Configuration, link), (fault.Kind, fault.Where));
        Assert.Empty(Directory.GetFileSystemEntries(elsewhere));
    }

    private void Put(string content)
    {
        Directory.CreateDirectory(_rig.Store.Folders.Model(StoreRig.Model));
        CheckedFile.Write(At, Encoding.UTF8.GetBytes(content));
    }
}

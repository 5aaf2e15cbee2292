using EdgeInfer.Diagnostics;
using EdgeInfer.Slots;
using EdgeInfer.Tests.Slots;
using EdgeInfer.Updates;

namespace EdgeInfer.Tests.Updates;

/// <summary>Files of the model that serves are damaged while the device is off: it serves what it can, says so, and comes back to the same release.</summary>
public sealed class RepairTests : IDisposable
{
    private readonly DeviceRig _device = new();

    private string Away => _device.Repository + ".away";

    public void Dispose()
    {
        if (Directory.Exists(Away)) Directory.Move(Away, _device.Repository);
        _device.Dispose();
    }

    // The contracts of two releases differ, their graphs are one file.
    public static TheoryData<string> Damages => ["flipped", "truncated", "empty", "longer", "unreadable", "folder gone", "manifest", "release folder gone", "a link"];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task The_model_before_serves_until_the_repository_is_there_and_then_the_same_release_does(string how)
    {
        _device.Commit(1);
        _device.Commit(2);
        string active = _device.Now.Path;
        await OffAsync();
        Break(active, how);
        _device.Start();

        UpdateReport stands = _device.Until(static r => r.StandIn?.Waits is not null, "stand-in");
        Assert.Equal((2, "release 1 (1.1.0)", 2), (stands.StandIn!.Seq, stands.StandIn.Serves, stands.Active!.Seq));
        Assert.Contains(active, stands.StandIn.Why, StringComparison.Ordinal);
        Assert.Contains("/1-", _device.Now.Path, StringComparison.Ordinal);
        Assert.Contains("cannot serve: ", _device.Log.Text, StringComparison.Ordinal);
        int probed = _device.Probed.Count;
        ModelSlots before = _device.Store.Slots("parts")!.Slots;

        Directory.Move(Away, _device.Repository);
        UpdateReport back = _device.Until(r => r.StandIn is null && _device.Now.Path == active, "return");
        // The same release as before: no trial, no probe, no refusal, no lower floor.
        Assert.Equal(before, _device.Store.Slots("parts")!.Slots);
        Assert.Equal((2, 2, "committed", 2, null, probed), (back.Active!.Seq, back.Floor, back.Job!.State, back.Job.Seq, back.Refused, _device.Probed.Count));
        foreach (Generation generation in before.Named) Assert.True(_device.Store.Generations.Verify("parts", generation).IsWhole);
        Assert.Equal(2u, StoreDisk.Names(Path.Combine(active, "model.yaml")));
        _device.Until(_ => _device.Opened.Contains(active), "the old one open");
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("more")]
    [InlineData("listing")]
    public async Task What_was_lost_from_its_folder_alone_is_mended_at_the_start_without_a_network(string how)
    {
        _device.Commit(1);
        string active = _device.Now.Path;
        await OffAsync();
        Break(active, how);
        _device.Start();
        Assert.Equal((null, active), (_device.Report.StandIn, _device.Now.Path));
        Assert.True(_device.Store.Generations.Verify("parts", _device.Store.Slots("parts")!.Slots.Active!).IsWhole);
        Assert.Contains("is built again of what is here", _device.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_both_releases_share_is_replaced_in_both_and_nothing_serves_until_then()
    {
        _device.Commit(1);
        _device.Commit(2);
        string active = _device.Now.Path;
        await OffAsync();
        StoreRig.Damage(Path.Combine(active, "model.onnx"));
        _device.Start();
        Assert.Null(_device.Until(static r => r.StandIn?.Waits is not null, "stand-in").StandIn!.Serves);
        Assert.Equal("", _device.Now.Path);
        Assert.Single(Directory.GetFiles(_device.Store.Folders.Quarantine));
        Directory.Move(Away, _device.Repository);
        _device.Until(r => r.StandIn is null && _device.Now.Path == active, "return");
        foreach (Generation generation in _device.Store.Slots("parts")!.Slots.Named) Assert.True(_device.Store.Generations.Verify("parts", generation).IsWhole);
        Assert.Equal(3u, StoreDisk.Names(Path.Combine(active, "model.onnx")));
    }

    [Fact]
    public async Task Without_a_model_before_it_what_the_configuration_gives_serves()
    {
        _device.Commit(1);
        string active = _device.Now.Path;
        await OffAsync();
        Break(active, "truncated");
        _device.Initial = _device.Model("0.9.0");
        _device.Start();
        UpdateReport stands = _device.Until(static r => r.StandIn?.Waits is not null, "stand-in");
        Assert.Equal((_device.Initial, $"what this device begins with, {_device.Initial}"), (_device.Now.Path, stands.StandIn!.Serves));
        Directory.Move(Away, _device.Repository);
        _device.Until(r => r.StandIn is null && _device.Now.Path == active, "return");
    }

    [Fact]
    public async Task What_its_publisher_took_back_does_not_stand_in()
    {
        _device.Commit(1);
        _device.Commit(2);
        string active = _device.Now.Path;
        _device.Do(static desk => EdgeInfer.Releasing.ReleaseRevoke.Run(desk, "parts", 2));
        _device.Service!.Hint("parts");
        _device.Until(_ => _device.Store.Slots("parts")!.Slots.RevokedBelow == 2, "revocation");
        await OffAsync();
        Break(active, "flipped");
        _device.Initial = _device.Model("0.9.0");
        _device.Start();
        Assert.Equal($"what this device begins with, {_device.Initial}", _device.Until(static r => r.StandIn?.Waits is not null, "stand-in").StandIn!.Serves);
        Directory.Move(Away, _device.Repository);
        _device.Until(r => r.StandIn is null && _device.Now.Path == active, "return");
    }

    [Fact]
    public async Task Where_nothing_can_be_mended_any_more_the_next_release_is_taken()
    {
        _device.Initial = _device.Model("0.9.0");
        _device.Publish(1, hold: true);
        _device.Start();
        string active = _device.Now.Path;
        await _device.StopAsync();
        Break(active, "folder gone");
        foreach (string blob in Directory.GetFiles(Path.Combine(_device.State, "blobs", "sha256"))) StoreRig.Damage(blob);
        Directory.Delete(_device.Initial, recursive: true);
        _device.Hold(false);
        _device.Start();
        _device.UntilTrial(1);
    }

    [Fact]
    public async Task What_the_device_began_with_is_taken_again_from_where_it_came()
    {
        _device.Initial = _device.Model("0.9.0");
        _device.Publish(1, hold: true);
        _device.Start();
        string active = _device.Now.Path;
        await OffAsync();
        Break(active, "folder gone");
        _device.Start();
        Assert.Equal((null, 0, active), (_device.Report.StandIn, _device.Report.Active!.Seq, _device.Now.Path));
        await _device.StopAsync();
        StoreRig.Damage(Path.Combine(active, "model.onnx"));
        _device.Start();
        _device.Until(r => r.StandIn is null && _device.Store.Generations.Verify("parts", _device.Store.Slots("parts")!.Slots.Active!).IsWhole, "mended");
        Assert.Equal(active, _device.Now.Path);
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("flipped")]
    public async Task A_trial_waits_for_its_files_and_goes_on_with_what_it_had_counted(string how)
    {
        _device.Commit(1);
        _device.Publish(2);
        _device.UntilTrial(2);
        string tried = _device.Now.Path;
        _device.Give(200);
        _device.Pass(TimeSpan.FromMinutes(6));
        await OffAsync();
        SlotTrial before = Slots().Trial!;
        Assert.Equal((0, 200), (before.Attempts, before.Results));
        Break(tried, how);
        _device.Start();
        UpdateReport stands = _device.Until(static r => r.StandIn?.Waits is not null, "stand-in");
        Assert.Equal((2, "release 1 (1.1.0)", null), (stands.StandIn!.Seq, stands.StandIn.Serves, stands.Trial));
        Assert.Contains("/1-", _device.Now.Path, StringComparison.Ordinal);
        // What stands in gives results meanwhile: they are not the trial's.
        _device.Give(500);
        _device.Pass(TimeSpan.FromMinutes(20));
        Assert.Equal((0, 200), (Slots().Trial!.Attempts, Slots().Trial!.Results));
        Directory.Move(Away, _device.Repository);
        _device.Until(r => r.StandIn is null && _device.Now.Path == tried && r.Trial is not null, "return");
        // The start counts until the trial is looked at, which has its 100 results already.
        Assert.InRange(Slots().Trial!.Attempts, 0, 1);
        _device.Give(100);
        Assert.Equal((2, 1), (_device.UntilState("committed").Active!.Seq, _device.Report.Previous!.Seq));
    }

    [Fact]
    public async Task Of_a_damaged_trial_the_start_that_never_began_is_taken_back_once_and_no_earlier_one()
    {
        _device.Commit(1);
        _device.Publish(2);
        _device.UntilTrial(2);
        string tried = _device.Now.Path;
        _device.Crash();
        Assert.Equal(1, Slots().Trial!.Attempts);
        Directory.Move(_device.Repository, Away);
        Break(tried, "flipped");
        for (int start = 1; start <= 3; start++)
        {
            _device.Start();
            _device.Until(static r => r.StandIn?.Waits is not null, "stand-in");
            await _device.StopAsync();
            Assert.Equal(1, Slots().Trial!.Attempts);
        }
    }

    [Fact]
    public async Task A_newer_release_need_not_wait_for_a_damaged_one()
    {
        _device.Commit(1);
        string active = _device.Now.Path;
        string contract = BlobName.Of(File.ReadAllBytes(Path.Combine(active, "model.yaml")));
        await _device.StopAsync();
        Break(active, "flipped");
        File.Delete(Path.Combine(_device.Repository, "blobs", "sha256", contract));
        _device.Start();
        _device.Until(static r => r.StandIn?.Waits is not null, "stand-in");
        _device.Publish(2);
        _device.UntilTrial(2);
        Assert.Null(_device.Report.StandIn);
        // And when that is no good, the damaged one is what it is: nothing serves.
        _device.Now.Record.AddError("it failed");
        UpdateReport back = _device.Until(static r => r.Job?.State == "rolled_back" && r.StandIn is not null, "return");
        Assert.Equal((1, null, ""), (back.StandIn!.Seq, back.StandIn.Serves, _device.Now.Path));
        _device.Publish(3);
        _device.UntilTrial(3);
    }

    [Fact]
    public async Task A_damaged_model_comes_back_while_another_release_waits_for_approval()
    {
        _device.Commit(1);
        string active = _device.Now.Path;
        string contract = Path.Combine(_device.Repository, "blobs", "sha256", BlobName.Of(File.ReadAllBytes(Path.Combine(active, "model.yaml"))));
        await _device.StopAsync();
        Break(active, "flipped");
        File.Move(contract, contract + ".away");
        _device.Options = _device.Options with { NeedsApproval = true };
        _device.Start();
        _device.Until(static r => r.StandIn?.Waits is not null, "stand-in");
        _device.Publish(2);
        _device.UntilState("window");
        int probed = _device.Probed.Count;
        File.Move(contract + ".away", contract);
        UpdateReport back = _device.Until(r => r.StandIn is null && _device.Now.Path == active, "return");
        Assert.Equal(("window", 2, null, probed), (back.Job!.State, back.Job.Seq, back.Trial, _device.Probed.Count));
        _device.Service!.Of("parts").Approve(2);
        _device.UntilTrial(2);
    }

    [Fact]
    public async Task A_damaged_trial_whose_files_nobody_has_gives_way_to_the_next_release()
    {
        _device.Commit(1);
        _device.Publish(2);
        _device.UntilTrial(2);
        string tried = _device.Now.Path;
        string contract = BlobName.Of(File.ReadAllBytes(Path.Combine(tried, "model.yaml")));
        await _device.StopAsync();
        Break(tried, "flipped");
        File.Delete(Path.Combine(_device.Repository, "blobs", "sha256", contract));
        _device.Start();
        _device.Until(static r => r.StandIn?.Waits is not null, "stand-in");
        // The rollout names it still: it waits for its files.
        _device.Pass(TimeSpan.FromMinutes(30));
        Assert.Equal(2, Slots().Trial!.Generation.Seq);
        _device.Publish(3);
        UpdateReport next = _device.UntilTrial(3);
        Assert.Equal((1, 2, "network"), (next.Active!.Seq, next.Refused!.Seq, next.Refused.Code));
        Assert.Contains("its files are damaged and cannot be had, and models/parts/3 is there", next.Refused.Reason, StringComparison.Ordinal);
        _device.Give(300);
        _device.Until(static r => r.Active?.Seq == 3, "commit of 3");
    }

    [Fact]
    public async Task The_manifest_of_a_variant_is_looked_for_where_it_was_signed()
    {
        _device.Publish(1, with: static o => o with { Variant = "x64" });
        _device.Start();
        _device.UntilTrial(1);
        string active = _device.Now.Path;
        _device.Give(300);
        _device.UntilState("committed");
        // The job is that of another release by then.
        _device.OnProbe = static _ => new EdgeInfer.Gate.ProbeFailed(UpdateCode.Golden, "no good", new());
        _device.Publish(2);
        _device.Until(static r => r.Job is { State: "failed", Seq: 2 }, "refusal of 2");
        await _device.StopAsync();
        Break(active, "manifest");
        _device.Start();
        _device.Until(r => r.StandIn is null && _device.Now.Path == active && _device.Store.Generations.Verify("parts", Slots().Active!).IsWhole, "return");
    }

    [Fact]
    public async Task A_rule_that_forbids_to_go_back_forbids_to_stand_in()
    {
        _device.Initial = _device.Model("0.9.0");
        _device.Commit(1);
        _device.Publish(2, hard: true);
        _device.UntilTrial(2);
        _device.Give(300);
        string active = _device.Now.Path;
        _device.UntilState("committed");
        await OffAsync();
        Break(active, "flipped");
        _device.Start();
        Assert.Null(_device.Until(static r => r.StandIn?.Waits is not null, "stand-in").StandIn!.Serves);
        Assert.Equal("", _device.Now.Path);
    }

    [Fact]
    public async Task A_state_that_nobody_can_read_is_said_and_read_once_it_can_be()
    {
        _device.Commit(1);
        string active = _device.Now.Path, slots = _device.Store.Folders.Slots("parts");
        await _device.StopAsync();
        byte[] good = File.ReadAllBytes(slots);
        File.WriteAllText(slots, "{");
        File.WriteAllText(slots + ".copy", "{");
        _device.Start();
        UpdateReport unread = _device.Until(static r => r.StandIn?.Why.Contains("nobody knows", StringComparison.Ordinal) == true, "what is wrong");
        Assert.Contains("nobody knows any more which generation", unread.StandIn!.Why, StringComparison.Ordinal);
        Assert.Equal((null, null, ""), (unread.Active, unread.StandIn.Seq, _device.Now.Path));
        Task command = _device.Service!.Of("parts").RollBackAsync();
        _device.Until(_ => command.IsCompleted, "an answer");
        Assert.Contains("nobody knows any more", (await Assert.ThrowsAsync<FaultException>(() => command)).Fault.What, StringComparison.Ordinal);
        File.WriteAllBytes(slots, good);
        _device.Until(r => r.StandIn is null && r.Active?.Seq == 1 && _device.Now.Path == active, "state");
    }

    [Fact]
    public async Task A_defect_in_a_command_is_told_to_whoever_waits_and_the_next_one_is_done()
    {
        _device.Commit(1);
        _device.Commit(2);
        _device.Defective = "version: 1.1.0";
        Fault fault = (await Assert.ThrowsAsync<FaultException>(() => _device.Service!.Of("parts").RollBackAsync())).Fault;
        Assert.Equal((FaultKind.Internal, "unexpected InvalidOperationException: a defect"), (fault.Kind, fault.What));
        _device.Defective = null;
        Task retried = _device.Service!.Of("parts").RetryAsync();
        _device.Until(_ => retried.IsCompleted, "an answer");
        await retried;
        // And the loop goes on: the rollout names this one still.
        _device.UntilTrial(2);
        _device.Give(300);
        _device.Until(static r => r.Active?.Seq == 2, "commit of 2");
    }

    [Fact]
    public async Task A_command_to_an_agent_that_stops_is_refused_and_does_not_hang()
    {
        _device.Commit(1);
        ModelUpdate model = _device.Service!.Of("parts");
        await _device.StopAsync();
        Assert.Equal("the agent is stopping", (await Assert.ThrowsAsync<FaultException>(model.RetryAsync)).Fault.What);
    }

    private ModelSlots Slots() => SlotFile.Read(Path.Combine(_device.State, "models", "parts", "slots.json"), "parts", out _)!;

    // The device is off, and finds no repository when it is on again.
    private async Task OffAsync()
    {
        await _device.StopAsync();
        Directory.Move(_device.Repository, Away);
    }

    private void Break(string folder, string how)
    {
        string file = Path.Combine(folder, "model.yaml");
        switch (how)
        {
            case "flipped":
                StoreRig.Damage(file);
                break;
            case "truncated" or "empty" or "longer":
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                using (FileStream stream = File.OpenWrite(file)) stream.SetLength(how == "empty" ? 0 : how == "truncated" ? stream.Length - 1 : stream.Length + 1);
                break;
            case "unreadable":
                string blob = Path.Combine(_device.State, "blobs", "sha256", BlobName.Of(File.ReadAllBytes(file)));
                _device.Unreadable = path => (path == file || path == blob) && Directory.Exists(Away);
                break;
            case "folder gone":
                Directory.Delete(folder, recursive: true);
                break;
            case "release folder gone":
                Directory.Delete(Path.Combine(folder, ".release"), recursive: true);
                break;
            case "manifest":
                StoreRig.Damage(Path.Combine(folder, ".release", "manifest"));
                break;
            case "listing":
                StoreRig.Damage(Path.Combine(folder, ".release", "files"));
                break;
            case "a link":
                StoreRig.Damage(file);
                File.Move(file, file + ".moved");
                File.CreateSymbolicLink(file, file + ".moved");
                break;
            case "gone":
                File.Delete(file);
                break;
            default:
                File.WriteAllText(Path.Combine(folder, "more"), "x");
                break;
        }
    }
}

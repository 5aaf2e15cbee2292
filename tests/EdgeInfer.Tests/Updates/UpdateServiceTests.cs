using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Releasing;
using EdgeInfer.Updates;

namespace EdgeInfer.Tests.Updates;

/// <summary>The way of a release onto a device, from a signed rollout to what serves. The numbers of trials are the contract's: 300 results and 10 minutes.</summary>
public sealed class UpdateServiceTests : IDisposable
{
    private readonly DeviceRig _device = new();

    public void Dispose() => _device.Dispose();

    [Fact]
    public void The_first_release_of_a_model_serves_on_trial_and_then_for_good()
    {
        _device.Publish(1);
        _device.Start();
        UpdateReport trial = _device.Until(r => r.Trial is not null, "trial");
        Assert.EndsWith("/1-" + trial.Job!.Manifest![..8], _device.Now.Path, StringComparison.Ordinal);
        Assert.Equal([_device.Now.Path], _device.Opened);
        Assert.Null(trial.Active);
        _device.Pass(TimeSpan.FromMinutes(11));
        Assert.StartsWith("no results yet after 1", _device.Until(static r => r.Job!.Reason is { } reason && reason.StartsWith("no results yet after 1", StringComparison.Ordinal), "reason").Job!.Reason, StringComparison.Ordinal);
        Assert.Equal("trial", _device.Report.Job!.State);
        _device.Give(299);
        _device.Pass(TimeSpan.FromSeconds(30));
        Assert.Equal("trial", _device.Report.Job!.State);
        _device.Give(1);
        UpdateReport served = _device.UntilState("committed");
        Assert.Equal((1, 1, null), (served.Active!.Seq, served.Floor, served.Trial));
    }

    [Fact]
    public void Ten_minutes_have_to_pass_however_many_results_there_are()
    {
        _device.Publish(1);
        _device.Start();
        _device.UntilTrial();
        _device.Give(5000);
        _device.Pass(TimeSpan.FromMinutes(9));
        Assert.Equal("trial", _device.Report.Job!.State);
        Assert.Equal(1, _device.UntilState("committed").Active!.Seq);
    }

    [Fact]
    public void What_the_device_began_with_serves_until_a_release_comes_and_is_what_it_goes_back_to()
    {
        _device.Initial = _device.Model("0.9.0");
        _device.Publish(1, hold: true);
        _device.Start();
        _device.Pass(TimeSpan.FromMinutes(1));
        Assert.Equal((0, "0.9.0"), (_device.Report.Active!.Seq, _device.Report.Active.Version));
        string initial = _device.Now.Path;
        _device.Hold(false);
        _device.Until(r => r.Trial is not null && _device.Now.Path != initial, "trial");
        _device.Now.Record.AddError("it failed");
        UpdateReport back = _device.Until(r => r.Job?.State == "rolled_back" && _device.Now.Path == initial, "return");
        Assert.Equal("trial-errors", back.Job!.Code);
        Assert.Contains("it failed", back.Job.Reason, StringComparison.Ordinal);
        _device.Until(_ => _device.Opened.SequenceEqual([initial]), "only the old one open");
    }

    [Fact]
    public async Task A_release_that_was_rolled_back_is_not_tried_again_before_somebody_says_so()
    {
        _device.Commit(1);
        _device.Publish(2);
        _device.UntilTrial();
        _device.Now.Record.AddNotNumber();
        _device.UntilState("rolled_back");
        int probed = _device.Probed.Count;
        _device.Pass(TimeSpan.FromHours(1));
        Assert.Equal(("rolled_back", probed), (_device.Report.Job!.State, _device.Probed.Count));
        Assert.Equal((2, "trial-errors"), (_device.Report.Refused!.Seq, _device.Report.Refused.Code));
        await _device.Service!.Of("parts").RetryAsync();
        _device.UntilTrial(2);
    }

    [Fact]
    public void A_model_half_as_slow_again_is_taken_and_a_slower_one_goes_back()
    {
        _device.Commit(1);
        _device.Give(300, 10);
        _device.Publish(2);
        _device.UntilTrial();
        _device.Give(300, 15);
        _device.Until(static r => r.Active?.Seq == 2, "commit");
        _device.Give(512, 10);
        _device.Publish(3);
        _device.UntilTrial(3);
        _device.Give(300, 15.2);
        UpdateReport back = _device.UntilState("rolled_back");
        Assert.Equal(("trial-latency", 2), (back.Job!.Code, back.Active!.Seq));
    }

    [Fact]
    public void A_model_that_makes_the_agent_too_large_goes_back()
    {
        _device.Commit(1);
        _device.Give(300);
        _device.Publish(2);
        _device.UntilTrial();
        _device.RssBytes = 151 << 20;
        _device.Give(300);
        Assert.Equal("memory", _device.UntilState("rolled_back").Job!.Code);
    }

    [Theory]
    [InlineData(99, "committed")]
    [InlineData(100, "rolled_back")]
    public async Task A_model_that_had_no_time_to_be_a_measure_is_none_and_the_log_says_so(int results, string end)
    {
        _device.Commit(1);
        await _device.StopAsync();
        _device.Start();
        _device.Give(results);
        _device.Publish(2);
        UpdateReport trial = _device.UntilTrial(2);
        Assert.Equal(end == "committed", trial.Trial!.RssBeforeBytes is null);
        Assert.Equal(end == "committed", _device.Log.Text.Contains($"are not compared: the model before it has given {results} results since it was loaded, fewer than 100", StringComparison.Ordinal));
        _device.RssBytes = 151 << 20;
        _device.Give(300, 15.2);
        _device.UntilState(end);
    }

    [Fact]
    public void The_first_model_of_an_agent_is_not_held_against_an_agent_without_one()
    {
        _device.Publish(1);
        _device.Start();
        Assert.Null(_device.UntilTrial().Trial!.RssBeforeBytes);
        Assert.DoesNotContain("are not compared", _device.Log.Text, StringComparison.Ordinal);
        _device.RssBytes = 151 << 20;
        _device.Give(300);
        _device.UntilState("committed");
    }

    [Theory]
    [InlineData(UpdateCode.Golden)]
    [InlineData(UpdateCode.Metric)]
    [InlineData(UpdateCode.Latency)]
    [InlineData(UpdateCode.Memory)]
    [InlineData(UpdateCode.Crash)]
    [InlineData(UpdateCode.Hang)]
    public void A_release_that_fails_its_probe_never_serves_and_is_remembered(UpdateCode code)
    {
        _device.Commit(1);
        string serving = _device.Now.Path;
        _device.OnProbe = _ => new ProbeFailed(code, "golden/belt.jpg differs", new());
        _device.Publish(2);
        UpdateReport failed = _device.UntilState("failed");
        Assert.Equal((code.Word(), code.Word(), 1, serving), (failed.Job!.Code, failed.Refused!.Code, failed.Active!.Seq, _device.Now.Path));
        Assert.Contains("golden/belt.jpg differs", failed.Job.Reason, StringComparison.Ordinal);
        int probed = _device.Probed.Count;
        _device.Pass(TimeSpan.FromHours(1));
        Assert.Equal(probed, _device.Probed.Count);
        _device.OnProbe = static _ => new ProbePassed(new());
        _device.Publish(3);
        _device.UntilTrial(3);
    }

    [Fact]
    public void The_devices_gate_makes_a_releases_tighter_and_never_looser()
    {
        _device.Gate = new() { P95 = TimeSpan.FromMilliseconds(80), MemoryBytes = 400 << 20, Map50 = 0.8 };
        _device.Publish(1, with: static options => options with { P95Milliseconds = 100, RssBytes = 300 << 20 });
        _device.OnProbe = static _ => new ProbeWaits("there is too little memory now");
        _device.Start();
        _device.Until(_ => _device.Log.Text.Split("its update waits").Length > 4, "the fourth try");
        Assert.Equal((80.0, 300L << 20, new MetricGate("map50", 0.8)), (_device.Demanded!.P95Milliseconds, _device.Demanded.RssBytes, _device.Demanded.Metric));
        // Said once, however often the release is tried.
        string said = Assert.Single(_device.Log.Text.Split('\n'), static l => l.Contains("has no effect", StringComparison.Ordinal));
        Assert.Contains("memory: 400 MiB (the release demands 300 MiB)", said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_demand_of_the_device_alone_counts()
    {
        _device.Gate = new() { P95 = TimeSpan.FromMilliseconds(80), MemoryBytes = 400 << 20, Map50 = 0.8 };
        _device.Publish(1);
        _device.Start();
        _device.UntilTrial();
        Assert.Equal((80.0, 400L << 20, new MetricGate("map50", 0.8)), (_device.Demanded!.P95Milliseconds, _device.Demanded.RssBytes, _device.Demanded.Metric));
        Assert.DoesNotContain("has no effect", _device.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_probe_that_finds_no_memory_waits_and_is_tried_again()
    {
        _device.OnProbe = static _ => new ProbeWaits("there is too little memory now");
        _device.Publish(1);
        _device.Start();
        UpdateReport waits = _device.Until(static r => r.Job?.Reason is not null, "reason");
        Assert.Equal(("there is too little memory now", null), (waits.Job!.Reason, waits.Job.Code));
        _device.OnProbe = static _ => new ProbePassed(new());
        _device.UntilTrial();
    }

    [Fact]
    public void A_label_that_a_pipeline_names_and_the_model_lacks_refuses_it_before_it_is_probed()
    {
        _device.MissingLabel = "it has no label 'nut', which the pipeline 'belt' of this device names";
        _device.Publish(1);
        _device.Start();
        UpdateReport failed = _device.UntilState("failed");
        Assert.Equal("contract", failed.Job!.Code);
        Assert.Empty(_device.Probed);
    }

    [Fact]
    public void A_model_that_cannot_be_loaded_once_it_is_to_serve_goes_back_at_once()
    {
        _device.Commit(1);
        string serving = _device.Now.Path;
        _device.Unloadable = "version: 1.2.0";
        _device.Publish(2);
        UpdateReport back = _device.Until(r => r.Job?.State == "rolled_back" && _device.Now.Path == serving, "return");
        Assert.Equal("trial-errors", back.Job!.Code);
    }

    [Theory]
    [InlineData("arm64", null, 0, null, "unsuited")]
    [InlineData(null, "cuda", 0, null, "unsuited")]
    [InlineData(null, null, 2L << 30, null, "unsuited")]
    [InlineData(null, null, 0, "9.0.0", "agent-too-old")]
    public void What_is_not_for_this_device_is_refused_before_a_byte_of_it_comes(string? arch, string? provider, long memory, string? agent, string code)
    {
        _device.Publish(1, with: options => options with { Arch = arch is null ? [] : [arch], Provider = provider, MemoryBytes = memory == 0 ? null : memory, Agent = agent });
        _device.Start();
        Assert.Equal(code, _device.UntilState("failed").Job!.Code);
        Assert.Empty(_device.Store.Blobs.List());
    }

    [Fact]
    public void An_older_release_is_refused_once_a_newer_one_has_served_for_good()
    {
        _device.Publish(1);
        _device.Publish(2);
        _device.Start();
        _device.UntilTrial();
        _device.Give(300);
        _device.UntilState("committed");
        _device.Do(static desk => ReleaseRollout.Run(desk, new("parts") { To = "1" }));
        UpdateReport refused = _device.UntilState("failed");
        Assert.Equal(("rollback", 2), (refused.Job!.Code, refused.Active!.Seq));
    }

    [Fact]
    public void A_hold_changes_nothing_and_its_end_goes_on()
    {
        _device.Commit(1);
        _device.Publish(2, hold: true);
        _device.Pass(TimeSpan.FromMinutes(30));
        Assert.Equal(("committed", 1), (_device.Report.Job!.State, _device.Report.Job.Seq));
        _device.Hold(false);
        _device.UntilTrial(2);
    }

    [Fact]
    public void What_is_on_trial_comes_to_its_end_under_a_hold()
    {
        _device.Publish(1);
        _device.Start();
        _device.UntilTrial();
        _device.Hold(true);
        _device.Pass(TimeSpan.FromHours(7));
        Assert.Equal("trial", _device.Report.Job!.State);
        _device.Give(300);
        _device.UntilState("committed");
    }

    [Fact]
    public void What_waits_before_its_trial_goes_no_further_under_a_hold()
    {
        _device.Options = _device.Options with { NeedsApproval = true };
        _device.Publish(1);
        _device.Start();
        _device.UntilState("window");
        _device.Hold(true);
        _device.Pass(TimeSpan.FromHours(7));
        _device.Service!.Of("parts").Approve(1);
        _device.Pass(TimeSpan.FromHours(1));
        Assert.Null(_device.Report.Trial);
        Assert.Null(_device.Report.Active);
    }

    [Fact]
    public void With_approval_a_release_that_passed_its_probe_waits_for_it()
    {
        _device.Options = _device.Options with { NeedsApproval = true };
        _device.Publish(1);
        _device.Start();
        _device.Until(static r => r.Job?.Reason?.StartsWith("it waits for approval", StringComparison.Ordinal) == true, "the wait for approval");
        _device.Pass(TimeSpan.FromHours(2));
        Assert.Equal("window", _device.Report.Job!.State);
        Assert.Contains("release 7 does not wait", Assert.Throws<FaultException>(() => _device.Service!.Of("parts").Approve(7)).Fault.What, StringComparison.Ordinal);
        _device.Service!.Of("parts").Approve(1);
        _device.UntilTrial();
    }

    [Fact]
    public async Task A_trial_goes_on_after_a_restart_with_what_it_had_counted()
    {
        _device.Publish(1);
        _device.Start();
        _device.UntilTrial();
        _device.Give(200);
        _device.Pass(TimeSpan.FromMinutes(6));
        await _device.StopAsync();
        _device.Start();
        Assert.Equal("trial", _device.Report.Job!.State);
        _device.Give(100);
        _device.Pass(TimeSpan.FromMinutes(2));
        Assert.Equal("trial", _device.Report.Job!.State);
        Assert.Equal(1, _device.UntilState("committed").Active!.Seq);
    }

    [Fact]
    public void Three_starts_that_end_without_a_word_are_enough()
    {
        _device.Commit(1);
        string serving = _device.Now.Path;
        _device.Publish(2);
        _device.UntilTrial();
        for (int start = 2; start <= 3; start++)
        {
            _device.Crash();
            _device.Start();
            Assert.Equal(("trial", start), (_device.Report.Job!.State, _device.Store.Slots("parts")!.Slots.Trial!.Attempts));
        }

        _device.Crash();
        _device.Start();
        UpdateReport back = _device.Report;
        Assert.Equal(("rolled_back", "crash", 1, serving), (back.Job!.State, back.Job.Code, back.Active!.Seq, _device.Now.Path));
    }

    // Each day 50 results in a minute; what is noted every 30 s is all that a night leaves.
    [Fact]
    public void A_device_whose_power_goes_off_every_night_ends_its_trial_all_the_same()
    {
        _device.Commit(1);
        _device.Publish(2);
        _device.UntilTrial();
        int nights = 0;
        while (_device.Report.Job!.State == "trial")
        {
            Assert.True(++nights <= 21, "its trial never ends");
            _device.Give(50);
            _device.Pass(TimeSpan.FromMinutes(1));
            if (_device.Report.Job!.State != "trial") break;
            _device.Crash();
            _device.Start();
            // A start counts until the trial is looked at, which may have its 100 results already, or be over.
            Assert.InRange(_device.Store.Slots("parts")!.Slots.Trial?.Attempts ?? 0, 0, 2);
        }

        Assert.Equal(("committed", 2), (_device.Report.Job!.State, _device.Report.Active!.Seq));
        // Ten minutes, of which each day gives one and a night may take half of that.
        Assert.InRange(nights, 10, 21);
    }

    [Fact]
    public async Task A_device_that_is_switched_off_in_order_every_night_may_take_its_time()
    {
        _device.Commit(1);
        _device.Publish(2);
        _device.UntilTrial();
        // Twelve starts of which none gave a hundred results, where three that end without a word would be enough.
        for (int day = 1; day <= 12; day++)
        {
            _device.UntilTrial();
            _device.Give(8);
            _device.Pass(TimeSpan.FromSeconds(20));
            await _device.StopAsync();
            _device.Start();
            Assert.Equal(("trial", 1), (_device.Report.Job!.State, _device.Store.Slots("parts")!.Slots.Trial!.Attempts));
            Assert.Equal(8 * day, _device.Store.Slots("parts")!.Slots.Trial!.Results);
        }
    }

    [Fact]
    public void A_rollout_that_could_not_be_read_behind_its_metadata_is_asked_for_again_soon()
    {
        _device.Options = _device.Options with { Poll = TimeSpan.FromHours(24) };
        _device.Commit(1);
        string[] before = Rollouts();
        _device.Publish(2);
        string rollout = Assert.Single(Rollouts().Except(before));
        File.Move(rollout, rollout + ".away");
        // Where no plain file is, reading fails as a line does that breaks.
        Fifo.Make(rollout);
        _device.Service!.Hint("parts");
        Assert.Equal("network", _device.Until(static r => r.Repository is not null, "a broken line").RepositoryCode);
        File.Move(rollout + ".away", rollout, overwrite: true);
        DateTimeOffset mended = _device.Time.GetUtcNow();
        _device.UntilTrial(2);
        Assert.InRange(_device.Time.GetUtcNow() - mended, TimeSpan.Zero, TimeSpan.FromHours(2));

        string[] Rollouts() => Directory.GetFiles(Path.Combine(_device.Repository, "targets", "rollout"));
    }

    [Fact]
    public async Task A_start_that_is_stopped_in_order_before_its_trial_was_looked_at_is_not_held_against_the_release()
    {
        _device.Commit(1);
        _device.Publish(2);
        _device.UntilTrial();
        await _device.StopAsync();
        for (int start = 1; start <= 5; start++)
        {
            _device.Start(isUpdated: false);
            Assert.Equal(1, _device.Store.Slots("parts")!.Slots.Trial!.Attempts);
            await _device.StopAsync();
        }

        _device.Start();
        Assert.Equal(("trial", 1), (_device.Report.Job!.State, _device.Store.Slots("parts")!.Slots.Trial!.Attempts));
    }

    [Fact]
    public void A_start_that_dies_while_it_loads_the_release_counts_too()
    {
        _device.Commit(1);
        string serving = _device.Now.Path;
        _device.Publish(2);
        _device.UntilTrial();
        // Not a result, not a second: the release takes the process along as it is loaded.
        for (int start = 1; start <= 3; start++)
        {
            Assert.Equal("trial", _device.Report.Job!.State);
            _device.Crash();
            _device.Start();
        }

        Assert.Equal(("rolled_back", "crash", serving), (_device.Report.Job!.State, _device.Report.Job.Code, _device.Now.Path));
        _device.Pass(TimeSpan.FromHours(1));
        Assert.Equal(("rolled_back", 2), (_device.Report.Job!.State, _device.Report.Refused!.Seq));
    }

    [Fact]
    public void A_trial_whose_beginning_the_disk_broke_off_is_begun_and_not_judged_by_the_model_before_it()
    {
        _device.Commit(1);
        _device.Publish(2);
        int refusals = 0;
        // The slots are written, the job's state is not.
        _device.OnStep = step =>
        {
            if (step.Contains("jobs", StringComparison.Ordinal) && _device.Store.Slots("parts")!.Slots.Trial is not null && refusals++ < 3) throw new IOException("no space left on device");
        };
        _device.Give(1000);
        _device.Service!.Hint("parts");
        _device.Until(r => r.Job is { State: "trial", Seq: 2 } && _device.Now.Path.Contains("/2-", StringComparison.Ordinal), "trial of 2");
        Assert.Equal(4, refusals);
        _device.Pass(TimeSpan.FromMinutes(20));
        Assert.Equal((1, "trial"), (_device.Report.Active!.Seq, _device.Report.Job!.State));
        _device.Give(300);
        Assert.Equal(2, _device.UntilState("committed").Active!.Seq);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_trial_ends_though_the_disk_does_not_let_its_job_be_told(bool fails)
    {
        _device.Commit(1);
        string old = _device.Now.Path;
        _device.Publish(2);
        _device.UntilTrial(2);
        string tried = _device.Now.Path;
        bool refuses = true;
        _device.OnStep = step =>
        {
            if (refuses && step.Contains("/jobs/parts.json", StringComparison.Ordinal)) throw new IOException("no space left on device", 28);
        };
        if (fails) _device.Now.Record.AddError("it failed");
        _device.Give(300);
        UpdateReport waits = _device.Until(r => r.Job!.Reason?.Contains("/jobs/parts.json: ", StringComparison.Ordinal) == true && _device.Now.Path == (fails ? old : tried), "what is wrong", stride: 60);
        Assert.Equal((fails ? 1 : 2, "trial"), (waits.Active!.Seq, waits.Job!.State));
        refuses = false;
        UpdateReport end = _device.Until(static r => r.Job!.State != "trial", "the job's end");
        Assert.Equal(fails ? ("rolled_back", "trial-errors") : ("committed", null), (end.Job!.State, end.Job.Code));
    }

    [Fact]
    public async Task What_cannot_be_removed_now_is_removed_later_and_fails_nothing()
    {
        _device.Commit(1);
        _device.Commit(2);
        _device.Commit(3);
        string[] Generations() => [.. _device.Store.Generations.List("parts").Select(static name => name.Split('-')[0])];
        _device.Until(_ => Generations() is ["2", "3"], "the first collection");
        bool refuses = true;
        _device.OnStep = step =>
        {
            if (refuses && step.Contains("/old", StringComparison.Ordinal)) throw new IOException("Read-only file system", 30);
        };
        Task rollBack = _device.Service!.Of("parts").RollBackAsync();
        _device.Until(_ => rollBack.IsCompleted, "an answer");
        await rollBack;
        Assert.Equal((2, "committed"), (_device.Report.Active!.Seq, _device.Report.Job!.State));
        Assert.Contains("what nothing names cannot be removed now, and is tried again: ", _device.Log.Text, StringComparison.Ordinal);
        Assert.Equal(["2", "3"], Generations());
        refuses = false;
        _device.Until(_ => Generations() is ["2"], "collection");
    }

    [Theory]
    [InlineData("models")]
    [InlineData("rollout")]
    public async Task A_folder_of_which_nothing_can_be_taken_is_no_success(string role)
    {
        _device.Commit(1);
        _device.Publish(2);
        string metadata = Path.Combine(_device.Repository, "metadata");
        string newest = Directory.GetFiles(metadata, $"*.{role}.json").OrderBy(static f => int.Parse(Path.GetFileName(f).Split('.')[0], System.Globalization.CultureInfo.InvariantCulture)).Last();
        byte[] bytes = File.ReadAllBytes(newest);
        bytes[^3] ^= 1;
        File.WriteAllBytes(newest, bytes);
        FaultException refused = await Assert.ThrowsAsync<FaultException>(() => _device.Service!.ApplyAsync(_device.Repository, TestContext.Current.CancellationToken));
        Assert.Contains(Path.GetFileName(newest), refused.Fault.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, _device.Report.Active!.Seq);
    }

    [Fact]
    public async Task Nobody_goes_back_to_a_release_that_its_publisher_took_back()
    {
        _device.Commit(1);
        _device.Commit(2);
        _device.Do(static desk => ReleaseRevoke.Run(desk, "parts", 2));
        _device.Service!.Hint("parts");
        _device.Until(_ => _device.Store.Slots("parts")!.Slots.RevokedBelow == 2, "revocation");
        UpdateException refused = await Assert.ThrowsAsync<UpdateException>(() => _device.Service.Of("parts").RollBackAsync());
        Assert.Equal((UpdateCode.Revoked, 2), (refused.Code, _device.Report.Active!.Seq));
        Assert.Contains("taken back by its publisher, as all below 2", refused.Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_was_activated_by_hand_stays_until_it_may_follow_again()
    {
        _device.Commit(1);
        _device.Commit(2);
        await _device.Service!.Of("parts").ActivateAsync(2);
        _device.Publish(3);
        _device.Pass(TimeSpan.FromHours(1));
        Assert.Equal((2, 2), (_device.Report.Active!.Seq, _device.Report.Pin));
        await _device.Service.Of("parts").ResumeAsync();
        _device.UntilTrial(3);
    }

    [Fact]
    public async Task An_operator_goes_back_and_what_was_left_does_not_come_again()
    {
        _device.Commit(1);
        _device.Commit(2);
        await _device.Service!.Of("parts").RollBackAsync();
        _device.Pass(TimeSpan.FromHours(1));
        Assert.Equal((1, 2, "an operator rolled it back"), (_device.Report.Active!.Seq, _device.Report.Refused!.Seq, _device.Report.Refused.Reason));
        Assert.Contains("/1-", _device.Now.Path, StringComparison.Ordinal);
        Assert.StartsWith("there is no generation to go back to", (await Assert.ThrowsAsync<FaultException>(() => _device.Service.Of("parts").RollBackAsync())).Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void Metadata_that_somebody_changed_stop_updates_and_not_serving()
    {
        _device.Commit(1);
        _device.Publish(2);
        string timestamp = Path.Combine(_device.Repository, "metadata", "timestamp.json");
        byte[] good = File.ReadAllBytes(timestamp);
        File.WriteAllText(timestamp, File.ReadAllText(timestamp).Replace("\"version\":", "\"version\":9", StringComparison.Ordinal));
        UpdateReport refused = _device.Until(static r => r.RepositoryCode is not null, "refusal");
        Assert.Equal(("signature", 1), (refused.RepositoryCode, refused.Active!.Seq));
        File.WriteAllBytes(timestamp, good);
        Assert.Null(_device.UntilTrial(2).Repository);
    }

    [Fact]
    public void A_file_that_somebody_changed_is_refused_by_its_digest_and_taken_once_it_is_right_again()
    {
        _device.Publish(1);
        Dictionary<string, byte[]> right = [];
        foreach (string blob in Directory.GetFiles(Path.Combine(_device.Repository, "blobs", "sha256")))
        {
            right[blob] = File.ReadAllBytes(blob);
            byte[] bytes = [.. right[blob]];
            bytes[^1] ^= 1;
            File.SetUnixFileMode(blob, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.WriteAllBytes(blob, bytes);
        }

        _device.Start();
        Assert.Equal("digest", _device.Until(static r => r.Job?.Code is not null, "refusal").Job!.Code);
        Assert.Equal("", _device.Now.Path);
        foreach ((string blob, byte[] bytes) in right) File.WriteAllBytes(blob, bytes);
        _device.UntilTrial();
    }

    [Fact]
    public void A_file_that_stays_wrong_ends_the_release()
    {
        _device.Publish(1);
        foreach (string blob in Directory.GetFiles(Path.Combine(_device.Repository, "blobs", "sha256")))
        {
            File.SetUnixFileMode(blob, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.AppendAllText(blob, "x");
        }

        _device.Start();
        Assert.Contains(_device.UntilState("failed").Job!.Code, (string[])["size", "digest"]);
    }

    [Fact]
    public void Of_three_releases_two_stay_on_the_disk()
    {
        for (int seq = 1; seq <= 3; seq++) _device.Commit(seq);
        _device.Until(_ => _device.Store.Generations.List("parts").Select(static n => n.Split('-')[0]).SequenceEqual(["2", "3"]), "collection");
        Assert.Equal((3, 2), (_device.Report.Active!.Seq, _device.Report.Previous!.Seq));
    }
}

using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Slots;

namespace EdgeInfer.Tests.Slots;

/// <summary>A job is where it was after a restart, and what was refused stays refused.</summary>
[Collection(Alone.Name)]
public sealed class JobJournalTests : IDisposable
{
    // The contract's own line of states.
    private static readonly string[] s_arrows = "offered metadata admitted fetching verified inspected probed staged window trial committed".Split(' ');

    private readonly StoreRig _rig = new();

    private JobJournal Jobs => _rig.Store.Jobs;

    private DateTimeOffset Now => _rig.Time.Now;

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void The_states_have_the_contracts_words_and_every_word_its_state()
    {
        Assert.Equal([.. s_arrows, "rolled_back", "failed"], Enum.GetValues<JobState>().Select(static s => s.Word()));
        foreach (JobState state in Enum.GetValues<JobState>()) Assert.Equal(state, JobStates.OfWord(state.Word()));
        Assert.Null(JobStates.OfWord("RolledBack"));
    }

    [Fact]
    public void Only_the_contracts_arrows_can_be_gone_and_back_before_the_trial()
    {
        foreach (JobState from in Enum.GetValues<JobState>())
        {
            foreach (JobState to in Enum.GetValues<JobState>())
            {
                int a = Array.IndexOf(s_arrows, from.Word()), b = Array.IndexOf(s_arrows, to.Word());
                bool isArrow = a >= 0 && b == a + 1 && from != JobState.Committed;
                bool isBack = a is >= 0 and < 9 && b >= 0 && b < a;
                bool isEnd = (to == JobState.Failed && a is >= 0 and < 10) || (to == JobState.RolledBack && from == JobState.Trial);
                Assert.True(to.MayFollow(from) == (isArrow || isBack || isEnd), $"{from} → {to}");
            }
        }
    }

    [Fact]
    public void A_job_goes_its_way_and_is_read_again_at_every_arrow()
    {
        TestRelease release = TestRelease.Of(7);
        UpdateJob job = UpdateJob.Offer(StoreRig.Model, Now);
        foreach (string word in s_arrows)
        {
            if (word != "offered") job = job.MoveTo(JobStates.OfWord(word)!.Value, _rig.Time.Now += TimeSpan.FromSeconds(1.5));
            if (word == "admitted") job = job with { Target = new("models/parts/7", release.Digest, 7, "1.7.0"), Blobs = [.. release.Plan.Files.Select(static f => f.Sha256)] };
            Jobs.Write(job);
            _rig.Restart();
            UpdateJob read = Jobs.Read(StoreRig.Model)!;
            Assert.Equal(job with { Blobs = [] }, read with { Blobs = [] });
            Assert.Equal(job.Blobs, read.Blobs);
            Assert.Equal(word != "committed", read.IsRunning);
        }

        Assert.Equal(["parts"], Jobs.Models());
        Assert.Throws<InvalidOperationException>(() => job.MoveTo(JobState.Offered, Now));
    }

    [Fact]
    public void An_end_that_needs_a_reason_has_one_in_one_line()
    {
        UpdateJob trial = At(JobState.Trial);
        UpdateJob back = trial.RollBack(UpdateCode.TrialErrors, "three errors\nin a row " + new string('x', 600), Now);
        Jobs.Write(back);
        UpdateJob read = Jobs.Read(StoreRig.Model)!;
        Assert.Equal((JobState.RolledBack, UpdateCode.TrialErrors), (read.State, read.Code));
        Assert.StartsWith("three errors in a row", read.Reason, StringComparison.Ordinal);
        Assert.Equal(UpdateJob.ReasonLimit + 1, read.Reason!.Length);
        Assert.Contains("\"state\":\"rolled_back\",\"code\":\"trial-errors\"", File.ReadAllText(_rig.Folders.Job(StoreRig.Model)), StringComparison.Ordinal);
        Assert.Equal(JobState.Failed, At(JobState.Probed).Fail(UpdateCode.Golden, "x", Now).State);
        Assert.Throws<InvalidOperationException>(() => At(JobState.Window).RollBack(UpdateCode.Crash, "x", Now));
        Assert.Throws<InvalidOperationException>(() => trial.MoveTo(JobState.Failed, Now));
        Assert.Throws<InvalidOperationException>(() => back.Wait(null, "x", Now));
    }

    [Fact]
    public void Waiting_counts_until_the_state_is_left()
    {
        UpdateJob job = At(JobState.Fetching).Wait(UpdateCode.Network, "no line", Now.AddMinutes(1)).Wait(UpdateCode.Space, "no room", Now.AddMinutes(2));
        Jobs.Write(job);
        UpdateJob read = Jobs.Read(StoreRig.Model)!;
        Assert.Equal((2, UpdateCode.Space, "no room", Now.AddMinutes(2)), (read.Retries, read.Code, read.Reason, read.NotBefore));
        UpdateJob on = read.MoveTo(JobState.Verified, Now);
        Assert.Equal((0, null, null, null), (on.Retries, on.Code, on.Reason, on.NotBefore));
        // Back to an earlier state is a try again.
        Assert.Equal(2, read.MoveTo(JobState.Metadata, Now).Retries);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"schema":"edgeinfer/job/2","job":{"model":"parts","state":"offered","began":"2026-11-26T12:00:00Z","since":"2026-11-26T12:00:00Z","retries":0,"blobs":[]}}""")]
    [InlineData("""{"schema":"edgeinfer/job/1","job":{"model":"other","state":"offered","began":"2026-11-26T12:00:00Z","since":"2026-11-26T12:00:00Z","retries":0,"blobs":[]}}""")]
    [InlineData("""{"schema":"edgeinfer/job/1","job":{"model":"parts","state":"Offered","began":"2026-11-26T12:00:00Z","since":"2026-11-26T12:00:00Z","retries":0,"blobs":[]}}""")]
    [InlineData("""{"schema":"edgeinfer/job/1","job":{"model":"parts","state":"offered","began":"2026-11-26T12:00:00Z","since":"2026-11-26T12:00:00Z","retries":-1,"blobs":[]}}""")]
    [InlineData("""{"schema":"edgeinfer/job/1","job":{"model":"parts","state":"offered","began":"2026-11-26T12:00:00Z","since":"2026-11-26T12:00:00Z","retries":0,"blobs":["../x"]}}""")]
    [InlineData("""{"schema":"edgeinfer/job/1","job":{"model":"parts","state":"offered","began":"2026-11-26T12:00:00Z","since":"2026-11-26T12:00:00Z","retries":0,"blobs":[null]}}""")]
    [InlineData("""{"schema":"edgeinfer/job/1","job":{"model":"parts","state":"offered","began":"2026-11-26T12:00:00Z","since":"2026-11-26T12:00:00Z","retries":0,"blobs":[],"target":{"path":"x","manifest":"../../x","seq":1}}}""")]
    [InlineData("""{"schema":"edgeinfer/job/1","job":{"model":"parts","state":"failed","code":"no-code","began":"2026-11-26T12:00:00Z","since":"2026-11-26T12:00:00Z","retries":0,"blobs":[]}}""")]
    public void What_is_no_job_is_set_aside_and_said_once(string content)
    {
        string path = _rig.Store.Folders.Job(StoreRig.Model);
        CheckedFile.Write(path, Encoding.UTF8.GetBytes(content));
        Assert.Null(Jobs.Read(StoreRig.Model));
        Assert.Equal(path, Assert.Single(_rig.Warnings).Where);
        Assert.True(File.Exists(path + ".broken"));
        Assert.Null(Jobs.Read(StoreRig.Model));
        Assert.Single(_rig.Warnings);
        Jobs.Write(UpdateJob.Offer(StoreRig.Model, Now));
        Assert.NotNull(Jobs.Read(StoreRig.Model));
    }

    [Fact]
    public void A_refused_release_is_remembered_until_it_may_be_tried_again()
    {
        RefusedRelease refused = Refusal(7), rolledBack = new(TestRelease.Of(8).Digest, 8, true, UpdateCode.Crash, "y", Now);
        Assert.Null(Jobs.RefusalOf(StoreRig.Model, refused.Manifest));
        Jobs.Refuse(StoreRig.Model, refused, 0);
        Jobs.Refuse(StoreRig.Model, rolledBack, 0);
        _rig.Restart();
        Assert.Equal(refused, Jobs.RefusalOf(StoreRig.Model, refused.Manifest));
        Assert.Equal([refused, rolledBack], Jobs.Refused(StoreRig.Model));
        Assert.Empty(Jobs.Refused("other"));
        // The same one again is one entry, the latest.
        Jobs.Refuse(StoreRig.Model, refused with { Code = UpdateCode.Metric }, 0);
        Assert.Equal([rolledBack, refused with { Code = UpdateCode.Metric }], Jobs.Refused(StoreRig.Model));
        Jobs.ForgetRefused(StoreRig.Model);
        Jobs.ForgetRefused(StoreRig.Model);
        Assert.Empty(Jobs.Refused(StoreRig.Model));
    }

    [Fact]
    public void What_would_be_too_large_to_be_read_again_is_not_written()
    {
        Jobs.Write(UpdateJob.Offer(StoreRig.Model, Now));
        UpdateJob large = UpdateJob.Offer(StoreRig.Model, Now) with { Blobs = [.. Enumerable.Repeat(TestRelease.Of(1).Digest, 5000)] };
        Assert.Equal(FaultKind.Internal, Assert.Throws<FaultException>(() => Jobs.Write(large)).Fault.Kind);
        Assert.Empty(Jobs.Read(StoreRig.Model)!.Blobs);
        for (int seq = 0; seq < 64; seq++) Jobs.Refuse(StoreRig.Model, Refusal(seq) with { Reason = new string('x', 100_000) }, 0);
        Assert.Equal(64, Jobs.Refused(StoreRig.Model).Count);
    }

    [Fact]
    public void Of_too_many_refusals_those_below_the_floor_are_forgotten_first_then_the_oldest()
    {
        for (int seq = 1; seq <= 64; seq++) Jobs.Refuse(StoreRig.Model, Refusal(seq), 0);
        Jobs.Refuse(StoreRig.Model, Refusal(65), 0);
        Assert.Equal(Enumerable.Range(2, 64).Select(static s => (long)s), Jobs.Refused(StoreRig.Model).Select(static r => r.Seq));
        Jobs.ForgetRefused(StoreRig.Model);
        foreach (int seq in Enumerable.Range(100, 63)) Jobs.Refuse(StoreRig.Model, Refusal(seq), 0);
        Jobs.Refuse(StoreRig.Model, Refusal(5), 0);
        Jobs.Refuse(StoreRig.Model, Refusal(200), 50);
        Assert.Equal([.. Enumerable.Range(100, 63).Select(static s => (long)s), 200], Jobs.Refused(StoreRig.Model).Select(static r => r.Seq));
    }

    [Fact]
    public void The_model_called_refused_and_one_that_ends_like_a_file_have_files_of_their_own()
    {
        foreach (string model in new[] { "refused", "refused.json", "parts.json" })
        {
            Jobs.Write(UpdateJob.Offer(model, Now));
            Jobs.Refuse(model, Refusal(1), 0);
        }

        Assert.Equal(["parts.json", "refused", "refused.json"], Jobs.Models());
        foreach (string model in Jobs.Models()) Assert.Equal((model, 1), (Jobs.Read(model)!.Model, Jobs.Refused(model).Count));
    }

    private RefusedRelease Refusal(long seq) => new(TestRelease.Of(seq).Digest, seq, false, UpdateCode.Golden, "x", Now);

    private UpdateJob At(JobState state)
    {
        UpdateJob job = UpdateJob.Offer(StoreRig.Model, Now);
        for (JobState next = JobState.Metadata; next <= state; next++) job = job.MoveTo(next, Now);
        return job;
    }

    [Fact]
    public void A_folder_in_its_place_is_set_aside_like_any_damage()
    {
        string path = _rig.Folders.Job(StoreRig.Model);
        _ = _rig.Store;
        Directory.CreateDirectory(path);
        Assert.Null(Jobs.Read(StoreRig.Model));
        Assert.Contains("no plain file", Assert.Single(_rig.Warnings).What, StringComparison.Ordinal);
        Assert.True(Directory.Exists(path + ".broken"));
        Jobs.Write(UpdateJob.Offer(StoreRig.Model, Now));
        Assert.NotNull(Jobs.Read(StoreRig.Model));
    }
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Slots;

namespace EdgeInfer.Tests.Slots;

/// <summary>The transitions of a managed model, and those that are refused.</summary>
public sealed class ModelSlotsTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);
    private static readonly Generation s_old = TestRelease.Of(11).Generation, s_active = TestRelease.Of(12).Generation, s_next = TestRelease.Of(13).Generation;

    private static readonly ModelSlots s_empty = new() { Model = "parts" };
    private static readonly ModelSlots s_committed = new() { Model = "parts", Active = s_active, Previous = s_old, Floor = 12 };
    private static readonly ModelSlots s_onTrial = s_committed with { Trial = new() { Generation = s_next, Began = s_now } };

    [Fact]
    public void A_trial_serves_and_what_is_active_stays()
    {
        ModelSlots slots = s_committed.BeginTrial(s_next, hard: false, s_now);
        Assert.Equal(s_onTrial, slots);
        Assert.Equal(s_next, slots.Serving);
        Assert.Equal(s_active, s_committed.Serving);
        Assert.Null(s_empty.Serving);
        Assert.Equal([s_active, s_old, s_next], slots.Named);
    }

    [Fact]
    public void A_commit_makes_it_active_keeps_what_was_and_raises_the_floor()
        => Assert.Equal(new ModelSlots { Model = "parts", Active = s_next, Previous = s_active, Floor = 13 }, s_onTrial.NoteAttempt().NoteProgress(300, TimeSpan.FromMinutes(10)).Commit());

    [Fact]
    public void The_first_release_is_committed_with_nothing_before_it()
        => Assert.Equal(new ModelSlots { Model = "parts", Active = s_next, Floor = 13 }, s_empty.BeginTrial(s_next, false, s_now).Commit());

    [Fact]
    public void A_floor_that_a_revocation_has_raised_stays_above_a_commit()
        => Assert.Equal(20, (s_onTrial with { Floor = 20 }).Commit().Floor);

    [Fact]
    public void A_trial_that_fails_leaves_everything_as_it_was() => Assert.Equal(s_committed, s_onTrial.NoteAttempt().RollBack());

    [Fact]
    public void After_a_commit_one_goes_back_to_what_was_before_even_below_the_floor_and_not_forth_again()
    {
        ModelSlots back = s_committed.RollBack();
        Assert.Equal(new ModelSlots { Model = "parts", Active = s_old, Floor = 12 }, back);
        Assert.Contains("no generation to go back to", Refusal(() => back.RollBack()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hard_rule_forbids_going_back_below_the_floor_and_no_other_way_back()
    {
        ModelSlots hard = s_committed.BeginTrial(s_next, hard: true, s_now);
        Assert.Equal(s_committed, hard.RollBack());
        Assert.Equal(UpdateCode.Rollback, Code(() => hard.RaiseFloor(13).RollBack()));
        ModelSlots committed = hard.Commit();
        Assert.True(committed.Hard);
        Assert.Equal(UpdateCode.Rollback, Code(() => committed.RollBack()));
        // The next one's rule counts.
        Assert.False(committed.BeginTrial(TestRelease.Of(14).Generation, hard: false, s_now).Commit().Hard);
        Assert.Equal(s_committed with { Floor = 13, RevokedBelow = 13 }, s_onTrial.RaiseFloor(13).RollBack());
    }

    [Fact]
    public void A_hard_first_release_can_be_taken_back_since_nothing_then_serves()
        => Assert.Equal(s_empty, s_empty.BeginTrial(s_next, hard: true, s_now).RollBack());

    [Fact]
    public void A_release_below_the_floor_is_refused_and_one_at_it_is_not()
    {
        Assert.Equal(UpdateCode.Rollback, Code(() => s_committed.BeginTrial(TestRelease.Of(11, "another").Generation, false, s_now)));
        Assert.NotNull(s_committed.BeginTrial(TestRelease.Of(12, "a variant").Generation, false, s_now).Trial);
        Assert.Equal(UpdateCode.Rollback, Code(() => s_committed.RaiseFloor(14).BeginTrial(s_next, false, s_now)));
    }

    [Fact]
    public void A_floor_never_falls()
    {
        Assert.Equal(12, s_committed.RaiseFloor(3).Floor);
        Assert.Equal(15, s_committed.RaiseFloor(15).Floor);
    }

    // 11 is what 12 was committed over; the floor is 12 by that commit already.
    [Fact]
    public void Nobody_returns_to_a_release_that_was_taken_back()
    {
        ModelSlots revoked = s_committed.RaiseFloor(12);
        Assert.Equal((12, 12), (revoked.Floor, revoked.RevokedBelow));
        Assert.Equal(UpdateCode.Revoked, Code(() => revoked.RollBack()));
        Assert.Equal(UpdateCode.Revoked, Code(() => revoked.Activate(s_old)));
        Assert.Equal(s_old, s_committed.RaiseFloor(11).RollBack().Active);
        Assert.Equal(12, revoked.RaiseFloor(11).RevokedBelow);
    }

    [Fact]
    public void What_the_device_began_with_is_no_release_and_cannot_be_taken_back()
        => Assert.Equal(0, (s_committed with { Previous = TestRelease.Of(0).Generation }).RaiseFloor(12).RollBack().Active!.Seq);

    [Fact]
    public void A_trial_that_fails_goes_back_to_what_served_until_then_though_it_was_taken_back()
        => Assert.Equal(s_active, s_onTrial.RaiseFloor(13).RollBack().Active);

    [Fact]
    public void No_second_trial_and_none_of_what_is_active_begins()
    {
        Assert.Contains("is on trial", Refusal(() => s_onTrial.BeginTrial(TestRelease.Of(14).Generation, false, s_now)), StringComparison.Ordinal);
        Assert.Contains("it is active", Refusal(() => s_committed.BeginTrial(s_active with { Version = "another word" }, false, s_now)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_fourth_start_that_would_not_end_well_is_refused()
    {
        ModelSlots slots = s_onTrial;
        for (int i = 1; i <= 3; i++)
        {
            slots = slots.NoteAttempt();
            Assert.Equal(i, slots.Trial!.Attempts);
        }

        Assert.Equal(UpdateCode.Crash, Code(() => slots.NoteAttempt()));
        Assert.Equal(s_committed, slots.RollBack());
    }

    [Fact]
    public void A_start_that_ended_well_is_not_held_against_it_however_many_nights_pass()
    {
        ModelSlots slots = s_onTrial.NoteAttempt();
        for (int night = 0; night < 30; night++) slots = slots.NoteAttempt().SettleAttempt();
        Assert.Equal(1, slots.Trial!.Attempts);
        Assert.Contains("no start of the trial was counted", Refusal(() => slots.SettleAttempt().SettleAttempt()), StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_is_kept_over_starts_and_never_falls()
    {
        ModelSlots slots = s_onTrial.NoteProgress(120, TimeSpan.FromSeconds(30.5));
        Assert.Equal((120, 30.5), (slots.Trial!.Results, slots.Trial.ServedSeconds));
        Assert.Equal(slots, slots.NoteProgress(120, TimeSpan.FromSeconds(30.5)));
        Refusal(() => slots.NoteProgress(119, TimeSpan.FromSeconds(31)));
        Refusal(() => slots.NoteProgress(121, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Without_a_trial_nothing_of_one_is_taken()
    {
        foreach (Func<ModelSlots> transition in new Func<ModelSlots>[] { () => s_committed.NoteAttempt(), () => s_committed.SettleAttempt(), () => s_committed.NoteProgress(1, TimeSpan.Zero), () => s_committed.Commit() })
            Assert.Contains("nothing is on trial", Refusal(transition), StringComparison.Ordinal);
    }

    [Fact]
    public void An_operator_activates_what_is_there_and_may_go_back_and_forth()
    {
        ModelSlots back = s_committed.Activate(s_old);
        Assert.Equal(new ModelSlots { Model = "parts", Active = s_old, Previous = s_active, Floor = 12 }, back);
        Assert.Equal(s_committed, back.Activate(s_active));
        Assert.Equal(13, s_committed.Activate(s_next).Floor);
        Assert.Equal(s_next, s_empty.Activate(s_next).Active);
    }

    [Fact]
    public void An_operator_cannot_activate_what_is_older_than_the_previous_one_or_forbidden()
    {
        Assert.Equal(UpdateCode.Rollback, Code(() => s_committed.Activate(TestRelease.Of(10).Generation)));
        Assert.Equal(UpdateCode.Rollback, Code(() => (s_committed with { Hard = true }).Activate(s_old)));
        Assert.Contains("is active already", Refusal(() => s_committed.Activate(s_active)), StringComparison.Ordinal);
        Assert.Contains("is on trial", Refusal(() => s_onTrial.Activate(s_old)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pinned_model_stays_until_it_is_unpinned()
    {
        ModelSlots pinned = s_committed.PinActive();
        Assert.Equal(12, pinned.Pin);
        foreach (Func<ModelSlots> transition in new Func<ModelSlots>[] { () => pinned.BeginTrial(s_next, false, s_now), () => pinned.RollBack(), () => pinned.Activate(s_old), () => pinned.PinActive() })
            Assert.Contains("pinned to 12", Refusal(transition), StringComparison.Ordinal);
        foreach (Func<ModelSlots> transition in new Func<ModelSlots>[] { () => pinned.BeginTrial(s_next, false, s_now), () => pinned.RollBack(), () => pinned.Activate(s_old) })
            Assert.Contains("edgeinfer update resume MODEL", Assert.Throws<FaultException>(transition).Fault.Cure, StringComparison.Ordinal);
        Assert.Equal(s_committed, pinned.Unpin());
        Assert.Contains("not pinned", Refusal(() => s_committed.Unpin()), StringComparison.Ordinal);
        Assert.Contains("is on trial", Refusal(() => s_onTrial.PinActive()), StringComparison.Ordinal);
        Assert.Contains("nothing is active", Refusal(() => s_empty.PinActive()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_shipped_model_becomes_the_first_generation_where_there_is_none()
    {
        Generation initial = TestRelease.Of(0).Generation;
        ModelSlots slots = s_empty.AdoptInitial(initial);
        Assert.Equal((initial, 0), (slots.Active, slots.Floor));
        Refusal(() => slots.AdoptInitial(initial));
        Refusal(() => s_onTrial.AdoptInitial(initial));
        Refusal(() => s_empty.BeginTrial(s_next, false, s_now).AdoptInitial(initial));
        Assert.Equal(initial, slots.BeginTrial(s_next, false, s_now).Commit().Previous);
    }

    [Fact]
    public void No_sequence_of_transitions_gives_a_state_that_would_not_be_read()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            ModelSlots slots = s_empty;
            long floor = 0;
            for (int i = 0; i < 60; i++)
            {
                try
                {
                    slots = Any(slots, random);
                }
                catch (FaultException e)
                {
                    Assert.NotEqual(FaultKind.Internal, e.Fault.Kind);
                }

                Assert.Null(slots.WhyNot("parts"));
                Assert.InRange(slots.Floor, floor, 100);
                floor = slots.Floor;
                if (slots.Pin is { } pin) Assert.Equal(pin, slots.Active!.Seq);
            }
        }
    }

    private static ModelSlots Any(ModelSlots slots, Random random)
    {
        Generation generation = TestRelease.Of(random.Next(12)).Generation;
        return random.Next(11) switch
        {
            0 or 1 => slots.BeginTrial(generation, random.Next(2) == 0, s_now),
            2 => slots.NoteAttempt(),
            3 => slots.SettleAttempt(),
            4 => slots.NoteProgress((slots.Trial?.Results ?? 0) + random.Next(5), TimeSpan.FromSeconds((slots.Trial?.ServedSeconds ?? 0) + 1)),
            5 => slots.Commit(),
            6 => slots.RollBack(),
            7 => slots.Activate(generation),
            8 => random.Next(3) == 0 ? slots.PinActive() : slots,
            9 => slots.Unpin(),
            _ => random.Next(4) == 0 ? slots.RaiseFloor(random.Next(8)) : slots,
        };
    }

    private static string Refusal(Func<ModelSlots> transition)
    {
        Fault fault = Assert.Throws<FaultException>(transition).Fault;
        Assert.Equal((FaultKind.Usage, "parts"), (fault.Kind, fault.Where));
        Assert.NotEqual("", fault.Cure);
        Assert.DoesNotContain('\n', fault.ToString());
        return fault.What;
    }

    private static UpdateCode Code(Func<ModelSlots> transition) => Assert.Throws<UpdateException>(transition).Code;
}

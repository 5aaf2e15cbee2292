using EdgeInfer.Diagnostics;
using EdgeInfer.Slots;

namespace EdgeInfer.Updates;

/// <summary>How a trial ends on the disk, in the order that a power cut at any step leaves right: the slots first, then what is only told of them.</summary>
internal static class TrialEnd
{
    /// <summary>The generation on trial serves for good.</summary>
    /// <exception cref="FaultException">The disk refused: it is still on trial.</exception>
    public static void Commit(string model, SlotFile slots, ManagedStore store, TimeProvider time)
    {
        slots.Write(slots.Slots.Commit());
        if (store.Jobs.Read(model) is { State: JobState.Trial } job) store.Jobs.Write(job.MoveTo(JobState.Committed, time.GetUtcNow()));
    }

    /// <summary>The model before it serves again, and the release is remembered.</summary>
    /// <exception cref="FaultException">The disk refused, or a rule forbids to go back: it is still on trial.</exception>
    public static void RollBack(string model, SlotFile slots, ManagedStore store, UpdateCode? code, string why, TimeProvider time)
    {
        Generation tried = slots.Slots.Trial!.Generation;
        DateTimeOffset now = time.GetUtcNow();
        // Remembered first: after a cut in between it is on trial still, and goes the same way again.
        store.Jobs.Refuse(model, new(tried.Manifest, tried.Seq, IsRolledBack: true, code, why, now), slots.Slots.Floor);
        slots.Write(slots.Slots.RollBack());
        if (store.Jobs.Read(model) is { State: JobState.Trial } job) store.Jobs.Write(job.RollBack(code, why, now));
    }

    /// <summary>After a cut between the slots and the job: what the slots say is so, the job only tells of it.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public static void Reconcile(string model, ModelSlots slots, ManagedStore store, TimeProvider time)
    {
        if (store.Jobs.Read(model) is not { State: JobState.Trial, Target: { } target } job || slots.Trial?.Generation.Manifest == target.Manifest) return;
        DateTimeOffset now = time.GetUtcNow();
        RefusedRelease? refusal = store.Jobs.RefusalOf(model, target.Manifest);
        store.Jobs.Write(slots.Active?.Manifest == target.Manifest ? job.MoveTo(JobState.Committed, now)
            : job.RollBack(refusal is null ? UpdateCode.Crash : refusal.Code, refusal?.Reason ?? "its trial ended while nobody could write down why", now));
    }
}

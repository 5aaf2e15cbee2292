using EdgeInfer.Diagnostics;
using EdgeInfer.Slots;

namespace EdgeInfer.Updates;

/// <summary>How a trial ends on the disk: the slots say so, and the job is told of it afterwards, now or at the next start.</summary>
internal static class TrialEnd
{
    /// <summary>The generation on trial serves for good.</summary>
    /// <exception cref="FaultException">The disk refused: it is still on trial.</exception>
    public static void Commit(SlotFile slots) => slots.Write(slots.Slots.Commit());

    /// <summary>The model before it serves again, and the release is remembered.</summary>
    /// <exception cref="FaultException">The disk refused, or a rule forbids to go back: it is still on trial.</exception>
    public static void RollBack(string model, SlotFile slots, ManagedStore store, UpdateCode? code, string why, TimeProvider time)
    {
        Generation tried = slots.Slots.Trial!.Generation;
        ModelSlots next = slots.Slots.RollBack();
        // Remembered first: after a cut in between it is on trial still, and goes the same way again.
        store.Jobs.Refuse(model, new(tried.Manifest, tried.Seq, IsRolledBack: true, code, why, time.GetUtcNow()), slots.Slots.Floor);
        slots.Write(next);
    }

    /// <summary>Tells the job of a trial's end: what the slots say is so.</summary>
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

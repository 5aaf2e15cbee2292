namespace EdgeInfer.Releasing.Fleet;

/// <summary>What is done next.</summary>
internal enum WaveStep
{
    /// <summary>Nothing yet.</summary>
    Wait,

    /// <summary>This wave is good enough.</summary>
    Next,

    /// <summary>Nobody shall change anything any more.</summary>
    Halt,
}

/// <summary>How far the devices are that the rules choose now, those of earlier waves included.</summary>
/// <param name="Chosen">All of them.</param>
/// <param name="Committed">It serves for good.</param>
/// <param name="Failed">Not taken, or given up.</param>
/// <param name="Silent">Gone before it came to an end.</param>
internal readonly record struct WaveCounts(int Chosen, int Committed, int Failed, int Silent)
{
    /// <summary>Devices that can tell.</summary>
    public int Heard => Chosen - Silent;

    /// <summary>Devices that are heard and have not come to an end.</summary>
    public int Open => Heard - Committed - Failed;
}

/// <summary>Whether a rollout goes on.</summary>
internal static class WaveDecision
{
    /// <summary>
    /// Too many failures end it at once. Else it goes on when everybody who is heard has committed, or the soak is over; but not on the strength of devices
    /// of which none has committed, for that shows nothing (a repository that was not copied, a window that has not opened), nor when all have failed, however
    /// many may. Devices that have become silent may be so because of the release: while some are, the soak is waited for, and where all are nothing goes on.
    /// </summary>
    /// <param name="counts">How far the devices are.</param>
    /// <param name="inForce">For how long the wave has been signed.</param>
    /// <param name="plan">Soak and bound.</param>
    public static WaveStep Of(WaveCounts counts, TimeSpan inForce, WavePlan plan)
    {
        if (plan.MaxFailed.IsPassed(counts.Failed, counts.Heard)) return WaveStep.Halt;
        if (counts.Chosen == 0) return WaveStep.Next;
        bool isSoaked = inForce >= plan.Soak;
        if (counts.Heard == 0) return WaveStep.Wait;
        if (counts.Committed == counts.Heard && counts.Silent == 0) return WaveStep.Next;
        if (counts.Committed == 0) return counts.Open == 0 ? WaveStep.Halt : WaveStep.Wait;
        return isSoaked ? WaveStep.Next : WaveStep.Wait;
    }
}

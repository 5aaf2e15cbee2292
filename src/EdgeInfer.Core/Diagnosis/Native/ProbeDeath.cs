using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis.Native;

/// <summary>How a child ended while it tried something, in words.</summary>
internal static class ProbeDeath
{
    /// <summary>The finding of an end that nobody wanted.</summary>
    /// <param name="step">What it was at.</param>
    /// <param name="exit">How it ended.</param>
    /// <param name="said">The last that it wrote to standard error meanwhile; null for nothing.</param>
    /// <param name="level">How much it matters.</param>
    public static Finding Of(ProbeStep step, ChildExit exit, string? said, FindingLevel level)
        => Weighed(FindingId.ProbeDied, level, $"{step.Doing} {ChildDeath.Words(exit)}{(said is null ? "" : $": {said}")}", Cure(step, exit));

    /// <summary>The finding of a step that did not come to its end.</summary>
    public static Finding Hung(ProbeStep step, TimeSpan patience, string? said, FindingLevel level)
        => Weighed(FindingId.ProbeHung, level, $"{step.Doing} took longer than {patience.TotalSeconds:0.#} s{(said is null ? "" : $": {said}")}",
            step.Section == "models" ? "run edgeinfer bench on it to see how long it takes; a model that large or slow keeps the service from starting quickly" : step.Cure);

    private static string Cure(ProbeStep step, ChildExit exit) => exit.Signal switch
    {
        ChildDeath.Kill => $"free memory, or raise MemoryMax= of the unit or --memory of the container (sudo dmesg | grep -i oom tells whether it was that); {step.Cure}",
        ChildDeath.Bus => $"copy the file again and check the disk (sudo dmesg); {step.Cure}",
        ChildDeath.ForbiddenCall => $"loosen SystemCallFilter= of the unit, or the container's seccomp profile; {step.Cure}",
        _ => step.Cure,
    };

    private static Finding Weighed(FindingId id, FindingLevel level, string what, string cure)
        => level == FindingLevel.Problem ? Finding.Problem(id, FaultKind.Unavailable, what, "", cure) : Finding.Warning(id, what, "", cure);
}

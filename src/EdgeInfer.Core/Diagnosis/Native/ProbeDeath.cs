using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis.Native;

/// <summary>How a child ended while it tried something, in words.</summary>
internal static class ProbeDeath
{
    private const int Illegal = 4, Abort = 6, Bus = 7, Kill = 9, Segment = 11, ForbiddenCall = 31;

    /// <summary>The finding of an end that nobody wanted.</summary>
    /// <param name="step">What it was at.</param>
    /// <param name="exit">How it ended.</param>
    /// <param name="said">The last that it wrote to standard error meanwhile; null for nothing.</param>
    /// <param name="level">How much it matters.</param>
    public static Finding Of(ProbeStep step, ChildExit exit, string? said, FindingLevel level)
        => Weighed(FindingId.ProbeDied, level, $"{step.Doing} {Ended(exit)}{(said is null ? "" : $": {said}")}", Cure(step, exit));

    /// <summary>The finding of a step that did not come to its end.</summary>
    public static Finding Hung(ProbeStep step, TimeSpan patience, string? said, FindingLevel level)
        => Weighed(FindingId.ProbeHung, level, $"{step.Doing} took longer than {patience.TotalSeconds:0.#} s{(said is null ? "" : $": {said}")}",
            step.Section == "models" ? "run edgeinfer bench on it to see how long it takes; a model that large or slow keeps the service from starting quickly" : step.Cure);

    private static string Ended(ChildExit exit) => exit switch
    {
        { Signal: Illegal } => "ended with SIGILL: it is built for a newer processor than this one",
        { Signal: Segment } => "ended with SIGSEGV: it touched memory that is not its own, as a broken file, or a library that does not fit the driver, does",
        { Signal: Bus } => "ended with SIGBUS: its file is shorter than it should be, or the disk cannot be read",
        { Signal: Abort } => "ended with SIGABRT: it gave up",
        { Signal: Kill } => "was killed (SIGKILL), which the kernel does where memory runs out",
        { Signal: ForbiddenCall } => "ended with SIGSYS: a sandbox forbids a system call that it needs",
        { Signal: not null } => exit.ToString().Replace("was ended by", "ended with", StringComparison.Ordinal),
        { Code: { } code } => $"ended the process with exit code {code}",
        _ => "ended the process",
    };

    private static string Cure(ProbeStep step, ChildExit exit) => exit.Signal switch
    {
        Kill => $"free memory, or raise MemoryMax= of the unit or --memory of the container (sudo dmesg | grep -i oom tells whether it was that); {step.Cure}",
        Bus => $"copy the file again and check the disk (sudo dmesg); {step.Cure}",
        ForbiddenCall => $"loosen SystemCallFilter= of the unit, or the container's seccomp profile; {step.Cure}",
        _ => step.Cure,
    };

    private static Finding Weighed(FindingId id, FindingLevel level, string what, string cure)
        => level == FindingLevel.Problem ? Finding.Problem(id, FaultKind.Unavailable, what, "", cure) : Finding.Warning(id, what, "", cure);
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Diagnosis.Native;

/// <summary>
/// Has a child of this program try what may end a process, and listens to it. What ends the child becomes a finding that names the step;
/// another child then goes on behind it, as long as there is time.
/// </summary>
/// <param name="program">This program and what stands before its arguments.</param>
/// <param name="time">Clock.</param>
internal sealed class NativeProbe(IReadOnlyList<string> program, TimeProvider time)
{
    private const int ReadBytes = 16 << 10;

    // Nothing sound says so much: a child that talks without end is one that hangs.
    private const int MostBytes = 1 << 20;
    private const int MostChildren = 8;

    /// <summary>The longest that all of it may take: a little less than what the whole examination waits for a part.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(6.5);

    /// <summary>The longest that a step may take, but for a model, which has all the time that is left.</summary>
    public TimeSpan StepPatience { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>What was found so far; any thread.</summary>
    public ProbeOutcome Outcome { get; } = new();

    /// <summary>Tries everything. The child dies with the thread that this is called on.</summary>
    /// <param name="file">The configuration; null for none.</param>
    /// <param name="weigh">How much it matters that a step ended the child.</param>
    public ProbeOutcome Run(string? file, Func<ProbeStep, FindingLevel> weigh)
    {
        HashSet<string> done = [];
        HashSet<string> fatal = [];
        long since = time.GetTimestamp();
        for (int i = 0; i < MostChildren; i++)
        {
            TimeSpan left = Patience - time.GetElapsedTime(since);
            if (left <= TimeSpan.Zero) break;
            string? ended = Try(new(file ?? "", done, fatal), left, done, weigh);
            if (ended is null || !fatal.Add(ended)) break;
        }

        return Outcome;
    }

    /// <summary>Listens to one child.</summary>
    /// <returns>The step that was its end; null where it came through, or where another would come no further.</returns>
    private string? Try(ProbeRequest request, TimeSpan left, HashSet<string> done, Func<ProbeStep, FindingLevel> weigh)
    {
        ChildProcess child;
        try
        {
            child = ChildProcess.Start(new([.. program, .. request.Arguments()]) { Grace = TimeSpan.FromMilliseconds(100), IsOwnProgram = true }, time);
        }
        catch (Exception e) when (e is FaultException or IOException)
        {
            Outcome.Add("runtime", NotStarted(e.Message));
            return null;
        }

        using (child)
        {
            Processes.LetDieFirst(child.Id);
            Listener listener = new(Outcome, done);
            (ChildRead last, TimeSpan waited) = Listen(child, left, listener);
            if (listener.HasEnded) return null;
            bool hasEnded = last == ChildRead.End;
            ChildExit exit = hasEnded ? child.AwaitExit(TimeSpan.FromSeconds(1)) : default;
            child.ReadErrors();
            if (listener.Step is not { } step)
            {
                Outcome.Add("runtime", NotStarted(hasEnded ? $"it {exit}{(child.Errors.LastLine is { } line ? $": {line}" : "")}" : "it says nothing"));
                return null;
            }

            // Said before the child is stopped: in a driver's call that nothing interrupts that may take longer than anybody waits.
            string? said = listener.Reason(child.Errors);
            Outcome.Replace(listener.FindingsBefore, step.Section, hasEnded ? ProbeDeath.Of(step, exit, said, weigh(step)) : ProbeDeath.Hung(step, waited, said, weigh(step)));
            return step.Name;
        }
    }

    private (ChildRead Last, TimeSpan Waited) Listen(ChildProcess child, TimeSpan left, Listener listener)
    {
        byte[] bytes = new byte[ReadBytes];
        long since = time.GetTimestamp();
        int total = 0;
        while (true)
        {
            TimeSpan all = left - time.GetElapsedTime(since);
            TimeSpan step = listener.Step is { Section: "models" } ? all : StepPatience - time.GetElapsedTime(listener.Since ?? since);
            TimeSpan limit = step < all ? step : all;
            ChildRead last = child.Read(bytes, limit > TimeSpan.Zero ? limit : TimeSpan.Zero, out int count);
            if (last != ChildRead.Bytes || (total += count) > MostBytes) return (last == ChildRead.Bytes ? ChildRead.TimedOut : last, time.GetElapsedTime(listener.Since ?? since));
            listener.Take(bytes.AsSpan(0, count), time);
            if (listener.HasEnded) return (ChildRead.End, default);
        }
    }

    private static Finding NotStarted(string why)
        => Finding.Problem(FindingId.ProbeNotStarted, FaultKind.Unavailable, $"what loads native code could not be tried in a process of its own: {why}", "", "run edgeinfer doctor again; if it stays so, see sudo dmesg");

    /// <summary>Hears the child's lines, and keeps account of its steps.</summary>
    private sealed class Listener(ProbeOutcome outcome, HashSet<string> done)
    {
        private readonly ChildLines _lines = new(MostBytes);

        /// <summary>What the child is at; null before the first.</summary>
        public ProbeStep? Step { get; private set; }

        /// <summary>When it began that.</summary>
        public long? Since { get; private set; }

        /// <summary>Findings before that.</summary>
        public int FindingsBefore { get; private set; }

        /// <summary>Whether it came through.</summary>
        public bool HasEnded { get; private set; }

        public void Take(ReadOnlySpan<byte> bytes, TimeProvider time)
            => _ = _lines.Take(bytes, line => Heard(ProbeLine.Parse(line), time));

        /// <summary>
        /// The last line of the child's standard error behind the step's mark; null for none. Its two streams come without an order between them,
        /// so that the child marks the beginning of a step in both.
        /// </summary>
        public string? Reason(ErrorTail errors)
        {
            IReadOnlyList<string> lines = errors.Lines();
            return lines.Count > 0 && Step is { } step && !lines[^1].EndsWith(step.Mark, StringComparison.Ordinal) ? lines[^1] : null;
        }

        private void Heard(ProbeLine? line, TimeProvider time)
        {
            switch (line)
            {
                case ProbeStep step:
                    if (Step is { } before) done.Add(before.Name);
                    (Step, Since, FindingsBefore) = (step, time.GetTimestamp(), outcome.Count);
                    break;
                case ProbeFinding finding: outcome.Add(finding.Section, finding.Finding); break;
                case ProbeFact fact: outcome.Add(fact.Section, new Fact(fact.Name, fact.Value)); break;
                case ProbeEnd: HasEnded = true; break;
            }
        }
    }
}

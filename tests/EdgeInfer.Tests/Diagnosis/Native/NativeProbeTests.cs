using EdgeInfer.Diagnosis;
using EdgeInfer.Diagnosis.Native;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Diagnosis.Native;

/// <summary>A child that tries what may end it, played by a shell: whatever becomes of it, what it said before is kept, and its end has a name.</summary>
public sealed class NativeProbeTests
{
    private static readonly ProbeStep s_load = new("runtime", "runtime", "loading /opt/ort/libonnxruntime.so", "use another build");

    [Theory]
    [InlineData("kill -ILL $$", "loading /opt/ort/libonnxruntime.so ended with SIGILL: it is built for a newer processor than this one", "use another build")]
    [InlineData("kill -SEGV $$", "loading /opt/ort/libonnxruntime.so ended with SIGSEGV: it touched memory that is not its own", "use another build")]
    [InlineData("echo 'free(): invalid pointer' >&2; kill -ABRT $$", "ended with SIGABRT: it gave up: free(): invalid pointer", "use another build")]
    [InlineData("kill -BUS $$", "ended with SIGBUS: its file is shorter than it should be", "copy the file again")]
    [InlineData("kill -KILL $$", "was killed (SIGKILL), which the kernel does where memory runs out", "free memory")]
    [InlineData("kill -SYS $$", "ended with SIGSYS: a sandbox forbids a system call", "SystemCallFilter=")]
    [InlineData("kill -FPE $$", "ended with SIGFPE (arithmetic error)", "use another build")]
    [InlineData("exit 3", "ended the process with exit code 3", "use another build")]
    [InlineData("exit 0", "ended the process with exit code 0", "use another build")]
    public void Each_death_is_one_finding_that_names_the_step_and_what_came_before_is_kept(string death, string what, string cure)
    {
        string jpeg = Line(new ProbeStep("jpeg", "runtime", "loading libjpeg-turbo", "install it")) + Line(new ProbeFinding("runtime", Finding.Ok(FindingId.JpegFast, "fast")))
            + Line(new ProbeFact("runtime", "jpeg_decoder", "libjpeg-turbo"));
        Section section = Run($"""
            case "$*" in *fatal:runtime*) {Line(new ProbeEnd())} exit 0;; esac
            {jpeg}
            {Line(s_load)}
            {death}
            """, FindingLevel.Problem);
        Assert.Equal("fast", Assert.Single(section.Said(FindingLevel.Ok)));
        Assert.Equal("libjpeg-turbo", section.FactOf("jpeg_decoder"));
        Finding found = Assert.Single(section.Findings, static f => f.Level == FindingLevel.Problem);
        Assert.Equal((FindingId.ProbeDied, FaultKind.Unavailable), (found.Id, found.Kind));
        Assert.Contains(what, found.What, StringComparison.Ordinal);
        Assert.Contains(cure, found.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void The_next_child_goes_on_behind_the_step_that_ended_the_last_one_and_says_nothing_twice()
    {
        Section section = Run($"""
            case "$*" in *done:jpeg*) ;; *) {Line(new ProbeStep("jpeg", "runtime", "a", "c"))} {Line(new ProbeFinding("runtime", Finding.Ok(FindingId.JpegFast, "first")))};; esac
            case "$*" in *fatal:cuda*) ;; *) {Line(new ProbeStep("cuda", "runtime", "starting the driver", "c"))} kill -SEGV $$;; esac
            {Line(s_load)}
            {Line(new ProbeFinding("runtime", Finding.Ok(FindingId.RuntimeLoaded, "last")))}
            {Line(new ProbeEnd())}
            """);
        Assert.Equal(["first", "last"], section.Said(FindingLevel.Ok));
        Assert.StartsWith("starting the driver ended with SIGSEGV", Assert.Single(section.Said(FindingLevel.Warning)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_step_said_before_it_died_of_it_is_taken_back()
    {
        Section section = Run($"""
            case "$*" in *fatal:runtime*) {Line(new ProbeEnd())} exit 0;; esac
            {Line(s_load)}
            {Line(new ProbeFinding("runtime", Finding.Ok(FindingId.RuntimeLoaded, "in order")))}
            kill -SEGV $$
            """);
        Assert.Empty(section.Said(FindingLevel.Ok));
        Assert.Single(section.Said(FindingLevel.Warning));
    }

    [Fact]
    public void What_hangs_is_ended_and_said_with_the_last_that_it_printed()
    {
        Section section = Run($"""
            case "$*" in *fatal:runtime*) {Line(new ProbeEnd())} exit 0;; esac
            trap '' TERM
            echo 'waiting for the card' >&2
            {Line(s_load)}
            while :; do sleep 1; done
            """, FindingLevel.Warning, TimeSpan.FromMilliseconds(300));
        Finding found = Assert.Single(section.Findings);
        Assert.Equal(FindingId.ProbeHung, found.Id);
        Assert.StartsWith("loading /opt/ort/libonnxruntime.so took longer than 0.", found.What, StringComparison.Ordinal);
        Assert.EndsWith("waiting for the card", found.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_child_that_cannot_be_started_or_says_nothing_is_a_problem_of_its_own()
    {
        Assert.Equal(FindingId.ProbeNotStarted, Assert.Single(Fill(new NativeProbe(["/nowhere/edgeinfer"], TimeProvider.System).Run(null, static _ => FindingLevel.Warning)).Findings).Id);
        Finding found = Assert.Single(Run("echo 'cannot open shared object file' >&2; exit 127").Findings);
        Assert.Equal(FindingId.ProbeNotStarted, found.Id);
        Assert.Contains("ended with exit code 127: cannot open shared object file", found.What, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_line_of_the_childs_is_passed_over()
    {
        Section section = Run($"""
            echo 'a library that prints'; echo '[1]'; echo '{OpenBrace}"finding":{OpenBrace}"id":"NoSuch"{CloseBrace}{CloseBrace}'
            {Line(s_load)}
            {Line(new ProbeFinding("runtime", Finding.Problem(FindingId.RuntimeFault, FaultKind.Data, "it's \"broken\"", "/opt/ört", "mend")))}
            {Line(new ProbeEnd())}
            """);
        Assert.Equal(["/opt/ört: it's \"broken\" -> mend"], section.Said(FindingLevel.Problem));
        Assert.Equal(FaultKind.Data, section.Findings[0].Kind);
    }

    [Fact]
    public void A_request_survives_its_way_through_arguments()
    {
        ProbeRequest request = new("/etc/edge infer.yaml", new HashSet<string> { "jpeg", "model parts" }, new HashSet<string> { "cuda-driver" });
        ProbeRequest read = ProbeRequest.Parse([.. request.Arguments()])!;
        Assert.Equal(request.File, read.File);
        Assert.Equal(request.Done, read.Done);
        Assert.Equal(request.Fatal, read.Fatal);
        Assert.Null(ProbeRequest.Parse(["doctor", "--json"]));
    }

    private const string OpenBrace = "{", CloseBrace = "}";

    // As the shell prints it.
    private static string Line(ProbeLine line) => $"printf '%s\\n' '{System.Text.Encoding.UTF8.GetString(line.Encode()).TrimEnd('\n').Replace("'", "'\\''", StringComparison.Ordinal)}';\n";

    private static Section Run(string script, FindingLevel level = FindingLevel.Warning, TimeSpan? patience = null)
        => Fill(new NativeProbe(["/bin/sh", "-c", script, "probe"], TimeProvider.System) { Patience = TimeSpan.FromSeconds(20), StepPatience = patience ?? TimeSpan.FromSeconds(10) }.Run(null, _ => level));

    private static Section Fill(ProbeOutcome outcome)
    {
        SectionBuilder section = new("runtime", "Inference");
        outcome.FillInto(section, "runtime");
        return section.Build();
    }
}

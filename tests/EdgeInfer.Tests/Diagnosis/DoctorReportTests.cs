using EdgeInfer.Diagnosis;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Diagnosis;

/// <summary>The report: its verdict, exit code and text.</summary>
public sealed class DoctorReportTests
{
    [Theory]
    [InlineData(new FaultKind[0], 0)]
    [InlineData(new[] { FaultKind.Unavailable }, 69)]
    [InlineData(new[] { FaultKind.NoInput, FaultKind.InputOutput }, 69)]
    [InlineData(new[] { FaultKind.Unavailable, FaultKind.Internal }, 70)]
    [InlineData(new[] { FaultKind.Unavailable, FaultKind.Data }, 65)]
    [InlineData(new[] { FaultKind.Data, FaultKind.Configuration, FaultKind.Unavailable }, 78)]
    public void The_exit_code_is_that_of_the_worst_problem(FaultKind[] problems, int code)
    {
        Section section = Of([Finding.Warning(FindingId.CameraFault, "w", "", "mend"), .. problems.Select(p => Finding.Problem(FindingId.SourceFault, p, "p", "", "mend"))]);
        Assert.Equal(code, Report(section).ExitCode);
    }

    [Fact]
    public void A_warning_or_problem_without_a_cure_cannot_be_made()
    {
        Assert.Throws<ArgumentException>(() => Finding.Warning(FindingId.CameraFault, "w", "", ""));
        Assert.Throws<ArgumentException>(() => Finding.Problem(FindingId.SourceFault, FaultKind.Data, "p", "", ""));
        Assert.NotEmpty(Finding.Of(FindingId.SourceFault, new(FaultKind.Data, "", "p", "")).Cure);
    }

    [Fact]
    public void The_text_wraps_within_its_columns_and_repeats_what_is_to_mend_at_the_end()
    {
        string words = string.Join(' ', Enumerable.Repeat("word", 60));
        Section section = Of([Finding.Ok(FindingId.CameraFound, words), Finding.Warning(FindingId.CameraFault, "warned", "/dev/w", "mend the warning"), Finding.Problem(FindingId.SourceFault, FaultKind.Data, "broken", "/dev/p", words)]);
        string[] lines = Text(Report(section), columns: 80, isColoured: false).Split('\n');
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
        Assert.Equal("EdgeInfer 1.2.3, for user edgeinfer: 1 problem, 1 warning", lines[0]);

        // The worst first, whatever the order found.
        Assert.StartsWith("  PROBLEM  /dev/p: broken", lines[3], StringComparison.Ordinal);
        int mend = Array.IndexOf(lines, "To mend");
        Assert.Contains(lines[mend..], line => line == "  PROBLEM  Cameras: /dev/p: broken");
        Assert.Contains(lines[mend..], line => line == "  warning  Cameras: /dev/w: warned");
        Assert.Contains(lines[mend..], line => line.TrimStart() == "-> mend the warning");
        Assert.DoesNotContain(lines, line => line.Contains('\e', StringComparison.Ordinal));
    }

    [Fact]
    public void Colours_are_there_where_asked_for_and_change_no_word()
    {
        Section section = Of([Finding.Warning(FindingId.CameraFault, "warned", "/dev/w", "mend")]);
        string coloured = Text(Report(section), 80, isColoured: true);
        Assert.Contains("\e[33m  warning\e[0m", coloured, StringComparison.Ordinal);
        Assert.Equal(Text(Report(section), 80, isColoured: false), System.Text.RegularExpressions.Regex.Replace(coloured, "\e\\[[0-9]+m", ""));
    }

    private static Section Of(IReadOnlyList<Finding> findings) => new("cameras", "Cameras", findings, []);

    private static DoctorReport Report(params Section[] sections) => new(new(2026, 11, 25, 0, 0, 0, TimeSpan.Zero), "1.2.3", "edgeinfer", null, sections);

    private static string Text(DoctorReport report, int columns, bool isColoured)
    {
        using StringWriter text = new() { NewLine = "\n" };
        new DoctorText(text, columns, isColoured).Write(report);
        return text.ToString();
    }
}

using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Diagnosis;

/// <summary>A report for people: a line a finding, wrapped, the worst first within its section, and the problems once more at the end.</summary>
/// <param name="output">Where to.</param>
/// <param name="columns">Width of the terminal.</param>
/// <param name="isColoured">Whether levels are coloured.</param>
internal sealed class DoctorText(TextWriter output, int columns, bool isColoured)
{
    private const int Narrowest = 60;
    private const int Widest = 100;
    private const int Indent = 11;

    private readonly int _columns = Math.Clamp(columns, Narrowest, Widest);

    /// <summary>Writes the report.</summary>
    public void Write(DoctorReport report)
    {
        output.WriteLine($"EdgeInfer {report.Version}, for user {report.User}: {Verdict(report)}");
        foreach (Section section in report.Sections)
        {
            if (section.Findings.Count == 0) continue;
            output.WriteLine();
            output.WriteLine(Painted(section.Title, "1"));
            foreach (Finding finding in section.Findings.OrderByDescending(static f => f.Level < FindingLevel.Warning ? 0 : (int)f.Level)) Write(finding, "");
        }

        Again(report);
    }

    private void Again(DoctorReport report)
    {
        (Section Section, Finding Finding)[] wrong = [.. report.Of(FindingLevel.Problem), .. report.Of(FindingLevel.Warning)];
        if (wrong.Length == 0) return;
        output.WriteLine();
        output.WriteLine(Painted("To mend", "1"));
        foreach ((Section section, Finding finding) in wrong) Write(finding with { Details = [] }, section.Title + ": ");
    }

    private void Write(Finding finding, string prefix)
    {
        (string mark, string colour) = finding.Level switch
        {
            FindingLevel.Problem => ("PROBLEM", "31"),
            FindingLevel.Warning => ("warning", "33"),
            FindingLevel.Ok => ("ok", "32"),
            _ => ("", "0"),
        };
        string where = finding.Where.Length > 0 ? $"{finding.Where}: " : "";
        string head = $"  {mark}";
        output.Write(Painted(head, colour));
        output.Write(new string(' ', Indent - head.Length));
        Wrap($"{prefix}{where}{finding.What}", 0);
        foreach (string detail in finding.Details) Start(detail, 2);
        if (finding.Cure.Length > 0) Start($"-> {finding.Cure}", 0);
    }

    private void Start(string text, int deeper)
    {
        output.Write(new string(' ', Indent + deeper));
        Wrap(text, deeper);
    }

    /// <summary>Breaks between words; a word that is longer than the line stays whole, so that it can be copied.</summary>
    private void Wrap(string text, int deeper)
    {
        int room = _columns - Indent - deeper;
        StringBuilder line = new();
        foreach (string word in OneLine.Of(text).Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > room)
            {
                output.WriteLine(line);
                output.Write(new string(' ', Indent + deeper + 2));
                line.Clear();
                room = _columns - Indent - deeper - 2;
            }

            if (line.Length > 0) line.Append(' ');
            line.Append(word);
        }

        output.WriteLine(line);
    }

    private string Painted(string text, string colour) => isColoured && colour != "0" ? $"\e[{colour}m{text}\e[0m" : text;

    private static string Verdict(DoctorReport report)
    {
        int problems = report.Of(FindingLevel.Problem).Count();
        int warnings = report.Of(FindingLevel.Warning).Count();
        return (problems, warnings) switch
        {
            (0, 0) => "nothing to mend",
            (0, _) => $"no problems, {Count(warnings, "warning")}",
            (_, 0) => Count(problems, "problem"),
            _ => $"{Count(problems, "problem")}, {Count(warnings, "warning")}",
        };
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}

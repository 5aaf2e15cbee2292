using EdgeInfer.Diagnostics;

namespace EdgeInfer.Diagnosis;

/// <summary>Everything that was found, in the order that it is shown: what stops the configuration first, the machine last.</summary>
/// <param name="At">When.</param>
/// <param name="Version">EdgeInfer's version.</param>
/// <param name="User">The user that rights were judged for.</param>
/// <param name="Configuration">The configuration's file; null where there is none.</param>
/// <param name="Sections">What was examined.</param>
internal sealed record DoctorReport(DateTimeOffset At, string Version, string User, string? Configuration, IReadOnlyList<Section> Sections)
{
    /// <summary>V4L2 nodes that capture.</summary>
    public IReadOnlyList<SurveyedCamera> Cameras { get; init; } = [];

    /// <summary>Cameras on ribbon cables.</summary>
    public IReadOnlyList<CsiCamera> CsiCameras { get; init; } = [];

    /// <summary>Other device nodes.</summary>
    public IReadOnlyList<SurveyedNode> Nodes { get; init; } = [];

    /// <summary>The worst there is.</summary>
    public FindingLevel Verdict => Sections.Count == 0 ? FindingLevel.Ok : Sections.Max(static s => s.Worst);

    /// <summary>Findings of a level, each with its section.</summary>
    public IEnumerable<(Section Section, Finding Finding)> Of(FindingLevel level)
        => Sections.SelectMany(static s => s.Findings.Select(f => (s, f))).Where(p => p.Item2.Level == level);

    /// <summary>
    /// 0 where nothing is a problem; else 78 where the configuration must change, 65 where a model or picture is at fault, 70 for a
    /// defect, 69 where a device, service or program is not there or may not be used.
    /// </summary>
    public int ExitCode
    {
        get
        {
            HashSet<FaultKind> kinds = [.. Of(FindingLevel.Problem).Select(static p => p.Finding.Kind ?? FaultKind.Unavailable)];
            if (kinds.Count == 0) return 0;
            foreach (FaultKind kind in (FaultKind[])[FaultKind.Configuration, FaultKind.Data, FaultKind.Internal])
                if (kinds.Contains(kind)) return (int)kind;
            return (int)FaultKind.Unavailable;
        }
    }
}

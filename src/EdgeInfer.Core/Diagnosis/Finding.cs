using EdgeInfer.Diagnostics;

namespace EdgeInfer.Diagnosis;

/// <summary>How much a finding matters.</summary>
internal enum FindingLevel
{
    /// <summary>Looked at and in order.</summary>
    Ok,

    /// <summary>Good to know.</summary>
    Info,

    /// <summary>It runs, but something deserves a look.</summary>
    Warning,

    /// <summary>What the configuration asks for cannot run.</summary>
    Problem,
}

/// <summary>One thing found about the device or the configuration.</summary>
internal sealed record Finding
{
    private Finding(FindingId id, FindingLevel level, string where, string what, string cure)
    {
        (Id, Level, Where, What, Cure) = (id, level, where, what, cure);
        if (level >= FindingLevel.Warning) ArgumentException.ThrowIfNullOrEmpty(cure);
    }

    /// <summary>What kind of thing was found, for programs.</summary>
    public FindingId Id { get; }

    /// <summary>How much it matters.</summary>
    public FindingLevel Level { get; }

    /// <summary>Device, file or address; empty where the section says it all.</summary>
    public string Where { get; }

    /// <summary>What was found.</summary>
    public string What { get; }

    /// <summary>What to do about it; never empty for a warning or a problem.</summary>
    public string Cure { get; }

    /// <summary>Who is at fault, for problems.</summary>
    public FaultKind? Kind { get; private init; }

    /// <summary>Lines that only the text shows; the JSON has them as values.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];

    /// <summary>Looked at and in order.</summary>
    public static Finding Ok(FindingId id, string what, string where = "") => new(id, FindingLevel.Ok, where, what, "");

    /// <summary>Good to know, with something that could be done about it.</summary>
    public static Finding Info(FindingId id, string what, string where = "", string cure = "") => new(id, FindingLevel.Info, where, what, cure);

    /// <summary>It runs, but deserves a look.</summary>
    public static Finding Warning(FindingId id, string what, string where, string cure) => new(id, FindingLevel.Warning, where, what, cure);

    /// <summary>It cannot run.</summary>
    public static Finding Problem(FindingId id, FaultKind kind, string what, string where, string cure) => new(id, FindingLevel.Problem, where, what, cure) { Kind = kind };

    /// <summary>A fault as a problem, or as something less where it does not stop anything.</summary>
    /// <param name="id">What kind it is.</param>
    /// <param name="fault">The fault.</param>
    /// <param name="level">Its weight.</param>
    /// <param name="cure">Where the fault itself names none.</param>
    public static Finding Of(FindingId id, Fault fault, FindingLevel level = FindingLevel.Problem, string cure = "see what the log says: journalctl -u edgeinfer")
        => new(id, level, fault.Where, fault.What, fault.Cure.Length > 0 ? fault.Cure : cure) { Kind = level == FindingLevel.Problem ? fault.Kind : null };
}

/// <summary>A value that a section measured, for programs.</summary>
/// <param name="Name">In snake case.</param>
/// <param name="Value">A text, a truth, a number, or a list of texts.</param>
internal readonly record struct Fact(string Name, object Value);

/// <summary>What one examination came to.</summary>
/// <param name="Name">In snake case.</param>
/// <param name="Title">As the text heads it.</param>
/// <param name="Findings">In the order found.</param>
/// <param name="Facts">For programs.</param>
internal sealed record Section(string Name, string Title, IReadOnlyList<Finding> Findings, IReadOnlyList<Fact> Facts)
{
    /// <summary>Its worst finding.</summary>
    public FindingLevel Worst => Findings.Count == 0 ? FindingLevel.Ok : Findings.Max(static f => f.Level);
}

/// <summary>Gathers a section; a fact that is not known is left out.</summary>
/// <param name="name">In snake case.</param>
/// <param name="title">As the text heads it.</param>
internal sealed class SectionBuilder(string name, string title)
{
    private readonly List<Finding> _findings = [];
    private readonly List<Fact> _facts = [];

    /// <summary>Whether nothing was found yet.</summary>
    public bool IsEmpty => _findings.Count == 0;

    /// <summary>Adds a finding.</summary>
    public void Add(Finding finding) => _findings.Add(finding);

    /// <summary>Adds a value, where there is one.</summary>
    public void Fact(string name, object? value)
    {
        if (value is not (null or "")) _facts.Add(new(name, value));
    }

    /// <summary>The section.</summary>
    public Section Build() => new(name, title, _findings, _facts);
}

namespace EdgeInfer.Diagnosis.Native;

/// <summary>What children found, until their ends: each finding and fact once, whoever told it.</summary>
internal sealed class ProbeOutcome
{
    private readonly List<(string Section, Finding Finding)> _findings = [];
    private readonly List<(string Section, Fact Fact)> _facts = [];

    /// <summary>Adds a finding.</summary>
    public void Add(string section, Finding finding) => _findings.Add((section, finding));

    /// <summary>Adds a value.</summary>
    public void Add(string section, Fact fact)
    {
        // A child that begins anew may have said it before the last one died.
        _facts.RemoveAll(f => f.Section == section && f.Fact.Name == fact.Name);
        _facts.Add((section, fact));
    }

    /// <summary>Takes back what was said within a step that did not come to its end.</summary>
    /// <param name="from">How many findings there were before it.</param>
    public void Forget(int from) => _findings.RemoveRange(from, _findings.Count - from);

    /// <summary>Findings so far.</summary>
    public int Count => _findings.Count;

    /// <summary>Puts a section's share into it.</summary>
    public void FillInto(SectionBuilder section, string name)
    {
        foreach ((string of, Fact fact) in _facts)
            if (of == name) section.Fact(fact.Name, fact.Value);
        foreach ((string of, Finding finding) in _findings)
            if (of == name) section.Add(finding);
    }
}

namespace EdgeInfer.Diagnosis.Native;

/// <summary>What children found, until their ends: each finding and fact once, whoever told it. Any thread.</summary>
internal sealed class ProbeOutcome
{
    private readonly Lock _lock = new();
    private readonly List<(string Section, Finding Finding)> _findings = [];
    private readonly List<(string Section, Fact Fact)> _facts = [];

    /// <summary>Findings so far.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _findings.Count;
        }
    }

    /// <summary>Adds a finding.</summary>
    public void Add(string section, Finding finding)
    {
        lock (_lock) _findings.Add((section, finding));
    }

    /// <summary>Adds a value.</summary>
    public void Add(string section, Fact fact)
    {
        lock (_lock)
        {
            // A child that begins anew may have said it before the last one died.
            _facts.RemoveAll(f => f.Section == section && f.Fact.Name == fact.Name);
            _facts.Add((section, fact));
        }
    }

    /// <summary>Puts a finding in the place of what was said within a step that did not come to its end.</summary>
    /// <param name="from">How many findings there were before the step.</param>
    /// <param name="section">Where the finding belongs.</param>
    /// <param name="finding">The finding.</param>
    public void Replace(int from, string section, Finding finding)
    {
        lock (_lock)
        {
            _findings.RemoveRange(from, _findings.Count - from);
            _findings.Add((section, finding));
        }
    }

    /// <summary>Puts a section's share into it.</summary>
    public void FillInto(SectionBuilder section, string name)
    {
        lock (_lock)
        {
            foreach ((string of, Fact fact) in _facts)
                if (of == name) section.Fact(fact.Name, fact.Value);
            foreach ((string of, Finding finding) in _findings)
                if (of == name) section.Add(finding);
        }
    }
}

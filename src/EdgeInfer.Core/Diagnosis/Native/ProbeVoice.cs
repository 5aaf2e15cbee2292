namespace EdgeInfer.Diagnosis.Native;

/// <summary>
/// The child's side of the line: each thing is written out at once, because the next call may be the last. What a request calls done is
/// not said again.
/// </summary>
/// <param name="output">Where the parent listens; unbuffered.</param>
/// <param name="errors">Standard error, where the beginning of each step is marked.</param>
/// <param name="request">What was asked for.</param>
internal sealed class ProbeVoice(Stream output, TextWriter errors, ProbeRequest request)
{
    private string _section = "";
    private bool _isSilent;

    /// <summary>Begins a step, unless it is one to leave out.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="section">Where its findings belong.</param>
    /// <param name="doing">In words, with the file.</param>
    /// <param name="cure">What to do where it ends this process.</param>
    /// <param name="isNeeded">Whether it is done again where it was done before: others need it.</param>
    /// <returns>False where it is to be left out.</returns>
    public bool Begin(string name, string section, string doing, string cure, bool isNeeded = false)
    {
        if (request.Fatal.Contains(name)) return false;
        _isSilent = request.Done.Contains(name);
        if (_isSilent && !isNeeded) return false;
        _section = section;
        ProbeStep step = new(name, section, doing, cure);
        errors.WriteLine(step.Mark);
        Say(step);
        return true;
    }

    /// <summary>Whether a step ended an earlier child.</summary>
    public bool WasFatal(string name) => request.Fatal.Contains(name);

    /// <summary>Tells a finding of this step.</summary>
    public void Add(Finding finding)
    {
        if (!_isSilent) Say(new ProbeFinding(_section, finding));
    }

    /// <summary>Tells a value of this step, where there is one.</summary>
    public void Fact(string name, object? value)
    {
        if (!_isSilent && value is not (null or "")) Say(new ProbeFact(_section, name, value));
    }

    /// <summary>All was tried.</summary>
    public void End() => Say(new ProbeEnd());

    private void Say(ProbeLine line) => output.Write(line.Encode());
}

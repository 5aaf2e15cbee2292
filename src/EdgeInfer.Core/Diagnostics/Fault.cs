namespace EdgeInfer.Diagnostics;

/// <summary>Who is at fault, as the sysexits code the process ends with when the fault is fatal.</summary>
public enum FaultKind
{
    /// <summary>The command line is wrong.</summary>
    Usage = 64,

    /// <summary>An input (picture, model, recording) is not what it claims to be.</summary>
    Data = 65,

    /// <summary>An input does not exist or cannot be read.</summary>
    NoInput = 66,

    /// <summary>A device, service or provider is not there.</summary>
    Unavailable = 69,

    /// <summary>A defect of EdgeInfer.</summary>
    Internal = 70,

    /// <summary>The operating system refused to read or write.</summary>
    InputOutput = 74,

    /// <summary>The configuration is wrong.</summary>
    Configuration = 78,
}

/// <summary>One thing an operator must act on: what is wrong, where, and how to cure it.</summary>
/// <param name="Kind">Who is at fault.</param>
/// <param name="Where">File with line and column, device, address or model; empty where there is none.</param>
/// <param name="What">What was found, and what was expected; no full stop at the end.</param>
/// <param name="Cure">What to do about it; no full stop at the end; empty where nothing can be done.</param>
public sealed record Fault(FaultKind Kind, string Where, string What, string Cure)
{
    /// <summary>One line: <c>where: what; cure</c>.</summary>
    public override string ToString()
    {
        string head = Where.Length == 0 ? What : $"{Where}: {What}";
        return Cure.Length == 0 ? head : $"{head}; {Cure}";
    }
}

/// <summary>Carries faults to whoever can report them. Never used for a bad frame: those are values.</summary>
public class FaultException : Exception
{
    /// <summary>Wraps one fault.</summary>
    public FaultException(Fault fault, Exception? inner = null) : this([fault], inner)
    {
    }

    /// <summary>Wraps all the faults found at once; at least one.</summary>
    public FaultException(IReadOnlyList<Fault> faults, Exception? inner = null)
        : base(string.Join('\n', faults), inner)
    {
        ArgumentOutOfRangeException.ThrowIfZero(faults.Count);
        Faults = faults;
    }

    /// <summary>What is wrong, in the order found.</summary>
    public IReadOnlyList<Fault> Faults { get; }

    /// <summary>The first fault, which names the exit code.</summary>
    public Fault Fault => Faults[0];

    /// <summary>Builds the exception for one fault.</summary>
    public static FaultException Of(FaultKind kind, string where, string what, string cure = "", Exception? inner = null)
        => new(new Fault(kind, where, what, cure), inner);
}

/// <summary>Collects every fault of one reading, so that all are reported at once.</summary>
public sealed class FaultList
{
    private readonly List<Fault> _faults = [];
    private readonly List<Fault> _warnings = [];

    /// <summary>What is wrong, in the order found.</summary>
    public IReadOnlyList<Fault> Faults => _faults;

    /// <summary>What works but deserves a look.</summary>
    public IReadOnlyList<Fault> Warnings => _warnings;

    /// <summary>Whether nothing is wrong so far.</summary>
    public bool IsEmpty => _faults.Count == 0;

    /// <summary>Adds a fault.</summary>
    public void Add(Fault fault) => _faults.Add(fault);

    /// <summary>Adds a fault.</summary>
    public void Add(FaultKind kind, string where, string what, string cure = "") => _faults.Add(new(kind, where, what, cure));

    /// <summary>Adds a warning.</summary>
    public void Warn(FaultKind kind, string where, string what, string cure = "") => _warnings.Add(new(kind, where, what, cure));

    /// <summary>Throws what was collected, if anything.</summary>
    /// <exception cref="FaultException">At least one fault was added.</exception>
    public void ThrowIfAny()
    {
        if (_faults.Count > 0) throw new FaultException([.. _faults]);
    }
}

namespace EdgeInfer.Posix;

/// <summary>Why a child that ran native code ended, in words that follow what it was doing.</summary>
internal static class ChildDeath
{
    /// <summary>What an invalid instruction raises.</summary>
    public const int Illegal = 4;

    /// <summary>What abort() raises, as for a C++ exception that nobody caught.</summary>
    public const int Abort = 6;

    /// <summary>What reading beyond a mapped file's end raises.</summary>
    public const int Bus = 7;

    /// <summary>What nobody can catch: sent by the kernel where memory runs out, or by somebody.</summary>
    public const int Kill = 9;

    /// <summary>What touching memory that is not one's own raises.</summary>
    public const int Segment = 11;

    /// <summary>What a system call that a sandbox forbids raises.</summary>
    public const int ForbiddenCall = 31;

    /// <summary>The words: <c>ended with SIGSEGV: …</c>.</summary>
    public static string Words(ChildExit exit) => exit switch
    {
        { Signal: Illegal } => "ended with SIGILL: it is built for a newer processor than this one",
        { Signal: Segment } => "ended with SIGSEGV: it touched memory that is not its own, as a broken file, or a library that does not fit the driver, does",
        { Signal: Bus } => "ended with SIGBUS: its file is shorter than it should be, or the disk cannot be read",
        { Signal: Abort } => "ended with SIGABRT: it gave up",
        { Signal: Kill } => "was killed (SIGKILL), which the kernel does where memory runs out",
        { Signal: ForbiddenCall } => "ended with SIGSYS: a sandbox forbids a system call that it needs",
        { Signal: not null } => exit.ToString().Replace("was ended by", "ended with", StringComparison.Ordinal),
        { Code: { } code } => $"ended the process with exit code {code}",
        _ => "ended the process",
    };
}

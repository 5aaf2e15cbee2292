namespace EdgeInfer.Posix;

/// <summary>How a child ended.</summary>
/// <param name="Status">As <c>waitpid</c> gives it; null where it is not known.</param>
internal readonly record struct ChildExit(int? Status)
{
    /// <summary>The exit code; null where a signal ended it or nothing is known.</summary>
    public int? Code => Status is { } status && (status & 0x7F) == 0 ? (status >> 8) & 0xFF : null;

    /// <summary>The signal that ended it; null where it ended by itself or nothing is known.</summary>
    public int? Signal => Status is { } status && (status & 0x7F) != 0 ? status & 0x7F : null;

    /// <summary>Whether it ended by itself and calls that a success.</summary>
    public bool IsSuccess => Status == 0;

    /// <summary>In words that follow the name of the command: <c>ended with exit code 1</c>.</summary>
    public override string ToString() => (Code, Signal) switch
    {
        ({ } code, _) => $"ended with exit code {code}",
        (_, { } signal) => $"was ended by {NameOf(signal)}",
        _ => "ended",
    };

    private static string NameOf(int signal) => signal switch
    {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL (illegal instruction)",
        6 => "SIGABRT (it aborted)",
        7 => "SIGBUS (bad memory access)",
        8 => "SIGFPE (arithmetic error)",
        9 => "SIGKILL (killed, perhaps for lack of memory)",
        11 => "SIGSEGV (bad memory access)",
        13 => "SIGPIPE (nobody read what it wrote)",
        15 => "SIGTERM",
        31 => "SIGSYS (a forbidden system call)",
        _ => $"signal {signal}",
    };
}

namespace EdgeInfer.Posix;

/// <summary>How a command is asked to end.</summary>
internal enum StopSignal
{
    /// <summary>SIGINT, what Ctrl-C sends.</summary>
    Interrupt = 2,

    /// <summary>SIGTERM.</summary>
    Terminate = 15,
}

/// <summary>Takes bytes of a child's standard error.</summary>
internal delegate void ErrorBytes(ReadOnlySpan<byte> bytes);

/// <summary>A command to run as a child. Not a record: its arguments and input are nothing to print.</summary>
/// <param name="arguments">The program, by name or path, and its arguments.</param>
internal sealed class ChildCommand(IReadOnlyList<string> arguments)
{
    /// <summary>The program and its arguments.</summary>
    public IReadOnlyList<string> Arguments { get; } = arguments;

    /// <summary>What the command reads from its standard input, which then ends; empty for nothing.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>Sees the bytes of its standard error as they are read, beside the tail that is kept; null for nobody. On the thread that reads.</summary>
    public ErrorBytes? Errors { get; init; }

    /// <summary>Whether it is this program itself and sees what the environment says of the configuration, secrets included.</summary>
    public bool IsOwnProgram { get; init; }

    /// <summary>Variables of this process's environment that it gets, by name, or by the name's beginning with a <c>*</c> behind it; null for all that are not withheld anyway.</summary>
    public IReadOnlyList<string>? Environment { get; init; }

    /// <summary>How it is asked to end.</summary>
    public StopSignal StopSignal { get; init; } = StopSignal.Terminate;

    /// <summary>How long it may take for that before it is killed.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(2);
}

using System.Collections;
using System.Runtime.InteropServices;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Posix;

/// <summary>What a read of a child's output came to.</summary>
internal enum ChildRead
{
    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>The child has closed its output, or ended.</summary>
    End,

    /// <summary>Nothing came in time.</summary>
    TimedOut,

    /// <summary><see cref="ChildProcess.Wake"/> was called.</summary>
    Woken,
}

/// <summary>
/// A command in a process group of its own, whose output is read by the thread that started it. It inherits no descriptor and no
/// ignored signal, dies when that thread does (so that thread must live as long as the child is wanted), and is always reaped.
/// Everything but <see cref="Wake"/> belongs to one thread.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    // Not for the command: with them it could speak for the service.
    private static readonly string[] s_withheld = ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];
    private static readonly TimeSpan s_killPatience = TimeSpan.FromSeconds(2);

    private readonly ChildCommand _command;
    private readonly TimeProvider _time;
    private readonly ChildPipes _pipes;

    private ChildProcess(ChildCommand command, TimeProvider time, ChildPipes pipes, int id)
    {
        _command = command;
        _time = time;
        _pipes = pipes;
        Id = id;
    }

    /// <summary>Its process id, and its group's; nobody's once <see cref="Exit"/> is known.</summary>
    public int Id { get; }

    /// <summary>How it ended, once it was stopped.</summary>
    public ChildExit? Exit { get; private set; }

    /// <summary>The last of its standard error.</summary>
    public ErrorTail Errors => _pipes.Errors;

    /// <summary>Starts a command. It dies with the calling thread.</summary>
    /// <exception cref="FaultException">There is no such program, or it cannot be run.</exception>
    /// <exception cref="IOException">No descriptors are left.</exception>
    public static ChildProcess Start(ChildCommand command, TimeProvider time)
    {
        string path = Locate(command.Arguments[0]);
        (string program, IReadOnlyList<string> arguments) = Trampoline.Wrap(path, command.Arguments);
        using NativeStrings argumentTexts = new(arguments);
        using NativeStrings environment = new(EnvironmentOfChild(command));
        ChildPipes pipes = new(command.Input, command.Errors);
        int id = 0;
        int error;
        try
        {
            (id, error) = Spawn.Start(program, argumentTexts, environment, pipes.InputOfChild, pipes.OutputOfChild, pipes.ErrorsOfChild);
            pipes.CloseEndsOfChild();
            if (error == 0) return new(command, time, pipes, id);
        }
        finally
        {
            if (id == 0) pipes.Dispose();
        }

        throw FaultException.Of(FaultKind.Unavailable, path, $"it cannot be started: {Marshal.GetPInvokeErrorMessage(error)}", "check the command");
    }

    /// <summary>
    /// Waits for output and reads what is there; meanwhile standard error is drained and standard input fed. Allocates nothing.
    /// </summary>
    /// <param name="into">Where to; not empty.</param>
    /// <param name="limit">The longest wait for a first byte.</param>
    /// <param name="count">Bytes read; 0 unless the outcome is <see cref="ChildRead.Bytes"/>.</param>
    public ChildRead Read(Span<byte> into, TimeSpan limit, out int count)
    {
        long since = _time.GetTimestamp();
        count = 0;
        while (!_pipes.HasOutputEnded)
        {
            TimeSpan left = limit - _time.GetElapsedTime(since);
            (bool isWoken, bool hasOutput) = _pipes.Wait(left, isWakeable: true, wantsOutput: true);
            if (isWoken) return ChildRead.Woken;
            if (hasOutput)
            {
                count = _pipes.Read(into);
                if (count > 0) return ChildRead.Bytes;
            }
            else if (left <= TimeSpan.Zero)
            {
                return ChildRead.TimedOut;
            }
        }

        return ChildRead.End;
    }

    /// <summary>Leaves the output alone for a time, so that the command is held up once its pipe is full.</summary>
    /// <returns>False when <see cref="Wake"/> was called.</returns>
    public bool Pause(TimeSpan limit)
    {
        long since = _time.GetTimestamp();
        while (limit - _time.GetElapsedTime(since) is var left && left > TimeSpan.Zero)
            if (_pipes.Wait(left, isWakeable: true, wantsOutput: false).IsWoken) return false;
        return true;
    }

    /// <summary>Reads what standard error holds now, without waiting: all that the child wrote there before the output that was read last.</summary>
    public void ReadErrors() => _pipes.DrainRest();

    /// <summary>Ends the wait in <see cref="Read"/>, now and from now on. Any thread, as long as this is not disposed.</summary>
    public void Wake() => _pipes.Wake();

    /// <summary>Whether it has ended by itself; it is not reaped yet then.</summary>
    public bool HasEnded => Exit is not null || Processes.HasEnded(Id);

    /// <summary>Gives a child whose output has ended a moment to end by itself, then stops it.</summary>
    public ChildExit AwaitExit(TimeSpan limit)
    {
        if (Exit is null) _ = HasEndedWithin(limit);
        return Stop();
    }

    /// <summary>Asks the group to end, waits for its grace, kills what is left of it, and reaps the child.</summary>
    public ChildExit Stop()
    {
        if (Exit is { } known) return known;
        if (!Processes.HasEnded(Id))
        {
            Processes.SignalGroup(Id, (int)_command.StopSignal);
            _ = HasEndedWithin(_command.Grace);
        }

        // Before it is reaped: until then nobody else can have got its number.
        Processes.SignalGroup(Id, Processes.SignalKill);
        ChildExit exit = HasEndedWithin(s_killPatience) ? new(Processes.Reap(Id)) : ReapLater();
        _pipes.DrainRest();
        Exit = exit;
        return exit;
    }

    /// <summary>Stops it where it still runs.</summary>
    public void Dispose()
    {
        Stop();
        _pipes.Dispose();
    }

    /// <summary>Waits for the end; what the child still writes is read and dropped, so that it is not held up by a full pipe.</summary>
    private bool HasEndedWithin(TimeSpan limit)
    {
        // Its end closes its pipes, which ends the wait; where something else holds them open, its end is looked for this often.
        TimeSpan step = TimeSpan.FromMilliseconds(10);
        Span<byte> dropped = stackalloc byte[16 << 10];
        long since = _time.GetTimestamp();
        while (!Processes.HasEnded(Id))
        {
            TimeSpan left = limit - _time.GetElapsedTime(since);
            if (left <= TimeSpan.Zero) return false;
            if (_pipes.Wait(left < step ? left : step, isWakeable: false, wantsOutput: true).HasOutput) _ = _pipes.Read(dropped);
        }

        return true;
    }

    // In a driver's call that nothing interrupts: it ends when the driver lets it.
    private ChildExit ReapLater()
    {
        new Thread(() => _ = Processes.Reap(Id)) { IsBackground = true, Name = "reaper" }.Start();
        return default;
    }

    private static string Locate(string name)
    {
        if (ProgramPath.Find(name) is { } path) return path;
        if (!name.Contains('/', StringComparison.Ordinal))
            throw FaultException.Of(FaultKind.NoInput, name, "there is no such program in PATH", "install it, or correct the name");
        if (!File.Exists(name)) throw FaultException.Of(FaultKind.NoInput, name, "there is no such program", "install it, or correct the path");
        throw FaultException.Of(FaultKind.NoInput, name, "this user may not run it", $"chmod +x {name}, or change its owner");
    }

    // EDGEINFER__… are parts of the agent's configuration, and may hold its passwords; EDGEINFER_PASSPHRASE_… open a publisher's keys,
    // EDGEINFER_REGISTRY_PASSWORD its registry.
    private static List<string> EnvironmentOfChild(ChildCommand command)
    {
        List<string> environment = [];
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            string name = (string)entry.Key;
            if (!s_withheld.Contains(name) && (command.IsOwnProgram || !IsSecret(name)) && IsKept(name)) environment.Add($"{name}={entry.Value}");
        }

        return environment;

        static bool IsSecret(string name) => name.StartsWith("EDGEINFER__", StringComparison.OrdinalIgnoreCase) || name.StartsWith("EDGEINFER_PASSPHRASE_", StringComparison.Ordinal)
            || name == "EDGEINFER_REGISTRY_PASSWORD";

        bool IsKept(string name) => command.Environment is not { } kept || kept.Any(k => k.EndsWith('*') ? name.StartsWith(k[..^1], StringComparison.Ordinal) : name == k);
    }
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;

namespace EdgeInfer.Releasing.Fleet;

/// <summary>A command that copies the repository to where devices find it.</summary>
/// <param name="command">As a shell reads it.</param>
/// <param name="time">Clock.</param>
internal sealed class CarryCommand(string command, TimeProvider time)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs it to its end; what it writes is for nobody, but for its last error.</summary>
    /// <exception cref="FaultException">It cannot be run, failed, or does not end.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/>.</exception>
    public void Run(CancellationToken stop)
    {
        using ChildProcess child = ChildProcess.Start(new(["/bin/sh", "-c", command]), time);
        byte[] output = new byte[4096];
        long since = time.GetTimestamp();
        ChildRead last;
        do
        {
            last = child.Read(output, s_look, out _);
            if (last == ChildRead.End) break;
            if (stop.IsCancellationRequested)
            {
                child.Stop();
                stop.ThrowIfCancellationRequested();
            }
        }
        while (time.GetElapsedTime(since) < s_patience);
        ChildExit exit = last == ChildRead.End ? AwaitExit(child, since, stop) : child.Stop();
        if (last != ChildRead.End) throw Failed($"it has not ended within {s_patience.TotalMinutes:0} min");
        if (!exit.IsSuccess) throw Failed(child.Errors.LastLine is { } line ? $"it failed: {line}" : $"it failed: {exit}");
    }

    // Its output may go elsewhere while it works on.
    private ChildExit AwaitExit(ChildProcess child, long since, CancellationToken stop)
    {
        while (!child.HasEnded && time.GetElapsedTime(since) < s_patience && !stop.WaitHandle.WaitOne(s_wait))
        {
        }

        ChildExit exit = child.AwaitExit(TimeSpan.Zero);
        stop.ThrowIfCancellationRequested();
        return exit;
    }

    private FaultException Failed(string what) => FaultException.Of(
        FaultKind.Unavailable, $"--then '{OneLine.Of(command)}'", what, "what is signed stays; the same call copies it again and goes on");
}

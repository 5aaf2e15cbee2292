using System.Runtime.InteropServices;
using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Posix;

/// <summary>
/// This program begun anew in the same process: same executable, arguments, environment and process id, so that a service manager sees
/// one service go on.
/// </summary>
internal sealed class SelfReplacement
{
    // Of the .NET host where that runs it: its arguments name the program then.
    private readonly string? _program = Environment.ProcessPath;
    private readonly IReadOnlyList<string> _arguments = ArgumentsOfThisProcess();

    /// <summary>Why this process cannot do it; null where it can.</summary>
    public Fault? Obstacle => _program is null || _arguments.Count == 0
        ? new(FaultKind.Unavailable, "restart", "the system does not say how this process was started", "restart it by its service manager")
        : null;

    /// <summary>Becomes the program anew.</summary>
    /// <exception cref="FaultException">It cannot; nothing of the agent runs any more.</exception>
    public void Become()
    {
        if (Obstacle is { } obstacle) throw new FaultException(obstacle);

        Processes.CloseAllOnBecoming();
        using NativeStrings arguments = new(_arguments);

        // A package may have put another file in its place: then that one is what is wanted. Where it is gone, or cannot be run, the one that runs goes on.
        int error = Processes.Become(_program!, arguments);
        _ = Processes.Become("/proc/self/exe", arguments);
        throw FaultException.Of(FaultKind.Unavailable, _program!, $"it cannot be begun anew: {Marshal.GetPInvokeErrorMessage(error)}", "start it by hand");
    }

    private static string[] ArgumentsOfThisProcess()
    {
        try
        {
            // Environment.GetCommandLineArgs names the program in its own way.
            string all = Encoding.UTF8.GetString(File.ReadAllBytes("/proc/self/cmdline"));
            return all.Length == 0 ? [] : all[..^1].Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}

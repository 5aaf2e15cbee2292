using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Posix;

/// <summary>
/// Children die with the agent, also when it is killed: the kernel does that (PR_SET_PDEATHSIG), but only the child itself can ask for
/// it, and <c>posix_spawn</c> cannot. The published program therefore starts itself, asks, and becomes the command.
/// </summary>
internal static class Trampoline
{
    private const string Mark = "--become-child-of";
    private const string Self = "/proc/self/exe";
    private const int CannotExecute = 126;

    /// <summary>Becomes the command where this process was started for that; the first thing that the program does.</summary>
    /// <returns>Only where it was not, or could not: the exit code, null for an ordinary start.</returns>
    public static int? Run(string[] arguments)
    {
        // Mark, the parent's id, the path of the program, and its arguments from its own name on.
        if (arguments is not [Mark, var parent, var path, _, ..]) return null;
        Processes.DieWithParent();
        if (Processes.ParentId().ToString(CultureInfo.InvariantCulture) != parent) return CannotExecute;
        using NativeStrings command = new(arguments[3..]);
        int error = Processes.Become(path, command);
        Console.Error.WriteLine($"{path} cannot be run: {Marshal.GetPInvokeErrorMessage(error)}");
        return CannotExecute;
    }

    /// <summary>What to start so that the command dies with this process.</summary>
    /// <param name="path">The program.</param>
    /// <param name="arguments">Its arguments, its own name first.</param>
    /// <returns>The program to start, and its arguments from its own name on.</returns>
    public static (string Path, IReadOnlyList<string> Arguments) Wrap(string path, IReadOnlyList<string> arguments)
    {
        // Compiled ahead of time is only the published program, which calls Run. Under the .NET host util-linux has a program for it.
        if (!RuntimeFeature.IsDynamicCodeSupported)
            return (Self, ["edgeinfer", Mark, Environment.ProcessId.ToString(CultureInfo.InvariantCulture), path, .. arguments]);
        if (ProgramPath.Find("setpriv") is { } setpriv) return (setpriv, ["setpriv", "--pdeathsig", "KILL", "--", path, .. arguments.Skip(1)]);
        return (path, arguments);
    }
}

using System.Runtime.InteropServices;
using EdgeInfer.Commands;

namespace EdgeInfer;

internal static class Program
{
    private static int Main(string[] args)
    {
        // SIGHUP ends a .NET process that has not said otherwise.
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, static signal => signal.Cancel = true);
        return CommandLine.Invoke(args, Console.Out, Console.Error);
    }
}

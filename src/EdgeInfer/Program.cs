using System.Runtime.InteropServices;
using EdgeInfer.Commands;
using EdgeInfer.Inference.Interop;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer;

internal static class Program
{
    private static int Main(string[] args)
    {
        // Before anything is opened.
        StandardStreams.Hold();

        // A child on its way to become a command: nothing more may run before that.
        if (Trampoline.Run(args) is { } code) return code;

        // Before there are threads of our own.
        NativeHeap.Share();

        // Before anything can start ONNX Runtime, which otherwise reports home.
        NativeEnvironment.DisableTelemetry();

        // A child of doctor's, which may not come to its end.
        if (ProbeCommand.Run(args) is { } probed) return probed;

        // A child that proves a model, which may not either.
        if (ModelProbeCommand.Run(args) is { } proved) return proved;

        // SIGHUP ends a .NET process that has not said otherwise.
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, static signal => signal.Cancel = true);
        int ended = CommandLine.Invoke(args, new StandardOutput(Console.Out), Console.Error);

        // A library that is being loaded, or a provider that is being made ready: the end does not wait for it.
        if (NativeCalls.GoOn) ProcessEnd.Now(ended);
        return ended;
    }
}

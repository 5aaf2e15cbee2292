using EdgeInfer.Configuration;
using EdgeInfer.Diagnosis.Native;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Commands;

/// <summary>The child of <c>doctor</c> that tries what may end a process. No verb: nobody types it.</summary>
internal static class ProbeCommand
{
    /// <summary>Tries everything where this process was started for that.</summary>
    /// <returns>The exit code; null for an ordinary start.</returns>
    public static int? Run(string[] arguments)
    {
        if (ProbeRequest.Parse(arguments) is not { } request) return null;
        try
        {
            using FileStream output = new(SelfLimits.TakeOutput(), FileAccess.Write, bufferSize: 0);
            ProbeVoice voice = new(output, Console.Error, request);
            AgentConfiguration? configuration = request.File.Length > 0 ? RunCommand.ConfigurationReader().Draft(request.File, new FaultList()) : null;
            new NativeExamination(new SystemFiles(), TimeProvider.System, voice).Run(configuration);
            voice.End();
            return 0;
        }
#pragma warning disable CA1031 // One line, which the parent shows, instead of a trace.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Console.Error.WriteLine($"unexpected {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}");
            return (int)FaultKind.Internal;
        }
    }
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Commands;

/// <summary>The child that proves a model before it goes live. No verb: nobody types it.</summary>
internal static class ModelProbeCommand
{
    /// <summary>Proves the model that standard input names where this process was started for that.</summary>
    /// <returns>The exit code; null for an ordinary start.</returns>
    public static int? Run(string[] arguments)
    {
        if (arguments is not [ProbeRequest.Argument]) return null;
        try
        {
            // Before any thread of native code is there: they take the priority over. And while its own files in /proc may still be written.
            Processes.MakeModest(Environment.ProcessId);
            SelfLimits.HideMemory();
            using FileStream output = new(SelfLimits.TakeOutput(), FileAccess.Write, bufferSize: 0);
            ProbeRequest request = ProbeRequest.Parse(Input());
            if (request.DataBytes is { } most) _ = SelfLimits.LimitData(most);
            new ProbeChild(request, output, TimeProvider.System).Run();

            // All is said: what libraries do at a process's end proves nothing.
            ProcessEnd.Now(0);
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

    private static ReadOnlyMemory<byte> Input()
    {
        using Stream input = Console.OpenStandardInput();
        byte[] bytes = new byte[ProbeRequest.MostBytes];
        int length = input.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return bytes.AsMemory(0, length);
    }
}

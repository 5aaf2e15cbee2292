using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using EdgeInfer.Control;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Recording;

namespace EdgeInfer.Commands;

/// <summary><c>capture PIPELINE</c>: the newest inputs of a running pipeline with their results, into a file.</summary>
internal static class CaptureCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Argument<string> pipeline = new("PIPELINE") { Description = "A pipeline of the running agent, with record in its configuration" };
        Option<string?> file = new("--output", "-o") { Description = "The recording; default PIPELINE-TIME.tar in this folder", HelpName = "FILE" };
        Option<string?> socket = StatusCommand.SocketOption();
        Command verb = new("capture", "The newest inputs of a running pipeline with their results, as a tar archive that replay takes.\n\nExample: edgeinfer capture belt -o belt.tar")
        {
            pipeline, file, socket,
        };
        verb.SetAction(parsed => Run(parsed.GetValue(pipeline)!, parsed.GetValue(file), parsed.GetValue(socket), parsed.InvocationConfiguration.Output));
        return verb;
    }

    private static int Run(string pipeline, string? file, string? socket, TextWriter output)
    {
        string target = file ?? string.Create(CultureInfo.InvariantCulture, $"{pipeline}-{TimeProvider.System.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}.tar");
        if (File.Exists(target) || Directory.Exists(target))
            throw FaultException.Of(FaultKind.Usage, target, "is there already", "name another file with -o, or remove this one");
        using ControlClient client = StatusCommand.Connect(socket);
        JsonElement capture = client.Ask(new() { Op = "capture", Pipeline = pipeline });
        long bytes = capture.GetProperty("bytes").GetInt64();
        AtomicFile.Write(target, stream => client.CopyAttachment(stream, bytes), static written => RecordingReader.Open(written).Dispose());
        output.WriteLine($"{target}: {capture.GetProperty("frames").GetInt32()} frames, {bytes} bytes; see what they give: edgeinfer replay {target}");
        return CommandLine.Success;
    }
}

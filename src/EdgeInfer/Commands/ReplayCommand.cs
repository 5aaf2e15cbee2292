using System.CommandLine;
using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;
using EdgeInfer.Recording;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands;

/// <summary><c>replay FILE…</c>: recorded inputs through the stages again, and whether the results are the same.</summary>
internal static class ReplayCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Argument<string[]> files = new("FILE") { Description = "Recordings of edgeinfer capture; with --model also pictures, folders or globs", Arity = ArgumentArity.OneOrMore };
        Option<string?> model = new("--model") { Description = "Another model than the recorded one: a folder, an .onnx file, or the name of an installed model", HelpName = "M" };
        Option<bool> json = new("--json") { Description = "One prediction message a line, the same bytes at each replay; what differs is said on stderr" };
        Command verb = new("replay", "Recorded inputs through the model again, with the recorded options. Says for each frame whether its result is the recorded one,\n"
            + "and ends with 65 where one is not.\n\nExample: edgeinfer replay belt.tar")
        {
            files, model, json,
        };
        verb.SetAction(parsed => Run(
            parsed.GetValue(files)!, parsed.GetValue(model), parsed.GetValue(json), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return verb;
    }

    private static int Run(string[] inputs, string? model, bool isJson, TextWriter output, TextWriter errors)
    {
        using LineLoggerFactory log = LineLoggerFactory.ForProcess(LogLevel.Warning);
        ILogger logger = log.CreateLogger("replay");
        FaultKind? worst = null;
        ReplayPrinter printer = new(isJson, output, errors);
        using PictureReplay pictures = new(model, printer, logger);
        foreach (string input in PictureFiles.Expand(inputs, Refuse))
        {
            try
            {
                bool isRecording = RecordingReader.IsArchive(input);
                if (!isRecording) pictures.Replay(input);
                else if (!RecordingRun.Replay(input, model, printer, logger)) worst ??= FaultKind.Data;
            }
            catch (FaultException e)
            {
                Refuse(e.Fault);
            }
        }

        return worst is { } kind ? (int)kind : CommandLine.Success;

        void Refuse(Fault fault)
        {
            errors.WriteLine($"edgeinfer: {fault}");
            worst ??= fault.Kind;
        }
    }
}

using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Postprocessing;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands;

/// <summary><c>predict MODEL INPUT…</c>: one-shot inference on pictures.</summary>
internal static class PredictCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Argument<string> model = new("MODEL") { Description = "A model folder, an .onnx file, or the name of an installed model" };
        Argument<string[]> inputs = new("INPUT") { Description = "Pictures, folders or globs", Arity = ArgumentArity.OneOrMore };
        Option<bool> json = new("--json") { Description = "One line of JSON for each input: the envelope of the prediction message" };
        Option<string?> annotate = new("--annotate") { Description = "Write a picture with boxes and labels for each input into this folder", HelpName = "DIR" };
        Option<int> top = new("--top") { Description = "How many classes to print (classification)", DefaultValueFactory = static _ => 5, HelpName = "N" };
        Option<double?> threshold = new("--threshold") { Description = "Score threshold in place of the model's", HelpName = "T" };
        Command verb = new("predict", "One-shot inference on pictures.\n\nExample: edgeinfer predict parts-detector belt.jpg --annotate out")
        {
            model, inputs, json, annotate, top, threshold,
        };
        verb.SetAction(parsed => Run(new PredictOptions(
            parsed.GetValue(model)!, parsed.GetValue(inputs)!, parsed.GetValue(json), parsed.GetValue(annotate), parsed.GetValue(top), parsed.GetValue(threshold)),
            parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return verb;
    }

    private static int Run(PredictOptions options, TextWriter output, TextWriter errors)
    {
        if (options.Threshold is not (null or (>= 0 and <= 1))) throw FaultException.Of(FaultKind.Usage, "--threshold", $"{options.Threshold} is no score", "give a number from 0 to 1");
        if (options.Top < 1) throw FaultException.Of(FaultKind.Usage, "--top", $"{options.Top} classes", "give at least 1");
        using LineLoggerFactory log = LineLoggerFactory.ForProcess(LogLevel.Warning);
        ILogger logger = log.CreateLogger("predict");
        Model model = ModelLoader.Load(ModelLocator.Default().Find(options.Model));
        InferenceRuntime runtime = new(RuntimeOptionsFor.OneShot(), TimeProvider.System, logger);
        using ModelSession session = runtime.Open(model);
        DecoderOptions decoder = new() { Threshold = options.Threshold, Top = options.Top };
        using FrameStages stages = new(session, decoder, TimeProvider.System, logger);
        using PictureFiles files = new(TimeProvider.System);
        PredictionPrinter printer = new(stages, options, output);

        FaultKind? worst = null;
        foreach (string input in PictureFiles.Expand(options.Inputs, Refuse))
        {
            Fault? fault = printer.Predict(files, input);
            if (fault is not null) Refuse(fault);
        }

        return worst is { } kind ? (int)kind : CommandLine.Success;

        void Refuse(Fault fault)
        {
            errors.WriteLine($"edgeinfer: {fault}");
            worst ??= fault.Kind;
        }
    }
}

/// <summary>The command line of <c>predict</c>.</summary>
internal sealed record PredictOptions(string Model, IReadOnlyList<string> Inputs, bool IsJson, string? AnnotateFolder, int Top, double? Threshold);

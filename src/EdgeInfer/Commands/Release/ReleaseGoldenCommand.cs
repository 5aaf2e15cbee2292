using System.CommandLine;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Hosting;
using EdgeInfer.Models;
using EdgeInfer.Releasing;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands.Release;

/// <summary><c>release golden</c>: what a float model finds in some inputs, for its conversion to be held to.</summary>
internal static class ReleaseGoldenCommand
{
    private const int MostInputs = GoldenFiles.Most;

    /// <summary>Builds the verb.</summary>
    public static Command Create()
    {
        Argument<string> model = new("MODEL") { Description = "Folder of the model that will be released" };
        Option<string> reference = new("--reference") { Description = "The float model that it was made from: an .onnx file, or a folder with a contract of its own", HelpName = "FP32.onnx", Required = true };
        Option<string[]> input = new("--input") { Description = "Pictures, folders or globs", HelpName = "FILES", Required = true, AllowMultipleArgumentsPerToken = true };
        Option<string?> library = RuntimeOptionsFor.Library();
        Command command = new(
            "golden",
            "Runs the float model on some inputs and writes them with what it found into the model's folder. A device runs them before it serves the model, and refuses one that finds something else.\n\n"
            + "Example: edgeinfer release golden models/parts --reference parts-fp32.onnx --input samples/*.jpg")
        {
            model, reference, input, library,
        };
        command.SetAction(parsed =>
        {
            using LineLoggerFactory log = LineLoggerFactory.ForProcess(LogLevel.Warning);
            string folder = parsed.GetValue(model)!;
            List<GoldenInput> results = Run(folder, parsed.GetValue(reference)!, parsed.GetValue(input)!, parsed.GetValue(library), log.CreateLogger("golden"));
            parsed.InvocationConfiguration.Output.WriteLine($"{results.Count} golden input{(results.Count == 1 ? "" : "s")} in {Path.Combine(folder, GoldenFolder.Name)}");
            return CommandLine.Success;
        });
        return command;
    }

    private static List<GoldenInput> Run(string folder, string reference, string[] inputs, string? library, ILogger logger)
    {
        if (File.Exists(folder)) throw FaultException.Of(FaultKind.Usage, folder, "golden inputs lie in a model's folder, and this is a file", $"make the folder first: edgeinfer model inspect {folder} --write DIR");
        Model own = ModelLoader.Load(folder);
        if (!File.Exists(Path.Combine(folder, ModelFolder.YamlName))) ModelDraft.Write(ModelLoader.Inspect(folder), folder);
        FaultList faults = new();
        string[] files = [.. PictureFiles.Expand(inputs, faults.Add)];
        faults.ThrowIfAny();
        if (files.Length > MostInputs) throw FaultException.Of(FaultKind.Usage, "--input", $"{files.Length} inputs", $"give at most {MostInputs}: each device runs them before it serves the model");
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("edgeinfer-golden-");
        try
        {
            using OneShotModel model = OneShotModel.Open(GoldenFolder.Reference(folder, reference, scratch.CreateSubdirectory("reference").FullName), new(), library, logger);
            if (model.Stages.Model.Task != own.Task || !model.Stages.Model.Labels.SequenceEqual(own.Labels))
                throw FaultException.Of(FaultKind.Data, reference, "this model has another task or other labels than the one that it is the reference of", "give the float model that it was made from");
            List<GoldenInput> results = [.. files.Select(file => new GoldenInput(file, Result(model, file), Truth(own, file)))];
            GoldenFolder.Write(folder, model.Stages.Model, results, scratch.CreateSubdirectory("written").FullName);
            return results;
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    // The way of a picture through 'predict', but with the numbers as they are: messages round them.
    private static GoldenResult Result(OneShotModel model, string file)
    {
        PredictOptions options = new(file, [file]) { IsJson = true };
        using PredictRun run = new(new PredictionPrinter(model.Stages, options, TextWriter.Null), options);
        Fault[] faults = [.. run.Faults(new(file, null, ""))];
        if (faults.Length > 0) throw new FaultException(faults);
        return GoldenWriter.Of(model.Stages.Prediction, model.Stages.Model) ?? throw FaultException.Of(FaultKind.Data, file, "what the reference finds here is no number", "look after the reference, or leave this input out");
    }

    // What somebody wrote down of an input stays with it.
    private static string? Truth(Model model, string file)
        => model.Golden.FirstOrDefault(g => g.Truth is not null && Path.GetFileName(g.Input) == Path.GetFileName(file)) is { } known ? Path.Combine(model.Path, known.Truth!) : null;
}

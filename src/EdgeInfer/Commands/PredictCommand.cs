using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands;

/// <summary><c>predict MODEL INPUT…</c>: one-shot inference on pictures, and on single frames of cameras and streams.</summary>
internal static class PredictCommand
{
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(24);

    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Argument<string> model = new("MODEL") { Description = "A model folder, an .onnx file, or the name of an installed model" };
        Argument<string[]> inputs = new("INPUT") { Description = "Pictures, folders or globs; a film; a camera (/dev/video0, csi:0); the URL of a stream (http, rtsp) or snapshot", Arity = ArgumentArity.ZeroOrMore };
        Option<bool> json = new("--json") { Description = "One line of JSON for each picture: the envelope of the prediction message" };
        Option<string?> annotate = new("--annotate") { Description = "Write each picture with boxes and labels into this folder", HelpName = "DIR" };
        Option<int> top = new("--top") { Description = "How many classes to print (classification)", DefaultValueFactory = static _ => 5, HelpName = "N" };
        Option<double?> threshold = new("--threshold") { Description = "Score threshold in place of the model's", HelpName = "T" };
        Option<int?> frames = new("--frames") { Description = "Frames to take of a camera or stream, default 1; of a film, default all", HelpName = "N" };
        Option<string?> every = new("--every") { Description = "Time from frame to frame of a camera, stream or film, as in 1s", HelpName = "D" };
        Option<string> timeout = new("--timeout") { Description = "The longest wait for a frame", DefaultValueFactory = static _ => "15s", HelpName = "D" };
        Option<string> modelsDir = ModelCommand.ModelsDir();
        Option<string?> library = RuntimeOptionsFor.Library();
        SourceOptionSet source = new();
        Command verb = new("predict", "One-shot inference on pictures, films, a camera or a stream.\n\n"
            + "Examples: edgeinfer predict parts-detector belt.jpg --annotate out\n"
            + "          edgeinfer predict parts-detector /dev/video0 --annotate out\n"
            + "          edgeinfer predict parts-detector rtsp://camera/stream1 --username viewer --password-file pw\n"
            + "          edgeinfer predict parts-detector film.mp4 --every 1s --json")
        {
            model, inputs, json, annotate, top, threshold, frames, every, timeout, source.Exec, source.Size, source.Format, source.Username, source.PasswordFile, source.Password, modelsDir, library,
        };
        verb.SetAction(parsed =>
        {
            source.RefusePassword(parsed);
            PredictOptions options = new(parsed.GetValue(model)!, parsed.GetValue(inputs)!)
            {
                IsJson = parsed.GetValue(json),
                AnnotateFolder = parsed.GetValue(annotate),
                Top = parsed.GetValue(top),
                Threshold = parsed.GetValue(threshold),
                Frames = parsed.GetValue(frames),
                Every = Duration("--every", parsed.GetValue(every)) ?? TimeSpan.Zero,
                Timeout = Duration("--timeout", parsed.GetValue(timeout))!.Value,
                Source = source.Read(parsed),
                ModelsFolder = parsed.GetValue(modelsDir)!,
                Library = parsed.GetValue(library),
            };
            return Run(options, parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        });
        return verb;
    }

    private static int Run(PredictOptions options, TextWriter output, TextWriter errors)
    {
        if (options.Threshold is not (null or (>= 0 and <= 1))) throw FaultException.Of(FaultKind.Usage, "--threshold", $"{options.Threshold} is no score", "give a number from 0 to 1");
        if (options.Top < 1) throw FaultException.Of(FaultKind.Usage, "--top", $"{options.Top} classes", "give at least 1");
        if (options.Frames < 1) throw FaultException.Of(FaultKind.Usage, "--frames", $"{options.Frames} frames", "give at least 1");
        IReadOnlyList<SourceInput> inputs = Inputs(options);
        using LineLoggerFactory log = LineLoggerFactory.ForProcess(LogLevel.Warning);
        ILogger logger = log.CreateLogger("predict");
        DecoderOptions decoder = new() { Threshold = options.Threshold, Top = options.Top };
        using OneShotModel model = OneShotModel.Open(ModelLocator.Default(options.ModelsFolder).Find(options.Model), decoder, options.Library, logger);
        PredictionPrinter printer = new(model.Stages, options, output);
        using PredictRun run = new(printer, options);

        FaultKind? worst = null;
        foreach (SourceInput input in inputs)
            foreach (Fault fault in run.Faults(input))
            {
                errors.WriteLine($"edgeinfer: {fault}");
                worst ??= fault.Kind;
            }

        return worst is { } kind ? (int)kind : CommandLine.Success;
    }

    // Before a model is loaded, and before any device is touched.
    private static List<SourceInput> Inputs(PredictOptions options)
    {
        FaultList faults = new();
        AgentConfigurationReader reader = RunCommand.ConfigurationReader();
        List<SourceInput> inputs = [];
        if (options.Inputs.Count == 0 && options.Source.Exec is null)
            throw FaultException.Of(FaultKind.Usage, "INPUT", "no input", "give pictures, a camera such as /dev/video0, a URL, or --exec CMD");
        if (options.Source.Exec is not null) Add("--exec", options.Source with { Username = null, PasswordFile = null });
        foreach (string input in options.Inputs)
        {
            if (PredictInput.Source(input, options.Source with { Exec = null }) is { } flags) Add(input, flags.Files is null || options.Every == TimeSpan.Zero ? flags : flags with { FramesPerSecond = 1 / options.Every.TotalSeconds });
            else inputs.Add(new(input, null, ""));
        }

        faults.ThrowIfAny();
        return inputs;

        void Add(string input, SourceFlags flags)
        {
            FaultList own = new();
            SourceOptions? read = reader.SourceFromFlags(flags, own);
            foreach (Fault fault in own.Faults) faults.Add(PredictInput.Worded(fault, input));
            if (read is not null) inputs.Add(new(input, read, PredictInput.FileName(flags)));
        }
    }

    private static TimeSpan? Duration(string flag, string? text)
    {
        if (text is null) return null;
        if (ScalarText.TryDuration(text, out TimeSpan value) && value > TimeSpan.Zero && value <= s_longest) return value;
        throw FaultException.Of(FaultKind.Usage, flag, $"found {Quoted.Text(text)}", "give a duration such as 250ms, 5s or 2m, at most 24h");
    }
}

/// <summary>One input: pictures, or a source.</summary>
/// <param name="Given">As on the command line.</param>
/// <param name="Source">What to open; null for pictures.</param>
/// <param name="FileName">How annotated frames of a source are named.</param>
internal sealed record SourceInput(string Given, SourceOptions? Source, string FileName);

/// <summary>The command line of <c>predict</c>.</summary>
/// <param name="Model">Name or path.</param>
/// <param name="Inputs">Pictures, cameras and streams.</param>
internal sealed record PredictOptions(string Model, IReadOnlyList<string> Inputs)
{
    /// <summary>Whether results are printed as JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>Where annotated pictures go; null for none.</summary>
    public string? AnnotateFolder { get; init; }

    /// <summary>How many classes are printed.</summary>
    public int Top { get; init; } = 5;

    /// <summary>Score threshold in place of the model's.</summary>
    public double? Threshold { get; init; }

    /// <summary>Frames to take of each source; null for the kind's own number.</summary>
    public int? Frames { get; init; }

    /// <summary>The shortest time from frame to frame.</summary>
    public TimeSpan Every { get; init; }

    /// <summary>The longest wait for a frame.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Size, format and credentials of sources.</summary>
    public SourceFlags Source { get; init; } = new();

    /// <summary>Where models that were added live.</summary>
    public string ModelsFolder { get; init; } = ModelLocator.DefaultStore;

    /// <summary>The native ONNX Runtime to use; null for the one that comes with EdgeInfer.</summary>
    public string? Library { get; init; }
}

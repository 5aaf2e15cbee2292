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

/// <summary><c>bench MODEL</c>: percentiles and managed bytes of every stage, beside the bare session's own.</summary>
internal static class BenchCommand
{
    private const double LongestSeconds = 86_400;
    private const int MostThreads = 256;

    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Argument<string> model = new("MODEL") { Description = "A model folder, an .onnx file, or the name of an installed model" };
        Option<string?> input = new("--input") { Description = "A picture; without it the synthetic conveyor belt in 1280x720", HelpName = "F" };
        Option<string> provider = new("--provider") { Description = "Execution provider", DefaultValueFactory = static _ => ExecutionProviders.Cpu, HelpName = "P" };
        Option<string?> library = RuntimeOptionsFor.Library();
        Option<int> threads = new("--threads") { Description = "Threads of one inference; 0 is automatic", HelpName = "N" };
        Option<double> seconds = new("--seconds") { Description = "How long to measure", DefaultValueFactory = static _ => 5, HelpName = "S" };
        Option<bool> json = new("--json") { Description = "One JSON document in place of the table" };
        Command verb = new("bench", "Time every stage of a frame, and count its managed bytes.\n\nExample: edgeinfer bench parts-detector --input belt.jpg --seconds 10")
        {
            model, input, provider, library, threads, seconds, json,
        };
        verb.SetAction(parsed => Run(new BenchOptions(
            parsed.GetValue(model)!, parsed.GetValue(input), parsed.GetValue(provider)!, parsed.GetValue(threads), parsed.GetValue(seconds), parsed.GetValue(json), parsed.GetValue(library)),
            parsed.InvocationConfiguration.Output));
        return verb;
    }

    private static int Run(BenchOptions options, TextWriter output)
    {
        Check(options);
        using LineLoggerFactory log = LineLoggerFactory.ForProcess(LogLevel.Warning);
        ILogger logger = log.CreateLogger("bench");
        Model model = ModelLoader.Load(ModelLocator.Default().Find(options.Model));
        // What is measured is what was asked for, or nothing.
        RuntimeOptions runtimeOptions = RuntimeOptionsFor.OneShot(options.Library) with { Providers = [options.Provider], IsFirstProviderRequired = true, Threads = options.Threads };
        InferenceRuntime runtime = new(runtimeOptions, TimeProvider.System, logger);
        using ModelSession session = runtime.Open(model);
        using StageBenchmark benchmark = new(session, DecoderOptions.Default, TimeProvider.System, new Random(0), logger);
        using BenchFrame frame = options.Input is null ? BenchFrame.Synthetic() : BenchFrame.Read(options.Input);
        BenchmarkReport report = benchmark.Measure(frame.Next, frame.Name, TimeSpan.FromSeconds(options.Seconds), CancellationToken.None);
        BenchText text = new(session, runtime, report, frame.Name, options.Seconds);
        output.Write(options.IsJson ? text.Json() : text.Table());
        return CommandLine.Success;
    }

    private static void Check(BenchOptions options)
    {
        FaultList faults = new();
        if (!(options.Seconds is > 0 and <= LongestSeconds))
        {
            faults.Add(FaultKind.Usage, "--seconds", $"{options.Seconds} seconds", $"give a number above 0, at most {LongestSeconds}");
        }

        if (options.Threads is < 0 or > MostThreads)
        {
            faults.Add(FaultKind.Usage, "--threads", $"{options.Threads} threads", $"give 0 for automatic, or 1 to {MostThreads}");
        }

        if (!ExecutionProviders.Names.Contains(options.Provider))
        {
            faults.Add(
                FaultKind.Usage, "--provider", $"no provider '{options.Provider}'",
                "choose among " + string.Join(", ", ExecutionProviders.Names));
        }

        if (options.Input is not null && !File.Exists(options.Input))
        {
            faults.Add(FaultKind.NoInput, options.Input, "no such picture", "check the path");
        }
        faults.ThrowIfAny();
    }
}

/// <summary>The command line of <c>bench</c>.</summary>
internal sealed record BenchOptions(string Model, string? Input, string Provider, int Threads, double Seconds, bool IsJson, string? Library);

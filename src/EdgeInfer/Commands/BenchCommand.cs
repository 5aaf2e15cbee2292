using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Postprocessing;
using EdgeInfer.Signals;
using EdgeInfer.Sources.Synthetic;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands;

/// <summary><c>bench MODEL</c>: percentiles and managed bytes of every stage, beside the bare session's own.</summary>
internal static class BenchCommand
{
    private const double LongestSeconds = 86_400;
    private const int MostThreads = 256;
    private const int SyntheticWidth = 1280;
    private const int SyntheticHeight = 720;

    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Argument<string> model = new("MODEL") { Description = "A model folder, an .onnx file, or the name of an installed model" };
        Option<string?> input = new("--input") { Description = "A picture; without it a synthetic one of 1280x720", HelpName = "F" };
        Option<string> provider = new("--provider") { Description = "Execution provider", DefaultValueFactory = static _ => ExecutionProviders.Cpu, HelpName = "P" };
        Option<int> threads = new("--threads") { Description = "Threads of one inference; 0 is automatic", HelpName = "N" };
        Option<double> seconds = new("--seconds") { Description = "How long to measure", DefaultValueFactory = static _ => 5, HelpName = "S" };
        Option<bool> json = new("--json") { Description = "One JSON document in place of the table" };
        Command verb = new("bench", "Time every stage of a frame, and count its managed bytes.\n\nExample: edgeinfer bench parts-detector --input belt.jpg --seconds 10")
        {
            model, input, provider, threads, seconds, json,
        };
        verb.SetAction(parsed => Run(new BenchOptions(
            parsed.GetValue(model)!, parsed.GetValue(input), parsed.GetValue(provider)!, parsed.GetValue(threads), parsed.GetValue(seconds), parsed.GetValue(json)),
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
        RuntimeOptions runtimeOptions = RuntimeOptionsFor.OneShot() with { Providers = [options.Provider], IsFirstProviderRequired = true, Threads = options.Threads };
        InferenceRuntime runtime = new(runtimeOptions, TimeProvider.System, logger);
        using ModelSession session = runtime.Open(model);
        using StageBenchmark benchmark = new(session, DecoderOptions.Default, TimeProvider.System, new Random(0), logger);
        using PictureFiles? files = options.Input is null ? null : new PictureFiles(TimeProvider.System);
        using FramePool pool = new(1, 256 << 20);
        (Func<FrameLease> next, string input) = files is null ? Synthetic(pool) : (Repeat(files, options.Input!, pool), options.Input!);
        BenchmarkReport report = benchmark.Measure(next, input, TimeSpan.FromSeconds(options.Seconds), CancellationToken.None);
        BenchText text = new(session, runtime, report, input, options.Seconds);
        output.Write(options.IsJson ? text.Json() : text.Table());
        return CommandLine.Success;
    }

    private static void Check(BenchOptions options)
    {
        FaultList faults = new();
        if (!(options.Seconds is > 0 and <= LongestSeconds)) faults.Add(FaultKind.Usage, "--seconds", $"{options.Seconds} seconds", $"give a number above 0, at most {LongestSeconds}");
        if (options.Threads is < 0 or > MostThreads) faults.Add(FaultKind.Usage, "--threads", $"{options.Threads} threads", $"give 0 for automatic, or 1 to {MostThreads}");
        if (!ExecutionProviders.Names.Contains(options.Provider)) faults.Add(FaultKind.Usage, "--provider", $"no provider '{options.Provider}'", "choose among " + string.Join(", ", ExecutionProviders.Names));
        if (options.Input is not null && !File.Exists(options.Input)) faults.Add(FaultKind.NoInput, options.Input, "no such picture", "check the path");
        faults.ThrowIfAny();
    }

    // Read once: storage is no stage of the agent's.
    private static Func<FrameLease> Repeat(PictureFiles files, string path, FramePool pool)
    {
        if (files.Open(path, out FrameLease read) is { } fault) throw new FaultException(fault);
        using (read)
        {
            read.Data.CopyTo(pool.Memory(Rent(pool, out Frame frame), read.Data.Length));
            pool.Abandon(frame);
            return Again(pool, read.Info, read.Data.Length);
        }
    }

    private static (Func<FrameLease> Next, string Name) Synthetic(FramePool pool)
    {
        BeltRenderer renderer = new(new BeltScene((SyntheticWidth, SyntheticHeight), 15, 1));
        renderer.Render(40, pool.Memory(Rent(pool, out Frame frame), renderer.FrameBytes));
        pool.Abandon(frame);
        FrameInfo info = new() { Format = PixelFormat.Rgb24, WidthPixels = SyntheticWidth, HeightPixels = SyntheticHeight };
        return (Again(pool, info, renderer.FrameBytes), "synthetic belt, raw pixels: no JPEG is decoded");
    }

    // The pool has one frame, so its bytes are still there each time it is rented.
    private static Func<FrameLease> Again(FramePool pool, FrameInfo info, int length) => () =>
    {
        Rent(pool, out Frame frame);
        info.CapturedTimestamp = TimeProvider.System.GetTimestamp();
        info.CapturedAt = TimeProvider.System.GetUtcNow();
        frame.Info = info;
        return pool.Publish(frame, length);
    };

    private static Frame Rent(FramePool pool, out Frame frame)
        => frame = pool.Rent() ?? throw new InvalidOperationException("the last frame was not returned");
}

/// <summary>The command line of <c>bench</c>.</summary>
internal sealed record BenchOptions(string Model, string? Input, string Provider, int Threads, double Seconds, bool IsJson);

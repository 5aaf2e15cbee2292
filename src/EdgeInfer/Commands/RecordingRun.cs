using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Recording;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands;

/// <summary>Replays one recording with the models that it names, or another in their place.</summary>
internal static class RecordingRun
{
    /// <summary>Replays a recording.</summary>
    /// <returns>Whether every result is the recorded one.</returns>
    /// <exception cref="FaultException">The recording is damaged, or a model is not there or does not fit.</exception>
    public static bool Replay(string path, string? model, ReplayPrinter printer, ILogger logger)
    {
        using RecordingReader recording = RecordingReader.Open(path);
        IReadOnlyList<RecordedModel> models = recording.Manifest.Models;
        if (model is not null && models.Count > 1)
            throw FaultException.Of(FaultKind.Usage, path, $"the recording is of {models.Count} models, --model names one", "leave --model out");
        List<ModelSession?> sessions = [];
        try
        {
            // One without a digest could not be opened on the device either.
            foreach (RecordedModel recorded in models) sessions.Add(recorded.Digest.Length == 0 ? null : Open(path, recorded, model, logger));
            printer.Begin(recording, sessions);
            using RecordingReplay replay = new(recording, sessions, TimeProvider.System, logger);
            foreach (ReplayedResult result in replay.Run()) printer.Result(recording, result);
            return printer.End(recording);
        }
        finally
        {
            foreach (ModelSession? session in sessions) session?.Dispose();
        }
    }

    private static ModelSession Open(string path, RecordedModel recorded, string? model, ILogger logger)
    {
        ModelLocator locator = ModelLocator.Default();

        // Where it was recorded it lies where it lay; elsewhere it may be installed under its name.
        string place = model is not null ? locator.Find(model)
            : Path.Exists(recorded.Path) ? recorded.Path
            : locator.Installed(recorded.Name)
            ?? throw FaultException.Of(FaultKind.NoInput, path,
                $"its model {recorded.Name} {recorded.Version} ({recorded.Digest[..Math.Min(12, recorded.Digest.Length)]}) is neither at {recorded.Path} nor installed", "name it with --model");

        // The same threads too: a sum over a tensor may depend on how it was split.
        RuntimeOptions options = RuntimeOptionsFor.OneShot() with
        {
            Providers = recorded.Provider == ExecutionProviders.Cpu ? [ExecutionProviders.Cpu] : [recorded.Provider, ExecutionProviders.Cpu],
            Threads = Math.Max(0, recorded.Threads),
        };
        return new InferenceRuntime(options, TimeProvider.System, logger).Open(ModelLoader.Load(place));
    }
}

using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Commands;

/// <summary>Takes the inputs of one command line to their predictions.</summary>
internal sealed class PredictRun(PredictionPrinter printer, PredictOptions options) : IDisposable
{
    private readonly PictureFiles _files = new(TimeProvider.System);
    private readonly AnnotatedNames? _names = options.AnnotateFolder is { } folder ? new(folder) : null;

    /// <summary>Predicts one input.</summary>
    /// <returns>What was wrong, as it is found.</returns>
    public IEnumerable<Fault> Faults(SourceInput input) => input.Source is null ? Pictures(input.Given) : Live(input);

    /// <inheritdoc/>
    public void Dispose() => _files.Dispose();

    private List<Fault> Pictures(string input)
    {
        List<Fault> faults = [];
        foreach (string file in PictureFiles.Expand([input], faults.Add))
        {
            string? target = _names?.OfPicture(file);
            if (target is not null && Path.GetFullPath(target) == Path.GetFullPath(file))
                faults.Add(new(FaultKind.Usage, file, "the annotated picture would overwrite the input", "give another folder to --annotate"));
            else if (_files.Open(file, out FrameLease frame) is { } unreadable) faults.Add(unreadable);
            else if (printer.Predict(frame, file, target) is { } fault) faults.Add(fault);
        }

        return faults;
    }

    private IEnumerable<Fault> Live(SourceInput input)
    {
        // What the source would log is returned as a fault.
#pragma warning disable CA5394 // Jitter of retries.
        using LiveFrames frames = new(input.Source!, TimeProvider.System, new Random(Environment.ProcessId), NullLogger.Instance);
#pragma warning restore CA5394
        bool isFilm = input.Source is FilesOptions;
        int wanted = options.Frames ?? (isFilm ? int.MaxValue : 1);

        // Of a film ffmpeg passes the wanted frames alone.
        TimeSpan every = isFilm ? TimeSpan.Zero : options.Every;
        long began = TimeProvider.System.GetTimestamp();
        for (int taken = 0; taken < wanted;)
        {
            if (frames.Next(options.Timeout, every, out FrameLease? frame) is { } fault)
            {
                yield return fault;
                yield break;
            }

            if (frame is null) yield break;
            string? target = _names?.OfFrame(input.FileName, wanted > 1 ? taken + 1 : null);
            Fault? damaged = printer.Predict(frame.Value, isFilm ? input.Given : frames.Name, target, isFilm ? taken + 1 : null);

            // One damaged frame of a camera is no reason to give up; nothing but damaged ones is.
            if (damaged is { Kind: FaultKind.Data } && TimeProvider.System.GetElapsedTime(began) < options.Timeout) continue;
            if (damaged is not null)
            {
                yield return damaged;
                yield break;
            }

            taken++;
            began = TimeProvider.System.GetTimestamp();
        }
    }
}

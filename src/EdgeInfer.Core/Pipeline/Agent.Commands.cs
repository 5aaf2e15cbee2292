using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Preprocessing;
using EdgeInfer.Recording;
using EdgeInfer.Sinks;

namespace EdgeInfer.Pipeline;

/// <summary>A frame that was asked for.</summary>
/// <param name="Picture">The picture.</param>
/// <param name="CapturedAt">When it was captured, UTC.</param>
/// <param name="FrameId">The source's own id; null where it gives none.</param>
internal sealed record Snapshot(SnapshotPicture Picture, DateTimeOffset CapturedAt, string? FrameId);

/// <summary>What can be asked of a running agent from afar.</summary>
internal sealed partial class Agent
{
    private const int LongestSidePixels = 1280;

    private static readonly TimeSpan s_patienceForFrame = TimeSpan.FromSeconds(5);

    /// <summary>The next frame of a pipeline as a picture, recorded or not.</summary>
    /// <param name="pipeline">Its name.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="FaultException">There is no such pipeline, no frame comes in time, or it is no picture.</exception>
    public async Task<Snapshot> SnapshotAsync(string pipeline, CancellationToken stop)
    {
        IReadOnlyList<RunningPipeline> pipelines = _pipelines.Now.Pipelines;
        if (pipelines.FirstOrDefault(p => p.Name == pipeline) is not { } running)
        {
            string cure = NearestKey.Find(pipeline, pipelines.Select(static p => p.Name)) is { } near ? $"did you mean '{near}'?" : $"there are {string.Join(", ", pipelines.Select(static p => p.Name))}";
            throw FaultException.Of(FaultKind.Usage, "snapshot", $"there is no pipeline {Quoted.Text(pipeline)}", cure);
        }

        if (running.Worker.IsDisabled) throw FaultException.Of(FaultKind.Unavailable, pipeline, "it is turned off", $"publish true to {pipeline}/set/enabled of this device");
        TappedFrame frame;
        try
        {
            frame = await running.Worker.Tap.NextAsync().WaitAsync(s_patienceForFrame, _services.Time, stop).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            PipelineReport report = running.Worker.Report();
            throw FaultException.Of(FaultKind.Unavailable, pipeline, $"no frame came within {s_patienceForFrame.TotalSeconds:0} s",
                report.Cause ?? "see its state: edgeinfer status");
        }

        SnapshotPicture? picture = SnapshotPicture.Of(frame.Info, frame.Bytes, running.Plan.Options.Source.Turn, LongestSidePixels, _services.Time, out Fault? wrong);
        if (picture is null) throw new FaultException(wrong! with { Where = pipeline });
        return new(picture, frame.Info.CapturedAt, frame.Info.Id.IsEmpty ? null : frame.Info.Id.ToString());
    }

    /// <summary>Writes what a pipeline has recorded into the state folder.</summary>
    /// <param name="pipeline">Its name.</param>
    /// <param name="stop">Ends the writing.</param>
    /// <exception cref="FaultException">There is no such pipeline, it records nothing, or it cannot be written.</exception>
    public StoredCapture StoreCapture(string pipeline, CancellationToken stop)
    {
        using RecordingArchive archive = Capture(pipeline);
        return new CaptureStore(Path.Combine(_pipelines.Now.Configuration.Runtime.StateFolder, "captures"), _services.Time).Add(pipeline, archive, stop);
    }
}

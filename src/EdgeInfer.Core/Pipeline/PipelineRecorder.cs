using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Preprocessing;
using EdgeInfer.Recording;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Pipeline;

/// <summary>Which agent a recording is of.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="Boot">Counts the agent's starts.</param>
/// <param name="Version">EdgeInfer's version.</param>
/// <param name="Threads">Threads of one inference.</param>
internal sealed record RecordingOrigin(string Device, long Boot, string Version, int Threads);

/// <summary>A model of a recorded pipeline.</summary>
/// <param name="Reference">The configuration's entry.</param>
/// <param name="Facts">What its messages say of it.</param>
internal sealed record RecordedStage(ModelReference Reference, PredictionFacts Facts);

/// <summary>
/// Keeps a pipeline's newest inputs with their results in memory (<c>record</c>). The pipeline's thread calls it around each frame;
/// <see cref="Capture"/> is for any thread. Nothing managed is allocated for a frame once messages have had their largest size.
/// </summary>
internal sealed class PipelineRecorder : IDisposable
{
    private PipelineOptions _options;
    private readonly RecordingOrigin _origin;
    private readonly Func<int, ModelStages, RecordedStage> _describe;
    private readonly ClockQuality _clock;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Lock _lock = new();
    private volatile Recorded? _now;
    private bool _isDisposed;
    private PredictionWriter[] _writers = [];

    /// <summary>Prepares to record a pipeline that has <see cref="PipelineOptions.Record"/>.</summary>
    /// <param name="options">The pipeline.</param>
    /// <param name="origin">The agent.</param>
    /// <param name="describe">Says what one of its models is, by its place.</param>
    /// <param name="clock">Whether capture times can be trusted.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">For the ids of the messages kept; not shared with another thread.</param>
    public PipelineRecorder(
        PipelineOptions options, RecordingOrigin origin, Func<int, ModelStages, RecordedStage> describe, ClockQuality clock, TimeProvider time, Random random)
    {
        _options = options;
        _origin = origin;
        _describe = describe;
        _clock = clock;
        _time = time;
        _random = random;
    }

    /// <summary>The recorder of a pipeline.</summary>
    /// <param name="pipeline">Its name, as asked for.</param>
    /// <param name="recorders">Every pipeline, and its recorder where it has one.</param>
    /// <exception cref="FaultException">There is no such pipeline, or it records nothing.</exception>
    public static PipelineRecorder Of(string pipeline, IReadOnlyDictionary<string, PipelineRecorder?> recorders)
    {
        if (!recorders.TryGetValue(pipeline, out PipelineRecorder? recorder))
        {
            string cure = NearestKey.Find(pipeline, recorders.Keys) is { } near ? $"did you mean '{near}'?" : $"there are {string.Join(", ", recorders.Keys)}";
            throw FaultException.Of(FaultKind.Usage, "capture", $"there is no pipeline {Quoted.Text(pipeline)}", cure);
        }

        return recorder ?? throw FaultException.Of(FaultKind.Unavailable, pipeline, "the pipeline records nothing",
            $"write pipelines.{pipeline}.record: {{ frames: 100 }} in the configuration");
    }

    /// <summary>The pipeline has bound a model, perhaps anew; on its thread. One that is not open gives no results, and keeps its place.</summary>
    public void Bind(IReadOnlyList<PipelineModel> models)
    {
        Array.Resize(ref _writers, models.Count);
        IReadOnlyList<RecordedModel> known = _now?.Models ?? [];
        RecordedModel[] described = new RecordedModel[models.Count];
        for (int i = 0; i < described.Length; i++)
        {
            RecordedModel before = i < known.Count ? known[i] : new(models[i].Name, "", "", "", "", "", _origin.Threads);
            described[i] = models[i].Stages is { } stages ? Bind(i, stages) : before;
        }

        // Not before: a pipeline that is planned and never started takes no memory. Anew with other models: a recording is of one set;
        // the same ones, bound again after a fault, go on with it.
        if (_now is not null && described.SequenceEqual(known)) return;
        Replace(new(new FrameRing(_options.Record!, _time), described, _options));
    }

    /// <summary>Another score threshold: a recording is of one, and begins anew. On the pipeline's thread, between two frames.</summary>
    public void UseThreshold(double? threshold)
    {
        if (_options.Threshold == threshold) return;
        _options = _options with { Threshold = threshold };
        if (_now is { } now) Replace(now with { Ring = new FrameRing(_options.Record!, _time), Options = _options });
    }

    /// <summary>A frame is about to be processed.</summary>
    public void Begin(FrameLease frame) => _now?.Ring.Begin(frame);

    /// <summary>One of its results.</summary>
    /// <param name="model">Which of the pipeline's models gave it, from 0.</param>
    /// <param name="prediction">The result.</param>
    public void Result(int model, Prediction prediction)
        => _now?.Ring.Result(model, prediction.Sequence, ResultBits.Of(prediction), _writers[model].Write(prediction, _clock.IsSynced));

    /// <summary>The frame has been processed.</summary>
    public void End(DecodeOutcome outcome) => _now?.Ring.End((int)outcome);

    /// <summary>A model failed with the frame: without that result it is not kept, since a replay would have one more.</summary>
    public void Abandon() => _now?.Ring.Abandon();

    private RecordedModel Bind(int index, ModelStages stages)
    {
        (ModelReference reference, PredictionFacts facts) = _describe(index, stages);
#pragma warning disable CA5394 // Ids need to be unique, not secret.
        _writers[index] = new PredictionWriter(new PredictionEnvelope(facts), new Random(_random.Next()));
#pragma warning restore CA5394
        return new(reference.Name, reference.Path, facts.ModelName, facts.ModelVersion, facts.ModelDigest, facts.Provider, _origin.Threads);
    }

    /// <summary>What there is now; recording stands still until it is disposed of.</summary>
    /// <exception cref="FaultException">There is nothing yet, or somebody else takes it at this moment.</exception>
    public RecordingArchive Capture()
    {
        // Both of one moment: the pipeline may bind another model meanwhile.
        Recorded now = _now ?? throw NothingYet();
        FrameRing ring = now.Ring;
        FrozenFrames frames = ring.Freeze()
            ?? throw FaultException.Of(FaultKind.Unavailable, _options.Name, "its recording is being taken by somebody else", "try again in a few seconds");
        if (frames.Frames.Count == 0)
        {
            frames.Dispose();
            if (ring.TooLarge == 0) throw NothingYet();
            throw FaultException.Of(FaultKind.Unavailable, _options.Name, $"its frames are larger than the {_options.Record!.Bytes >> 20} MiB of record.size", "give record.size more");
        }

        RecordingManifest manifest = new()
        {
            Schema = RecordingManifest.CurrentSchema,
            Device = _origin.Device,
            Pipeline = _options.Name,
            Boot = _origin.Boot,
            Version = _origin.Version,
            MadeAt = _time.GetUtcNow(),
            Frames = frames.Frames.Count,
            TooLarge = ring.TooLarge,
            Options = RecordedOptions.Of(now.Options),
            Models = now.Models,
        };
        return new(manifest, frames, static outcome => OutcomeWord((DecodeOutcome)outcome));
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        lock (_lock) _isDisposed = true;
        Replace(null);
    }

    private void Replace(Recorded? next)
    {
        lock (_lock)
        {
            _now?.Ring.Dispose();
            _now = next;

            // Bound by a thread that has outlived its pipeline's stop.
            if (!_isDisposed) return;
            _now?.Ring.Dispose();
            _now = null;
        }
    }

    private FaultException NothingYet()
        => FaultException.Of(FaultKind.Unavailable, _options.Name, "it has recorded no frame yet", "see its state: edgeinfer status");

    /// <summary>A frame's outcome as recordings write it.</summary>
    public static string OutcomeWord(DecodeOutcome outcome) => outcome switch
    {
        DecodeOutcome.Ok => "ok",
        DecodeOutcome.Empty => "empty",
        DecodeOutcome.NotAPicture => "not_a_picture",
        DecodeOutcome.Truncated => "truncated",
        DecodeOutcome.Corrupt => "corrupt",
        DecodeOutcome.Unsupported => "unsupported",
        DecodeOutcome.TooLarge => "too_large",
        _ => "wrong_size",
    };

    /// <summary>A ring, the models whose results it holds, and the options that they were made by.</summary>
    private sealed record Recorded(FrameRing Ring, IReadOnlyList<RecordedModel> Models, PipelineOptions Options);
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Postprocessing;
using EdgeInfer.Preprocessing;
using EdgeInfer.Recording;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>How a replayed result compares with the recorded one.</summary>
internal enum ReplayVerdict
{
    /// <summary>Bit for bit the same.</summary>
    Same,

    /// <summary>The message is the same, the numbers that it rounds are not.</summary>
    SameRounded,

    /// <summary>The message differs.</summary>
    Different,
}

/// <summary>One result of a replay, or a frame that gave none.</summary>
/// <param name="Frame">From 0.</param>
/// <param name="Message">The message; empty where the frame could not be decoded.</param>
/// <param name="Recorded">The recorded one; empty likewise.</param>
/// <param name="Verdict">How they compare.</param>
/// <param name="Outcome">What decoding ended with.</param>
internal readonly record struct ReplayedResult(int Frame, ReadOnlyMemory<byte> Message, ReadOnlyMemory<byte> Recorded, ReplayVerdict Verdict, DecodeOutcome Outcome);

/// <summary>
/// Takes a recording's inputs through the stages that its pipeline has, with the options it had. Messages have the recorded
/// <c>captured_at</c>, <c>seq</c> and <c>frame_id</c>; their <c>id</c> follows from these, and what is measured is 0, so that two
/// replays write the same bytes.
/// </summary>
internal sealed class RecordingReplay : IDisposable
{
    private const int IdSeed = 1;

    private readonly RecordingReader _recording;
    private readonly TimeProvider _time;
    private readonly FramePool _pool = new(1, RecordingReader.LargestFrameBytes);
    private readonly List<Stage> _stages = [];

    /// <summary>Binds the models.</summary>
    /// <param name="recording">The recording; stays the caller's.</param>
    /// <param name="sessions">Its models, in the manifest's order.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Where a slow JPEG decoder is named.</param>
    /// <exception cref="FaultException">A model and the recorded options do not fit.</exception>
    public RecordingReplay(RecordingReader recording, IReadOnlyList<ModelSession> sessions, TimeProvider time, ILogger logger)
    {
        _recording = recording;
        _time = time;
        RecordingManifest manifest = recording.Manifest;
        foreach (ModelSession session in sessions)
        {
            Model model = session.Model;
            FrameStages stages = new(session, sessions.Count > 1 ? PipelineModel.Known(Options(manifest.Options), model.Labels) : Options(manifest.Options), time, logger);
            PredictionFacts facts = new(manifest.Device, manifest.Pipeline, manifest.Boot, model.Name, model.Version, model.Digest, stages.Provider,
                EnvelopeShape.Of(model.Task), model.Labels);
#pragma warning disable CA5394 // The same ids each time.
            _stages.Add(new(stages, new PredictionWriter(new PredictionEnvelope(facts), new Random(IdSeed))));
#pragma warning restore CA5394
        }
    }

    /// <summary>Replays every frame, oldest first.</summary>
    /// <exception cref="FaultException">A model failed, or the recording does not hold together.</exception>
    public IEnumerable<ReplayedResult> Run()
    {
        for (int i = 0; i < _recording.Frames.Count; i++)
        {
            RecordedFrame facts = _recording.Frames[i];
            for (int m = 0; m < _stages.Count; m++)
            {
                RecordedResult? recorded = facts.Results.FirstOrDefault(r => r.Model == m);
                yield return Replay(i, _stages[m], recorded);
            }
        }
    }

    /// <summary>Lets go of the models' bindings.</summary>
    public void Dispose()
    {
        foreach (Stage stage in _stages) stage.Stages.Dispose();
        _pool.Dispose();
    }

    private ReplayedResult Replay(int index, Stage stage, RecordedResult? recorded)
    {
        DecodeOutcome outcome = stage.Stages.Process(Frame(index));
        if (outcome != DecodeOutcome.Ok || recorded is null)
        {
            bool isSame = PipelineRecorder.OutcomeWord(outcome) == _recording.Frames[index].Outcome && recorded is null;
            return new(index, default, default, isSame ? ReplayVerdict.Same : ReplayVerdict.Different, outcome);
        }

        ReadOnlyMemory<byte> before = _recording.Result(recorded.Seq);
        Prediction prediction = stage.Stages.Prediction;
        prediction.Sequence = recorded.Seq;
        prediction.AgeMilliseconds = 0;
        prediction.Timing = default;
        using JsonDocument message = JsonDocument.Parse(before);

        // A pipeline of several models names frames that their source does not.
        if (message.RootElement.TryGetProperty("frame_id", out JsonElement id) && id.ValueKind == JsonValueKind.String)
            prediction.Frame.Id = FrameId.FromUtf8(Encoding.UTF8.GetBytes(id.GetString()!));
        bool wasSynced = message.RootElement.TryGetProperty("clock", out JsonElement clock) && clock.ValueEquals("synced"u8);
        byte[] after = stage.Writer.Write(prediction, wasSynced).ToArray();
        return new(index, after, before, Compare(message.RootElement, after, recorded.Bits, ResultBits.Of(prediction)), outcome);
    }

    private FrameLease Frame(int index)
    {
        RecordedFrame facts = _recording.Frames[index];
        Frame frame = _pool.Rent() ?? throw new InvalidOperationException("the last frame was not returned");
        _recording.ReadFrame(index, _pool.Memory(frame, (int)facts.Bytes)[..(int)facts.Bytes]);
        frame.Info = new()
        {
            Format = RecordedFormat.Of(facts.Format),
            WidthPixels = facts.Width,
            HeightPixels = facts.Height,
            StrideBytes = facts.Stride,
            Colour = facts.Colour,
            Sequence = facts.Sequence,
            CapturedAt = facts.CapturedAt,
            CapturedTimestamp = _time.GetTimestamp(),
            Id = facts.Id is null ? default : FrameId.FromUtf8(Encoding.UTF8.GetBytes(facts.Id)),
        };
        return _pool.Publish(frame, (int)facts.Bytes);
    }

    private static ReplayVerdict Compare(JsonElement before, ReadOnlyMemory<byte> after, string bitsBefore, ulong bitsAfter)
    {
        using JsonDocument message = JsonDocument.Parse(after);
        foreach (string name in (ReadOnlySpan<string>)["frame", "detections", "classes", "values"])
            if (TextOf(before, name) != TextOf(message.RootElement, name)) return ReplayVerdict.Different;
        return bitsBefore == bitsAfter.ToString("x16", CultureInfo.InvariantCulture) ? ReplayVerdict.Same : ReplayVerdict.SameRounded;
    }

    private static string TextOf(JsonElement message, string name) => message.TryGetProperty(name, out JsonElement value) ? value.GetRawText() : "";

    private static DecoderOptions Options(RecordedOptions recorded) => new()
    {
        Labels = recorded.Labels,
        Threshold = recorded.Threshold,
        LabelThresholds = recorded.LabelThresholds ?? new Dictionary<string, double>(),
        MinArea = recorded.MinArea,
    };

    private sealed record Stage(FrameStages Stages, PredictionWriter Writer);
}

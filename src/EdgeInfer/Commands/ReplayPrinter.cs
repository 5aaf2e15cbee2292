using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeInfer.Inference;
using EdgeInfer.Pipeline;
using EdgeInfer.Preprocessing;
using EdgeInfer.Recording;
using EdgeInfer.Results;

namespace EdgeInfer.Commands;

/// <summary>Prints a replay: a line for each result and how it compares, or the messages alone with what differs on stderr.</summary>
internal sealed class ReplayPrinter(bool isJson, TextWriter output, TextWriter errors)
{
    private int _results;
    private int _same;
    private int _rounded;

    /// <summary>Where remarks go: they must not mix with the messages.</summary>
    private TextWriter Remarks => isJson ? errors : output;

    /// <summary>Whether messages are printed as they are.</summary>
    public bool IsJson => isJson;

    /// <summary>A recording begins: what it is, and where the model is not the recorded one.</summary>
    public void Begin(RecordingReader recording, IReadOnlyList<ModelSession> sessions)
    {
        (_results, _same, _rounded) = (0, 0, 0);
        RecordingManifest manifest = recording.Manifest;
        if (!isJson)
        {
            string span = recording.Frames.Count == 0 ? "" : $", {Rfc3339.Format(recording.Frames[0].CapturedAt)} to {Rfc3339.Format(recording.Frames[^1].CapturedAt)}";
            output.WriteLine($"{recording.Path}: {recording.Frames.Count} frames of {manifest.Pipeline} on {manifest.Device}{span}");
        }

        for (int i = 0; i < sessions.Count; i++)
        {
            RecordedModel recorded = manifest.Models[i];
            if (sessions[i].Model.Digest != recorded.Digest)
                Remarks.WriteLine($"{recording.Path}: recorded with {recorded.Name} {recorded.Version} {Short(recorded.Digest)}, replayed with {sessions[i].Model.Name} {sessions[i].Model.Version} {Short(sessions[i].Model.Digest)}");
            if (sessions[i].Report.Used != recorded.Provider)
                Remarks.WriteLine($"{recording.Path}: recorded on {recorded.Provider}, replayed on {sessions[i].Report.Used}");
        }
    }

    /// <summary>One result.</summary>
    public void Result(RecordingReader recording, ReplayedResult result)
    {
        _results++;
        if (result.Verdict == ReplayVerdict.Same) _same++;
        if (result.Verdict == ReplayVerdict.SameRounded) _rounded++;
        if (isJson && !result.Message.IsEmpty) output.WriteLine(Encoding.UTF8.GetString(result.Message.Span));
        if (isJson && result.Verdict == ReplayVerdict.Same) return;
        string number = (result.Frame + 1).ToString("000000", CultureInfo.InvariantCulture);
        string found = result.Message.IsEmpty ? Undecoded(result.Outcome) : Found(result.Message);
        string verdict = result.Verdict switch
        {
            ReplayVerdict.Same => "same",
            ReplayVerdict.SameRounded => "same as published, but not bit for bit",
            _ when result.Recorded.IsEmpty => $"DIFFERENT: recorded as {recording.Frames[result.Frame].Outcome}",
            _ => $"DIFFERENT: recorded {Found(result.Recorded)}",
        };
        Remarks.WriteLine($"{number}  {found}  {verdict}");
    }

    /// <summary>The recording has ended.</summary>
    /// <returns>Whether everything was the same.</returns>
    public bool End(RecordingReader recording)
    {
        int different = _results - _same - _rounded;
        string rounded = _rounded == 0 ? "" : $", {_rounded} the same as published but not bit for bit";
        if (!isJson || _same != _results) Remarks.WriteLine($"{recording.Path}: {_results} results: {_same} the same bit for bit{rounded}, {different} different");
        return _same == _results;
    }

    /// <summary>The result of a picture, which there is nothing to compare with.</summary>
    public void Picture(string input, ReadOnlySpan<byte> message)
    {
        if (isJson) output.WriteLine(Encoding.UTF8.GetString(message));
        else output.WriteLine($"{input}  {Found(message.ToArray())}");
    }

    private static string Found(ReadOnlyMemory<byte> message)
    {
        using JsonDocument document = JsonDocument.Parse(message);
        return PredictionText.Found(document.RootElement);
    }

    private static string Undecoded(DecodeOutcome outcome) => outcome == DecodeOutcome.Ok ? "decoded" : $"not decoded: {PipelineRecorder.OutcomeWord(outcome)}";

    private static string Short(string digest) => digest[..Math.Min(12, digest.Length)];
}

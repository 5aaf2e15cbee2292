using System.Globalization;
using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Preprocessing;
using EdgeInfer.Preprocessing.Annotation;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Commands;

/// <summary>Takes pictures through the stages and prints what was found: readable lines, or the message's envelope as JSON lines.</summary>
internal sealed class PredictionPrinter
{
    private readonly FrameStages _stages;
    private readonly PredictOptions _options;
    private readonly TextWriter _output;
    private readonly PredictionWriter _writer;
    private readonly ClockQuality _clock = new(TimeProvider.System);

    /// <summary>Prepares printing of one model's results.</summary>
    public PredictionPrinter(FrameStages stages, PredictOptions options, TextWriter output)
    {
        _stages = stages;
        _options = options;
        _output = output;
        Model model = stages.Model;
        PredictionFacts facts = new(
            Environment.MachineName, "predict", 0, model.Name, model.Version, model.Digest, stages.Provider, EnvelopeShape.Of(model.Task), model.Labels);
#pragma warning disable CA5394 // Result ids need to be unique, not secret.
        _writer = new PredictionWriter(new PredictionEnvelope(facts), new Random(Environment.ProcessId ^ (int)TimeProvider.System.GetTimestamp()));
#pragma warning restore CA5394
    }

    /// <summary>Predicts one frame, prints the result and, where a target is given, draws it on the picture.</summary>
    /// <param name="frame">The frame; its lease goes with it.</param>
    /// <param name="input">How it is named.</param>
    /// <param name="target">Path of the annotated picture; null for none.</param>
    /// <param name="number">Which of its frames it is, from 1; null where it is the only one or one of a live source.</param>
    /// <returns>What was wrong with it, or null.</returns>
    public Fault? Predict(FrameLease frame, string input, string? target, int? number = null)
    {
        // Drawn on after the result is known, but the lease ends with the decoding for the model.
        DecodedPicture? picture = null;
        if (target is not null && _stages.Picture(frame, out picture) is var decoded and not DecodeOutcome.Ok)
        {
            frame.Dispose();
            return _stages.Describe(decoded, input);
        }

        DecodeOutcome outcome = _stages.Process(frame);
        if (outcome != DecodeOutcome.Ok) return _stages.Describe(outcome, input);
        if (_options.IsJson) _output.WriteLine(Encoding.UTF8.GetString(_writer.Write(_stages.Prediction, _clock.IsSynced, input)));
        else Print(number is { } n ? string.Create(CultureInfo.InvariantCulture, $"{input}#{n}") : input);
        return target is null ? null : Annotate(picture!, target);
    }

    private void Print(string input)
    {
        Prediction p = _stages.Prediction;
        _output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{input}  {p.FrameWidth}x{p.FrameHeight}  {_stages.Model.Name} on {_stages.Provider}  decode {p.Timing.DecodeMilliseconds:0.0}  preprocess {p.Timing.PreprocessMilliseconds:0.0}  inference {p.Timing.InferenceMilliseconds:0.0} ms"));
        foreach (Detection d in p.Detections)
            _output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {d.Score:0.000}  {Label(d.Class),-16} x {d.X,6:0.0}  y {d.Y,6:0.0}  {d.Width:0.0} x {d.Height:0.0}"));
        foreach (ClassScore c in p.Classes)
            _output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {c.Score:0.000}  {Label(c.Class)}"));
        int at = 0;
        foreach ((string name, int count) in p.RawOutputs)
        {
            string values = string.Join(' ', p.RawValues.Skip(at).Take(Math.Min(count, 8)).Select(v => v.ToString("G5", CultureInfo.InvariantCulture)));
            _output.WriteLine($"  {name}: {values}{(count > 8 ? $" … ({count} values; --json prints all)" : "")}");
            at += count;
        }

        if (p.Detections.Count + p.Classes.Count + p.RawOutputs.Count == 0) _output.WriteLine("  nothing above the threshold");
    }

    private Fault? Annotate(DecodedPicture picture, string target)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
            PictureAnnotator.Draw(picture, Boxes(), Captions());
            PictureAnnotator.Save(picture, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(FaultKind.InputOutput, target, e.Message, "check the folder given to --annotate and the space on its disk");
        }

        if (!_options.IsJson) _output.WriteLine($"  drawn on {target}");
        return null;
    }

    private AnnotatedBox[] Boxes()
        => [.. _stages.Prediction.Detections.Select(d => new AnnotatedBox(Label(d.Class), d.Score, d.X, d.Y, d.Width, d.Height, d.Class))];

    private string[] Captions()
        => [.. _stages.Prediction.Classes.Select(c => string.Create(CultureInfo.InvariantCulture, $"{Label(c.Class)} {c.Score:0.00}"))];

    private string Label(int @class) => @class < _stages.Model.Labels.Count ? _stages.Model.Labels[@class] : @class.ToString(CultureInfo.InvariantCulture);
}

using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference;
using EdgeInfer.Preprocessing;
using EdgeInfer.Results;
using EdgeInfer.Signals;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>
/// The models of one pipeline: a frame is decoded once for all of them, put into each one's tensor, given back, and then run through
/// one after the other. One that fails does not stop the others. Allocates nothing per frame. One thread.
/// </summary>
internal sealed partial class PipelineModels : IDisposable
{
    private readonly PipelineModel[] _models;
    private readonly PipelineOptions _options;
    private readonly ResultNumbers _numbers;
    private readonly PipelineRecorder? _recorder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Pulse _pulse;
    private readonly DeviceWatch _devices;
    private FrameDecoder? _frames;
    private FrameInfo _frame;

    /// <summary>Prepares the models; nothing is opened.</summary>
    /// <param name="models">In the order they are run.</param>
    /// <param name="options">The pipeline.</param>
    /// <param name="numbers">Numbers results and frames.</param>
    /// <param name="recorder">Keeps inputs with their results.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Changes of state.</param>
    /// <param name="pulse">Told of each step.</param>
    /// <param name="devices">Whether a device is lost: then there are no results any more.</param>
    public PipelineModels(
        PipelineModel[] models, PipelineOptions options, ResultNumbers numbers, PipelineRecorder? recorder, TimeProvider time, ILogger logger, Pulse pulse, DeviceWatch devices)
    {
        _devices = devices;
        _models = models;
        _options = options;
        _numbers = numbers;
        _recorder = recorder;
        _time = time;
        _logger = logger;
        _pulse = pulse;
    }

    /// <summary>Raised after a model's state has changed.</summary>
    public event Action? StateChanged;

    /// <summary>The models. Any thread.</summary>
    public IReadOnlyList<PipelineModel> All => _models;

    /// <summary>Whether a frame would get a result.</summary>
    public bool IsAnyOpen
    {
        get
        {
            foreach (PipelineModel model in _models)
                if (model.Stages is not null) return true;
            return false;
        }
    }

    private bool IsAnyOutdated
    {
        get
        {
            foreach (PipelineModel model in _models)
                if (model.IsOutdated) return true;
            return false;
        }
    }

    /// <summary>How long its frames waited and took to decode. Any thread reads.</summary>
    public FrameDurations Durations { get; } = new();

    /// <summary>What is known of the last frame.</summary>
    public ref readonly FrameInfo Frame => ref _frame;

    /// <summary>Whether the last frame gave a result: where every model failed with it, it did not, and has no age.</summary>
    public bool HasResult { get; private set; }

    /// <summary>The oldest age that the last frame had at one of its results.</summary>
    public double AgeMilliseconds { get; private set; }

    /// <summary>How long until a model is to be opened; infinite while all are open.</summary>
    public TimeSpan Wait
    {
        get
        {
            TimeSpan least = Timeout.InfiniteTimeSpan;
            foreach (PipelineModel model in _models)
            {
                TimeSpan wait = model.Wait;
                if (wait != Timeout.InfiniteTimeSpan && (least == Timeout.InfiniteTimeSpan || wait < least)) least = wait;
            }

            return least;
        }
    }

    /// <summary>Another score threshold for labels without one of their own; null for each model's. Between two frames.</summary>
    public void UseThreshold(double? threshold)
    {
        foreach (PipelineModel model in _models) model.UseThreshold(threshold);
        _recorder?.UseThreshold(threshold);
    }

    /// <summary>Opens the models whose time has come, and takes better sessions of those that are open. Between two frames.</summary>
    /// <param name="stop">The pipeline stops.</param>
    public void OpenDue(CancellationToken stop)
    {
        if (Wait != TimeSpan.Zero && !IsAnyOutdated) return;
        foreach (PipelineModel model in _models)
        {
            if ((model.Wait != TimeSpan.Zero && !model.IsOutdated) || stop.IsCancellationRequested) continue;
            bool wasPending = model.IsPending;
            try
            {
                _pulse.Load();
                if (model.TryOpen(stop)) Bind();
                else if (wasPending || stop.IsCancellationRequested) continue;
                StateChanged?.Invoke();
            }
            catch (FaultException e)
            {
                Fail(model, e.Fault);
            }
#pragma warning disable CA1031 // A defect in one model must not end the others.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Fail(model, Defect(e));
            }
            finally
            {
                _pulse.Step();
            }
        }

        if (_models.All(static m => m.Stages is not null)) RefuseUnknownLabels();
    }

    /// <summary>Takes a frame to its results and returns its lease as soon as its bytes are no longer needed.</summary>
    /// <returns>Ok where at least one model was run; what its results are is with each model.</returns>
    public DecodeOutcome Process(FrameLease frame)
    {
        AgeMilliseconds = 0;
        HasResult = false;
        DecodeOutcome outcome = Decode(frame);
        if (outcome != DecodeOutcome.Ok) return outcome;
        for (int i = 0; i < _models.Length; i++)
            if (_models[i].HasFrame) Run(i, _models[i]);
        return DecodeOutcome.Ok;
    }

    /// <summary>What was wrong with the last frame.</summary>
    public Fault Describe(DecodeOutcome outcome, string where) => _frames!.Describe(outcome, where);

    /// <summary>Closes all models; what their sinks held back is sent.</summary>
    public void Dispose()
    {
        foreach (PipelineModel model in _models) model.Close();
        _frames?.Dispose();
        _frames = null;
    }

    private DecodeOutcome Decode(FrameLease frame)
    {
        using (frame)
        {
            _frame = frame.Info;
            Durations.Capture.Add(_time.GetElapsedTime(_frame.CapturedTimestamp));
            if (_models.Length > 1 && _frame.Id.IsEmpty) _frame.Id = _numbers.NextFrameId();
            StageTimes times = default;
            DecodeOutcome outcome = _frames!.Decode(frame, ref times);
            if (outcome != DecodeOutcome.Ok) return outcome;
            Durations.Decode.AddMilliseconds(times.DecodeMilliseconds);
            DecodeOutcome fitted = DecodeOutcome.WrongSize;
            foreach (PipelineModel model in _models)
            {
                model.HasFrame = false;
                if (model.Stages is not { } stages) continue;
                outcome = stages.Fit(_frames, _frame, times);
                model.HasFrame = outcome == DecodeOutcome.Ok;
                if (model.HasFrame) fitted = DecodeOutcome.Ok;
            }

            if (fitted == DecodeOutcome.Ok && _models.Length > 1) NoteSizes();
            return fitted;
        }
    }

    // Where every model refuses the size, the frame is refused; where one takes it, the others say why they do not.
    private void NoteSizes()
    {
        foreach (PipelineModel model in _models)
        {
            if (model.Stages is null || model.HasFrame == model.Fault is null) continue;
            Fault? fault = model.HasFrame ? null : _frames!.Describe(DecodeOutcome.WrongSize, model.Name);
            model.Note(fault);
            if (fault is not null) LogFailed(_logger, _options.Name, model.Name, fault);
            StateChanged?.Invoke();
        }
    }

    private void Run(int index, PipelineModel model)
    {
        try
        {
            _pulse.Step();
            ModelStages stages = model.Stages!;
            stages.Infer(_numbers);
            if (_devices.IsLost) return;
            HasResult = true;
            _recorder?.Result(index, stages.Prediction);
            AgeMilliseconds = Math.Max(AgeMilliseconds, stages.Prediction.AgeMilliseconds);
            model.Publish();
        }
        catch (FaultException e)
        {
            Fail(model, e.Fault);
        }
#pragma warning disable CA1031 // A defect in one model must not end the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(model, Defect(e));
        }
    }

    private void Fail(PipelineModel model, Fault fault)
    {
        _recorder?.Abandon();
        bool isNews = model.Fail(fault);
        Bind();

        // Of a lost device the agent speaks for all, and nothing is tried again.
        if (!isNews || _devices.IsLost) return;
        LogFailed(_logger, _options.Name, model.Name, fault);
        StateChanged?.Invoke();
    }

    /// <summary>Another set of models wants other pictures of the decoder.</summary>
    private void Bind()
    {
        _frames?.Dispose();
        ModelStages[] open = [.. _models.Select(static m => m.Stages).OfType<ModelStages>()];
        _frames = open.Length == 0 ? null
            : new FrameDecoder([.. open.Select(static s => s.Model.Input)], _options.Source.Turn, PreprocessorLimits.Default, _time, _logger);
        if (open.Length > 0) _recorder?.Bind(_models);
    }

    // With one model its decoder has refused them already.
    private void RefuseUnknownLabels()
    {
        if (_models.Length == 1) return;
        string[] known = [.. _models.SelectMany(static m => m.Stages!.Model.Labels)];
        if (_options.UnknownLabel(known) is not { } unknown) return;
        string cure = NearestKey.Find(unknown, known) is { } near ? $"did you mean '{near}'?" : "see what check says of the configuration";
        Fault fault = new(FaultKind.Configuration, _options.Name, $"none of the models {string.Join(", ", _options.Models)} has the label {Quoted.Text(unknown)}", cure);
        foreach (PipelineModel model in _models) Fail(model, fault);
    }

    private static Fault Defect(Exception e) => new(FaultKind.Internal, "", $"unexpected {e.GetType().Name}: {e.Message}", "report this as a defect");

    [LoggerMessage(EventId = 6002, Level = LogLevel.Error, Message = "pipeline {Pipeline} cannot run {Model}, and tries again while the agent runs: {Fault}")]
    private static partial void LogFailed(ILogger logger, string pipeline, string model, Fault fault);
}

using EdgeInfer.Configuration;
using EdgeInfer.Delivery;
using EdgeInfer.Diagnostics;
using EdgeInfer.Heat;
using EdgeInfer.Inference;
using EdgeInfer.Messaging;
using EdgeInfer.Results;
using EdgeInfer.Settings;
using EdgeInfer.Sinks;

namespace EdgeInfer.Pipeline;

/// <summary>Builds pipelines from their plans; nothing that it builds does anything before it is started.</summary>
/// <param name="services">What the process gives.</param>
/// <param name="device">The device's id.</param>
/// <param name="boot">Counts the agent's starts.</param>
/// <param name="outbox">Where results of QoS 1 go.</param>
/// <param name="outgoing">Where results of QoS 0 go.</param>
/// <param name="clock">Whether capture times can be trusted.</param>
/// <param name="settings">What can be set of a pipeline, by its name.</param>
/// <param name="governed">What the governor leaves of every pipeline's rate.</param>
/// <param name="stateChanged">Called after a pipeline's state has changed, on its threads.</param>
internal sealed class PipelineFactory(
    AgentServices services, string device, long boot, Outbox outbox, IOutgoing outgoing, ClockQuality clock, Func<PipelineOptions, LiveSettings> settings, RateFactor governed,
    Action stateChanged)
{
    // A pipeline that is started anew goes on with its count: with the boot, seq names one result for ever.
    private readonly Dictionary<string, ResultNumbers> _numbers = [];

    /// <summary>A pipeline, not started.</summary>
    /// <param name="plan">What it is to do.</param>
    /// <param name="models">Opens its models.</param>
    public RunningPipeline Build(PipelinePlan plan, SessionRegistry models)
    {
        string name = plan.Options.Name;
        if (!_numbers.TryGetValue(name, out ResultNumbers? numbers)) _numbers.Add(name, numbers = new(boot));
        PipelineWorker worker = new(
            plan.Options, numbers, [.. plan.Models.Select(model => Opening(plan, model, models))], services.Time, NextRandom(), services.Logger, Recorder(plan, models),
            settings(plan.Options), governed, services.Devices);
        worker.StateChanged += stateChanged;
        return new(plan, worker);
    }

    private ModelOpening Opening(PipelinePlan plan, PlannedModel model, SessionRegistry models)
    {
        IResultOutlet outlet = Outlet(plan, model.Name);
        Random ids = NextRandom();
        return new(model.Name, services.Live.Of(model.Key), path => Open(model.Name, path, models), stages => new MqttPredictionSink(
            new PredictionEnvelope(Facts(plan.Options, stages) with { Stream = plan.Options.Models.Count > 1 ? StreamOf(plan.Options, model.Name) : null }), plan.Options.Publish, outlet, clock, services.Time, ids, settings(plan.Options)));
    }

    private static ServedModel Open(string name, string path, SessionRegistry models) => path.Length > 0 ? models.Open(path) : throw FaultException.Of(
        FaultKind.Unavailable, name, "no release of this model serves, and it has no initial one", "see what its updates are at: edgeinfer update status");

    private static string StreamOf(PipelineOptions pipeline, string model) => pipeline.Models.Count > 1 ? $"{pipeline.Name}/{model}" : pipeline.Name;

    private IResultOutlet Outlet(PipelinePlan plan, string model)
    {
        PipelineOptions pipeline = plan.Options;
        MqttTopics topics = new(plan.Prefix, device);
        MqttTopic topic = topics.Prediction(pipeline, model);
        string stream = StreamOf(pipeline, model);
        if (pipeline.Publish.Qos > 0 && pipeline.Publish.Predictions != PublishMode.Off)
            return new OutboxOutlet(outbox, outbox.Open(new(stream, topic.Name, topics.History(pipeline.Name).Name, DeliveryClass.Prediction), pipeline.IsDurable));
        return new BestEffortOutlet(outgoing, topic, outbox.NumbersOf(stream));
    }

    private PipelineRecorder? Recorder(PipelinePlan plan, SessionRegistry models) => plan.Options.Record is null ? null : new(
        plan.Options, new(device, boot, services.Version, models.Threads),
        (index, stages) => new(new(plan.Models[index].Name, services.Live.PathOf(plan.Models[index].Key), default), Facts(plan.Options, stages)),
        clock, services.Time, NextRandom());

    private PredictionFacts Facts(PipelineOptions pipeline, ModelStages stages) => new(
        device, pipeline.Name, boot, stages.Model.Name, stages.Model.Version, stages.Model.Digest, stages.Provider,
        EnvelopeShape.Of(stages.Model.Task), stages.Model.Labels);

#pragma warning disable CA5394 // Jitter and ids need to be spread, not secret.
    private Random NextRandom() => new(services.Random.Next());
#pragma warning restore CA5394
}

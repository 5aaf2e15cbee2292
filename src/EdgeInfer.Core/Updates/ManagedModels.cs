using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Slots;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Updates;

/// <summary>What serves each managed model when the agent starts: needs no network, and reads nothing but the store.</summary>
internal static partial class ManagedModels
{
    /// <summary>
    /// Decides for each managed model of a configuration what serves it. A start of a trial is written down before anything is loaded; one that
    /// was started too often is rolled back here. A model without any release begins with what the configuration gives it.
    /// </summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="store">The store.</param>
    /// <param name="live">Receives each model; one that nothing serves yet with an empty path.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">What was decided, and what stands in the way.</param>
    public static void Begin(AgentConfiguration configuration, ManagedStore store, LiveModels live, TimeProvider time, ILogger logger)
    {
        foreach (ModelReference reference in configuration.Models.Values.Where(static r => r.Managed is not null).DistinctBy(static r => r.Managed))
        {
            string path = "";
            try
            {
                path = PathOf(reference, store, time, logger);
            }
            catch (FaultException e)
            {
                // The others serve; this one says why it does not.
                LogFault(logger, e.Fault);
            }

            live.Open(reference.Managed!, path);
        }
    }

    private static string PathOf(ModelReference reference, ManagedStore store, TimeProvider time, ILogger logger)
    {
        string model = reference.Managed!;
        SlotFile slots = store.Manage(model);
        if (slots.Slots.Trial is not null) ResumeTrial(model, slots, store, time, logger);
        if (slots.Slots.Serving is null && reference.Path.Length > 0)
        {
            Generation initial = store.Generations.AdoptInitial(model, reference.Path, ModelLoader.Load(reference.Path).Version);
            slots.Write(slots.Slots.AdoptInitial(initial));
            LogInitial(logger, model, initial.ToString(), reference.Path);
        }

        return slots.Slots.Serving is { } serving ? store.Generations.PathOf(model, serving) : "";
    }

    private static void ResumeTrial(string model, SlotFile slots, ManagedStore store, TimeProvider time, ILogger logger)
    {
        SlotTrial trial = slots.Slots.Trial!;
        try
        {
            slots.Write(slots.Slots.NoteAttempt());
            LogResumed(logger, model, trial.Generation.ToString(), trial.Attempts + 1);
        }
        catch (UpdateException e)
        {
            TrialEnd.RollBack(model, slots, store, e.Code, e.Fault.What, time);
            LogRolledBack(logger, model, trial.Generation.ToString(), e.Fault.What);
        }
    }

    [LoggerMessage(EventId = 10001, Level = LogLevel.Information, Message = "model {Model}: {Generation} is what this device begins with, from {Path}")]
    private static partial void LogInitial(ILogger logger, string model, string generation, string path);

    [LoggerMessage(EventId = 10002, Level = LogLevel.Information, Message = "model {Model}: the trial of {Generation} goes on, start {Attempt} that has not ended well yet")]
    private static partial void LogResumed(ILogger logger, string model, string generation, int attempt);

    [LoggerMessage(EventId = 10003, Level = LogLevel.Error, Message = "model {Model}: {Generation} is rolled back: {Why}")]
    private static partial void LogRolledBack(ILogger logger, string model, string generation, string why);

    [LoggerMessage(EventId = 10004, Level = LogLevel.Error, Message = "{Fault}")]
    private static partial void LogFault(ILogger logger, Fault fault);
}

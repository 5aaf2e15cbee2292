using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Slots;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Updates;

/// <summary>What serves each managed model when the agent starts: needs no network, and reads nothing but the store.</summary>
internal static partial class ManagedModels
{
    /// <summary>Decides for each managed model of a configuration what serves it.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="store">The store.</param>
    /// <param name="live">Receives each model; one that nothing serves yet with an empty path.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">What was decided, and what stands in the way.</param>
    /// <returns>The models, for their updates; of one without slots nobody knows yet what is to serve.</returns>
    public static IReadOnlyList<ManagedServing> Begin(AgentConfiguration configuration, ManagedStore store, LiveModels live, TimeProvider time, ILogger logger)
    {
        List<ManagedServing> models = [];
        foreach (IGrouping<string, ModelReference> references in configuration.Models.Values.Where(static r => r.Managed is not null).GroupBy(static r => r.Managed!, StringComparer.Ordinal))
        {
            string initial = references.Select(static r => r.Path).FirstOrDefault(static p => p.Length > 0) ?? "";
            GateLimits gate = references.Select(static r => GateLimits.Of(r.Gate)).Aggregate(static (one, other) => one.Tightened(other));
            ManagedServing serving = new(references.Key, initial, gate, store, time, logger);
            string path = "";
            try
            {
                path = serving.Begin();
            }
            catch (FaultException e)
            {
                // The others serve; this one says why it does not, and is tried again once the agent is up.
                LogFault(logger, e.Fault);
                // Of a model that nothing has ever been written of, everybody knows what serves: what it was to begin with.
                if (StoreFaults.IsOfTheDisk(e) && !ManagedModel.IsManaged(store.Folders.Model(references.Key))) path = initial;
            }

            live.Open(references.Key, path);
            models.Add(serving);
        }

        return models;
    }

    [LoggerMessage(EventId = 10004, Level = LogLevel.Error, Message = "{Fault}")]
    private static partial void LogFault(ILogger logger, Fault fault);
}

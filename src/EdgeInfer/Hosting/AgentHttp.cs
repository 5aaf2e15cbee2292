using EdgeInfer.Configuration;
using EdgeInfer.Pipeline;
using EdgeInfer.Serving;

namespace EdgeInfer.Hosting;

/// <summary>Puts the agent behind its HTTP listener, where the configuration has one; otherwise nothing of it is ever touched.</summary>
internal sealed class AgentHttp : IAsyncDisposable
{
    private readonly TimeSpan _longestStep;
    private readonly HealthServer? _server;
    private volatile Agent? _agent;
    private volatile bool _isStopping;

    /// <summary>Begins to listen, before the agent is up: models may take long to load.</summary>
    /// <param name="options">Where.</param>
    /// <param name="services">What the process gives.</param>
    /// <param name="longestStep">What one step of a pipeline may take before it counts as stuck: the same for the service manager's watchdog.</param>
    public AgentHttp(HttpOptions options, AgentServices services, TimeSpan longestStep)
    {
        _longestStep = longestStep;
        if (options.Listen is not { } address) return;
        HealthSubject subject = new(services.Version, () => _agent?.Readings(), () => _isStopping, WhyStuck) { SystemText = services.SystemText };
#pragma warning disable CA5394 // Jitter needs to be spread, not secret.
        _server = new(address, subject, services.Time, new Random(services.Random.Next()), services.Logger);
#pragma warning restore CA5394
    }

    /// <summary>The agent is up.</summary>
    public void Serve(Agent agent) => _agent = agent;

    /// <summary>The agent is about to end.</summary>
    public void Stopping() => _isStopping = true;

    private string? WhyStuck() => _agent?.Condition(_longestStep).Stuck is { Count: > 0 } stuck ? string.Join("; ", stuck) : null;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? default;
}

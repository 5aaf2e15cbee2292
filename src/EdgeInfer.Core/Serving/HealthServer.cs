using System.Net;
using EdgeInfer.Diagnostics;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Serving;

/// <summary>
/// Health and metrics over HTTP/1.1: Kestrel alone, without a container, routes or a log of its own. Few clients, short requests, short
/// patience. Where the address cannot be had, one line says so, and it is tried again until it can; the agent goes on all the while.
/// </summary>
internal sealed partial class HealthServer : IAsyncDisposable
{
    /// <summary>Connections at a time; more are closed as they come.</summary>
    public const int MostConnections = 32;

    /// <summary>How long a request's head may take from its first byte on.</summary>
    public static readonly TimeSpan LongestHead = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection may be silent between requests, and before the first: longer than the usual 15 s between two scrapes.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan s_firstDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(60);

    private readonly IPEndPoint _address;
    private readonly HealthRequests _requests;
    private readonly TimeProvider _time;
    private readonly Backoff _backoff;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<IPEndPoint> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _serving;
    private KestrelServer? _server;

    /// <summary>Begins to listen; returns at once.</summary>
    /// <param name="address">Where; port 0 for any that is free.</param>
    /// <param name="subject">What it speaks of.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">Jitter; not shared with another thread.</param>
    /// <param name="logger">What an operator should know.</param>
    public HealthServer(IPEndPoint address, HealthSubject subject, TimeProvider time, Random random, ILogger logger)
    {
        _address = address;
        _requests = new(subject);
        _time = time;
        _backoff = new(s_firstDelay, s_longestDelay, random);
        _logger = logger;
        _serving = Task.Run(ListenAsync);
    }

    /// <summary>Ends once it listens: where.</summary>
    public Task<IPEndPoint> Listening => _listening.Task;

    /// <summary>Ends every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _serving.ConfigureAwait(false);
        _listening.TrySetCanceled();
        if (_server is { } server)
        {
            // Cancelled already: nobody's answer is waited for.
            await server.StopAsync(_stop.Token).ConfigureAwait(false);
            server.Dispose();
        }

        _stop.Dispose();
    }

    private async Task ListenAsync()
    {
        string? said = null;
        while (!_stop.IsCancellationRequested)
        {
            KestrelServer server = KestrelSetup.Create(_address, MostConnections, LongestHead, LongestSilence, new(_logger, _time));
            try
            {
                await server.StartAsync(_requests, _stop.Token).ConfigureAwait(false);
                _server = server;
                IPEndPoint bound = KestrelSetup.Bound(server, _address);
                LogListens(_logger, bound);
                _listening.TrySetResult(bound);
                return;
            }
            catch (OperationCanceledException)
            {
                server.Dispose();
                return;
            }
            catch (Exception e) when (KestrelSetup.IsRefusal(e))
            {
                server.Dispose();
                Fault fault = FaultOf(e);
                if (said != fault.What) LogWithout(_logger, fault);
                said = fault.What;
            }

            await Task.Delay(_backoff.Next(), _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Fault FaultOf(Exception e)
    {
        const string Again = "until then it is tried again and the agent runs without health and metrics";
        (string what, string cure) = KestrelSetup.Explain(e, _address, "http.listen");
        return new(FaultKind.Unavailable, $"http.listen: {_address}", what, cure.Length == 0 ? Again : $"{cure}; {Again}");
    }

    [LoggerMessage(EventId = 7101, Level = LogLevel.Information, Message = "health and metrics at http://{Address}: /livez, /readyz, /metrics")]
    private static partial void LogListens(ILogger logger, IPEndPoint address);

    [LoggerMessage(EventId = 7102, Level = LogLevel.Warning, Message = "{Fault}")]
    private static partial void LogWithout(ILogger logger, Fault fault);
}

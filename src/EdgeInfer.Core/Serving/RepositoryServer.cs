using System.Net;
using EdgeInfer.Diagnostics;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Serving;

/// <summary>A repository of models over plain HTTP/1.1, for a first try on a local network: what is fetched is signed, so nothing of it has to be secret.</summary>
internal sealed class RepositoryServer : IAsyncDisposable
{
    private const int MostConnections = 256;
    private static readonly TimeSpan s_longestHead = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_longestSilence = TimeSpan.FromSeconds(60);

    private readonly KestrelServer _server;

    private RepositoryServer(KestrelServer server, IPEndPoint address)
    {
        _server = server;
        Address = address;
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address { get; }

    /// <summary>Listens.</summary>
    /// <param name="folder">The repository.</param>
    /// <param name="address">Where; port 0 for any that is free.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Hears of each request.</param>
    /// <param name="stop">Ends starting.</param>
    /// <exception cref="FaultException">The address cannot be had.</exception>
    public static async Task<RepositoryServer> StartAsync(string folder, IPEndPoint address, TimeProvider time, ILogger logger, CancellationToken stop)
    {
        KestrelServer server = KestrelSetup.Create(address, MostConnections, s_longestHead, s_longestSilence, new(logger, time));
        try
        {
            await server.StartAsync(new RepositoryRequests(folder, logger), stop).ConfigureAwait(false);
            return new(server, KestrelSetup.Bound(server, address));
        }
        catch (Exception e)
        {
            server.Dispose();
            if (!KestrelSetup.IsRefusal(e)) throw;
            (string what, string cure) = KestrelSetup.Explain(e, address, "--listen");
            throw FaultException.Of(FaultKind.Unavailable, address.ToString(), what, cure, e);
        }
    }

    /// <summary>Ends every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        // Cancelled already: nobody's answer is waited for.
        await _server.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        _server.Dispose();
    }
}

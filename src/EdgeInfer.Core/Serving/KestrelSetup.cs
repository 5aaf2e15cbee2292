using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace EdgeInfer.Serving;

/// <summary>Kestrel alone, for small servers of plain HTTP/1.1: without a container, routes or a log of its own, and with little patience.</summary>
internal static class KestrelSetup
{
    /// <summary>Makes a server that does not listen yet.</summary>
    /// <param name="address">Where; port 0 for any that is free.</param>
    /// <param name="mostConnections">Connections at a time; more are closed as they come.</param>
    /// <param name="longestHead">How long a request's head may take from its first byte on.</param>
    /// <param name="longestSilence">How long a connection may be silent between requests, and before the first.</param>
    /// <param name="log">Where its warnings go.</param>
    public static KestrelServer Create(IPEndPoint address, int mostConnections, TimeSpan longestHead, TimeSpan longestSilence, KestrelLog log)
    {
        KestrelServerOptions options = new() { AddServerHeader = false, ApplicationServices = NoServices.Instance };
        KestrelServerLimits limits = options.Limits;
        limits.MaxConcurrentConnections = mostConnections;
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.KeepAliveTimeout = longestSilence;
        limits.RequestHeadersTimeout = longestHead;
        limits.MaxRequestLineSize = 1 << 10;
        limits.MaxRequestHeadersTotalSize = 8 << 10;
        limits.MaxRequestHeaderCount = 40;
        limits.MaxRequestBufferSize = 16 << 10;
        limits.MaxRequestBodySize = 0;
        options.Listen(address, static listen => listen.Protocols = HttpProtocols.Http1);
        SocketTransportOptions transport = new() { Backlog = mostConnections, IOQueueCount = 1 };
        return new(Options.Create(options), new SocketTransportFactory(Options.Create(transport), log), log);
    }

    /// <summary>Where a server listens that was started.</summary>
    public static IPEndPoint Bound(KestrelServer server, IPEndPoint asked)
    {
        string? address = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        return address is null ? asked : new(asked.Address, new Uri(address).Port);
    }

    /// <summary>Whether an exception of starting says that the address cannot be had.</summary>
    public static bool IsRefusal(Exception e) => e is IOException or SocketException or UnauthorizedAccessException;

    /// <summary>Why the address cannot be had, in a few words; and what would cure it.</summary>
    /// <param name="e">What starting threw.</param>
    /// <param name="address">The address.</param>
    /// <param name="setting">Where the address is written.</param>
    public static (string What, string Cure) Explain(Exception e, IPEndPoint address, string setting)
    {
        SocketError? error = (e as SocketException ?? e.InnerException as SocketException)?.SocketErrorCode;
        return error switch
        {
            _ when e is AddressInUseException || e.InnerException is AddressInUseException || error == SocketError.AddressAlreadyInUse
                => ($"port {address.Port} is in use by another program", $"stop that one, or write another port in {setting}"),
            SocketError.AddressNotAvailable => ("this machine does not have that address", $"write 127.0.0.1 or one of its own in {setting}"),
            SocketError.AccessDenied => ($"this user may not listen on port {address.Port}", $"write a port from 1024 up in {setting}"),
            _ => (e.Message, ""),
        };
    }

    /// <summary>Kestrel asks it for nothing that plain HTTP needs.</summary>
    private sealed class NoServices : IServiceProvider
    {
        public static NoServices Instance { get; } = new();

        public object? GetService(Type serviceType) => null;
    }
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace EdgeInfer.Messaging;

/// <summary>
/// A broker in this process (<c>embedded://127.0.0.1:1883</c>): loopback only, unless it has a user and a password. Retained messages
/// live as long as the process.
/// </summary>
internal sealed class EmbeddedBroker : IAsyncDisposable
{
    private readonly MqttServer _server;
    private readonly SilentClients _silent;

    private EmbeddedBroker(MqttServer server, IPEndPoint address, TimeProvider time)
    {
        _server = server;
        _silent = new(server, time);
        IPAddress reachable = address.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : address.Address;
        Url = new(string.Create(CultureInfo.InvariantCulture, $"mqtt://{reachable}:{address.Port}"));
        Port = address.Port;
    }

    /// <summary>Where clients on this machine connect, with the port really used.</summary>
    public Uri Url { get; }

    /// <summary>The port really used.</summary>
    public int Port { get; }

    /// <summary>Starts a broker.</summary>
    /// <param name="options">Its address is <c>embedded://</c>, an IPv4 address or <c>localhost</c>, and a port (0: any free one; default 1883).</param>
    /// <param name="mayMove">Whether another free port is taken when that one is in use.</param>
    /// <param name="time">Clock; null for the system's.</param>
    /// <exception cref="FaultException">The port is in use, or the address is not this machine's or not allowed.</exception>
    public static async Task<EmbeddedBroker> StartAsync(MqttOptions options, bool mayMove, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        Uri url = options.Url;
        string where = $"{url.Scheme}://{url.Authority}";
        IPAddress? address = url.IdnHost == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(url.IdnHost, out IPAddress? parsed) ? parsed : null;
        if (address is not { AddressFamily: AddressFamily.InterNetwork })
            throw FaultException.Of(FaultKind.Configuration, where, "the embedded broker needs an IPv4 address", "write embedded://127.0.0.1:1883 in mqtt.url");
        if (!IPAddress.IsLoopback(address) && (options.Username is null || options.Password is null))
            throw FaultException.Of(FaultKind.Configuration, where, "the embedded broker listens beyond this machine only with a user and a password", "set mqtt.username and mqtt.password, or use 127.0.0.1");
        int port = url.Port >= 0 ? url.Port : 1883;
        try
        {
            return await ListenAsync(options, address, port, time).ConfigureAwait(false);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse && mayMove)
        {
            return await ListenAsync(options, address, 0, time).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => FaultException.Of(FaultKind.Unavailable, where, $"port {port} is in use by another program",
                    $"use that one as the broker (mqtt.url: mqtt://{address}:{port}), stop it, or give the embedded broker another port", e),
                SocketError.AddressNotAvailable => FaultException.Of(FaultKind.Configuration, where, "this machine does not have that address", "use 127.0.0.1 or one of its own", e),
                SocketError.AccessDenied => FaultException.Of(FaultKind.Configuration, where, $"this user may not listen on port {port}", "use a port from 1024 up", e),
                _ => FaultException.Of(FaultKind.Unavailable, where, e.Message, "", e),
            };
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _silent.DisposeAsync().ConfigureAwait(false);
        await _server.StopAsync(new MqttServerStopOptions
        {
            DefaultClientDisconnectOptions = new() { ReasonCode = MqttDisconnectReasonCode.ServerShuttingDown },
        }).ConfigureAwait(false);
        _server.Dispose();
    }

    private static async Task<EmbeddedBroker> ListenAsync(MqttOptions options, IPAddress address, int port, TimeProvider time)
    {
        MqttServerOptions settings = new MqttServerOptionsBuilder()
            .WithDefaultEndpoint()
            .WithDefaultEndpointBoundIPAddress(address)
            .WithDefaultEndpointBoundIPV6Address(IPAddress.None)
            .WithDefaultEndpointPort(port)
            .WithoutEncryptedEndpoint()
            .Build();
        settings.DefaultEndpointOptions.LingerState = new LingerOption(false, 0);

        // It reads the wall clock: a step forward throws everybody out, one back keeps the dead.
        settings.KeepAliveOptions.MonitorInterval = Timeout.InfiniteTimeSpan;
        MqttServer server = new MqttServerFactory().CreateMqttServer(settings, [new GuestNaming()]);
        server.ValidatingConnectionAsync += static connection =>
        {
            if (string.IsNullOrEmpty(connection.ClientId)) connection.AssignedClientIdentifier = GuestNaming.NewName();
            return Task.CompletedTask;
        };
        if (options is { Username: { } user, Password: { } password })
        {
            server.ValidatingConnectionAsync += connection =>
            {
                bool isKnown = Same(connection.UserName, user) & Same(connection.Password, password.Reveal());
                if (!isKnown) connection.ReasonCode = MqttConnectReasonCode.BadUserNameOrPassword;
                return Task.CompletedTask;
            };
        }

        try
        {
            await server.StartAsync().ConfigureAwait(false);
        }
        catch
        {
            server.Dispose();
            throw;
        }

        return new(server, new IPEndPoint(address, settings.DefaultEndpointOptions.Port), time);
    }

    /// <summary>Compares in a time that does not tell where the difference is.</summary>
    private static bool Same(string? given, string expected)
        => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given ?? ""), Encoding.UTF8.GetBytes(expected));
}

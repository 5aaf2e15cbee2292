using System.Net;
using System.Security.Cryptography.X509Certificates;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Server;
using MQTTnet.Server.Internal.Adapter;

namespace EdgeInfer.Messaging;

/// <summary>
/// Names clients that give no name. Both versions of MQTT let a broker do so (3.1.1, 3.1.3.1; 5.0, 3.1.3.1), and mosquitto_sub counts on it; MQTTnet does
/// it for version 5 alone. Only for sessions that end with the connection, as 3.1.1 demands.
/// </summary>
internal sealed class GuestNaming : IMqttServerAdapter
{
    private readonly MqttTcpServerAdapter _inner = new();
    private Func<IMqttChannelAdapter, Task>? _handler;

    /// <inheritdoc/>
    public Func<IMqttChannelAdapter, Task> ClientHandler
    {
        get => _handler!;
        set
        {
            _handler = value;
            _inner.ClientHandler = value is null ? null! : channel => value(new Channel(channel));
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(MqttServerOptions options, IMqttNetLogger logger) => _inner.StartAsync(options, logger);

    /// <inheritdoc/>
    public Task StopAsync() => _inner.StopAsync();

    /// <inheritdoc/>
    public void Dispose() => _inner.Dispose();

    /// <summary>The channel as it is, but for the first packet.</summary>
    private sealed class Channel(IMqttChannelAdapter inner) : IMqttChannelAdapter
    {
        public long BytesReceived => inner.BytesReceived;

        public long BytesSent => inner.BytesSent;

        public X509Certificate2 ClientCertificate => inner.ClientCertificate;

        public EndPoint RemoteEndPoint => inner.RemoteEndPoint;

        public EndPoint LocalEndPoint => inner.LocalEndPoint;

        public bool IsSecureConnection => inner.IsSecureConnection;

        public MqttPacketFormatterAdapter PacketFormatterAdapter => inner.PacketFormatterAdapter;

        public Task ConnectAsync(CancellationToken cancellationToken) => inner.ConnectAsync(cancellationToken);

        public Task DisconnectAsync(CancellationToken cancellationToken) => inner.DisconnectAsync(cancellationToken);

        public async Task<MqttPacket> ReceivePacketAsync(CancellationToken cancellationToken)
        {
            MqttPacket packet = await inner.ReceivePacketAsync(cancellationToken).ConfigureAwait(false);
            // Of version 5 the client has to learn its name, which the server's own way tells it.
            if (packet is MqttConnectPacket { CleanSession: true } connect && string.IsNullOrEmpty(connect.ClientId) && PacketFormatterAdapter.ProtocolVersion != MqttProtocolVersion.V500)
                connect.ClientId = NewName();
            return packet;
        }

        public void ResetStatistics() => inner.ResetStatistics();

        public Task SendPacketAsync(MqttPacket packet, CancellationToken cancellationToken) => inner.SendPacketAsync(packet, cancellationToken);

        public void Dispose() => inner.Dispose();
    }

    /// <summary>A name that nobody else has.</summary>
    public static string NewName() => $"guest-{Guid.NewGuid():N}";
}

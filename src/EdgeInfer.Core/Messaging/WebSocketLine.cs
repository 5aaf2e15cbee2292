using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using MQTTnet.Channel;

namespace EdgeInfer.Messaging;

/// <summary>
/// MQTT in the binary messages of a WebSocket (MQTT 5, section 6). MQTTnet's own takes neither the certificates behind the device's nor a
/// rule how the broker's is judged. Whether the broker still lives is MQTT's to find out: no WebSocket ping is sent.
/// </summary>
/// <param name="url">ws or wss, with the path.</param>
/// <param name="trust">Its TLS; null where there is none.</param>
/// <param name="settings">How names are resolved, and how long connecting may take.</param>
/// <param name="time">Clock.</param>
internal sealed class WebSocketLine(Uri url, BrokerTrust? trust, MqttSettings settings, TimeProvider time) : IMqttChannel
{
    private readonly ClientWebSocket _socket = new();
    private volatile bool _isDisposed;

    /// <inheritdoc/>
    public X509Certificate2? ClientCertificate => null;

    /// <inheritdoc/>
    public EndPoint? RemoteEndPoint => null;

    /// <inheritdoc/>
    public EndPoint? LocalEndPoint => null;

    /// <inheritdoc/>
    public bool IsSecureConnection => trust is not null;

    /// <inheritdoc/>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        _socket.Options.AddSubProtocol("mqtt");
        _socket.Options.KeepAliveInterval = TimeSpan.Zero;
        SocketsHttpHandler handler = new() { AllowAutoRedirect = false, ConnectCallback = (to, stop) => DialAsync(to.DnsEndPoint, stop) };
        if (trust is not null) handler.SslOptions = trust.ToOptions();

        // The socket outlives its handler: an upgraded connection is the socket's alone.
        using HttpMessageInvoker invoker = new(handler);
        await _socket.ConnectAsync(url, invoker, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task DisconnectAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult result = await _socket.ReceiveAsync(buffer.AsMemory(offset, count), cancellationToken).ConfigureAwait(false);
                if (result.MessageType == WebSocketMessageType.Close) return 0;

                // An empty message is none of MQTT's, and not the end.
                if (result.Count > 0) return result.Count;
            }
        }
        catch (Exception e) when (_isDisposed || e is WebSocketException { WebSocketErrorCode: WebSocketError.ConnectionClosedPrematurely, InnerException: null })
        {
            return 0;
        }
    }

    /// <inheritdoc/>
    public async Task WriteAsync(ReadOnlySequence<byte> buffer, bool isEndOfPacket, CancellationToken cancellationToken)
    {
        foreach (ReadOnlyMemory<byte> piece in buffer)
            await _socket.SendAsync(piece, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDisposed = true;
        _socket.Dispose();
    }

    /// <summary>As <see cref="PolledStream.Connect"/>: .NET gives the first address all of the time.</summary>
    private async ValueTask<Stream> DialAsync(DnsEndPoint to, CancellationToken stop)
    {
        IPAddress[] addresses = IPAddress.TryParse(to.Host, out IPAddress? known) ? [known] : await settings.Resolve(to.Host, stop).WaitAsync(stop).ConfigureAwait(false);
        for (int i = 0; i < addresses.Length; i++)
        {
            bool isLast = i + 1 == addresses.Length;
            using CancellationTokenSource share = new(isLast ? Timeout.InfiniteTimeSpan : settings.ConnectTimeout / addresses.Length, time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(share.Token, stop);
            Socket? socket = null;
            try
            {
                socket = new(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(new IPEndPoint(addresses[i], to.Port), either.Token).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                socket?.Dispose();
                if (isLast || stop.IsCancellationRequested) throw;
            }
        }

        throw new SocketException((int)SocketError.NoData);
    }
}

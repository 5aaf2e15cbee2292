using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>One connection through a <see cref="Link"/>.</summary>
internal sealed class LinkConnection(Link link, Socket agent, int brokerPort, bool isOpaque)
{
    private readonly Socket _broker = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly Dictionary<ushort, (long Boot, long Sequence)> _inFlight = [];
    private volatile bool _isSilent;
    private volatile bool _isEnded;
    private bool _isVersion311;

    /// <summary>Whether nothing passes any more while both sides believe that they are connected.</summary>
    public bool IsSilent => _isSilent;

    /// <summary>Whether the broker has said yes.</summary>
    public bool IsAccepted { get; private set; }

    /// <summary>Serves it to its end.</summary>
    public async Task Run(LinkEnd? down)
    {
        try
        {
            if (down is { } end) End(end);
            if (!_isSilent && !_isEnded)
            {
                await _broker.ConnectAsync("127.0.0.1", brokerPort);
                await Task.WhenAll(Pump(agent, _broker, LinkSide.ToBroker), Pump(_broker, agent, LinkSide.ToAgent));
            }
            else if (_isSilent)
            {
                await Drain(agent, LinkSide.ToBroker);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The broker is not there.
            End(LinkEnd.Reset);
        }
        finally
        {
            IsAccepted = false;
            if (!_isSilent) link.Remove(this);
            if (!_isSilent) Shut(false);
        }
    }

    /// <summary>Ends it.</summary>
    public void End(LinkEnd end)
    {
        IsAccepted = false;
        if (end == LinkEnd.Silence)
        {
            _isSilent = true;
            return;
        }

        _isSilent = false;
        _isEnded = true;
        Shut(end == LinkEnd.Reset);
        link.Remove(this);
    }

    private void Shut(bool isReset)
    {
        foreach (Socket socket in (Socket[])[agent, _broker])
        {
            try
            {
                if (isReset) socket.LingerState = new(true, 0);
                else if (socket.Connected) socket.Shutdown(SocketShutdown.Both);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Its other end was faster.
            }

            socket.Dispose();
        }
    }

    private async Task Pump(Socket from, Socket to, LinkSide side)
    {
        byte[] buffer = new byte[64 * 1024];
        int filled = 0;
        long passed = 0;
        try
        {
            while (true)
            {
                if (filled == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
                int read = await from.ReceiveAsync(buffer.AsMemory(filled));
                if (read == 0) break;
                if (_isSilent) break;
                filled += read;
                if (link.Delay > TimeSpan.Zero) await Task.Delay(link.Delay);
                int used = isOpaque ? await PassBytes(buffer, filled, to, side, passed) : await PassPackets(buffer, filled, to, side);
                passed += used;
                if (used < 0 || _isEnded || _isSilent) break;
                buffer.AsSpan(used, filled - used).CopyTo(buffer);
                filled -= used;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One end is gone: so is the other.
        }

        if (_isSilent) await Drain(from, side);
        else if (!_isEnded) End(LinkEnd.Close);
    }

    /// <summary>What is sent into a silenced line goes nowhere; that one side has hung up is kept from the other.</summary>
    private async Task Drain(Socket from, LinkSide side)
    {
        byte[] nowhere = new byte[4096];
        try
        {
            while (await from.ReceiveAsync(nowhere) > 0) { }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has hung up.
        }

        if (side == LinkSide.ToBroker && !_isEnded) link.AgentLetGo();
    }

    private async Task<int> PassBytes(byte[] buffer, int length, Socket to, LinkSide side, long passed)
    {
        int allowed = link.Allowed(side, 0, length, passed);
        await Send(to, buffer.AsMemory(0, allowed));
        if (link.StrikesAt(side, 0, passed + allowed)) return -1;
        IsAccepted = true;
        return allowed;
    }

    private async Task<int> PassPackets(byte[] buffer, int filled, Socket to, LinkSide side)
    {
        int at = 0;
        while (true)
        {
            int length = MqttBytes.Length(buffer.AsSpan(at, filled - at), out int header);
            if (length == 0 || length > filled - at) return at;
            int kind = buffer[at] >> 4;
            int allowed = link.Allowed(side, kind, length, 0);
            if (side == LinkSide.ToBroker && allowed == length) NoteSent(buffer.AsSpan(at, length), header);

            // Before it is passed on: the agent sends its next as soon as it has it. What it acknowledges counts once it is passed.
            (long Boot, long Sequence) answered = side == LinkSide.ToAgent && allowed == length ? NoteAnswered(buffer.AsSpan(at, length), header) : default;
            await Send(to, buffer.AsMemory(at, allowed));
            if (answered.Sequence > 0) link.Acknowledged[answered] = 0;
            if (link.StrikesAt(side, kind, 0)) return -1;
            at += length;
        }
    }

    private void NoteSent(ReadOnlySpan<byte> packet, int header)
    {
        switch (packet[0] >> 4)
        {
            case MqttBytes.Connect:
                _isVersion311 = packet[header + 6] < 5;
                break;
            case MqttBytes.PingReq:
                link.Pings.Enqueue(Stopwatch.GetTimestamp());
                break;
            case MqttBytes.Publish:
                PublishView message = MqttBytes.ReadPublish(packet, header, _isVersion311);
                link.Published++;
                if (message.Qos == 0) break;
                lock (_inFlight)
                {
                    _inFlight[message.Id] = Identity(message);
                    link.MostInFlight = Math.Max(link.MostInFlight, _inFlight.Count);
                }

                break;
        }
    }

    /// <summary>The prediction that a packet acknowledges; zeros for any other.</summary>
    private (long Boot, long Sequence) NoteAnswered(ReadOnlySpan<byte> packet, int header)
    {
        switch (packet[0] >> 4)
        {
            case MqttBytes.ConnAck:
                IsAccepted = packet[header + 1] == 0;
                return default;
            case MqttBytes.PubAck:
                ushort id = (ushort)((packet[header] << 8) | packet[header + 1]);
                byte reason = packet.Length > header + 2 ? packet[header + 2] : (byte)0;
                lock (_inFlight) return _inFlight.Remove(id, out (long Boot, long Sequence) of) && reason < 0x80 ? of : default;
            default:
                return default;
        }
    }

    /// <summary>Start and number of a prediction; zeros for any other message.</summary>
    private static (long Boot, long Sequence) Identity(in PublishView message)
    {
        if (!message.Topic.EndsWith("/prediction"u8) && !message.Topic.EndsWith("/history"u8)) return default;
        using JsonDocument document = JsonDocument.Parse(message.Payload.ToArray());
        return (document.RootElement.GetProperty("boot").GetInt64(), document.RootElement.GetProperty("seq").GetInt64());
    }

    private static async Task Send(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[await to.SendAsync(bytes)..];
    }
}

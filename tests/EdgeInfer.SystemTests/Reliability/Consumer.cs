using System.Net.Sockets;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>
/// A subscriber at QoS 1 whose session the broker keeps, so that it misses nothing while the agent's line is at fault; it connects again
/// by itself and stamps each message on arrival.
/// </summary>
internal sealed class Consumer : IDisposable
{
    private readonly Lock _lock = new();
    private readonly int _port;
    private readonly string _filter;
    private readonly bool _isVersion311;
    private readonly string? _username;
    private readonly string? _password;
    private readonly string _clientId = $"consumer-{Guid.NewGuid():N}";
    private readonly Thread _thread;
    private TaskCompletionSource _subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? _socket;
    private volatile bool _isOver;

    /// <summary>Starts to connect.</summary>
    public Consumer(int port, string filter = "edgeinfer/#", bool isVersion311 = false, string? username = null, string? password = null)
    {
        (_port, _filter, _isVersion311, _username, _password) = (port, filter, isVersion311, username, password);
        _thread = new(Run) { IsBackground = true, Name = "consumer" };
        _thread.Start();
    }

    /// <summary>What it has received.</summary>
    public Arrivals Arrivals { get; } = new();

    /// <summary>Waits until the broker has its subscription, for the first time or again.</summary>
    public Task Subscribed() => Volatile.Read(ref _subscribed).Task.WaitAsync(TimeSpan.FromSeconds(60));

    /// <summary>To be called before the broker is taken away, so that <see cref="Subscribed"/> waits for the next connection.</summary>
    public void ExpectLoss()
    {
        if (_subscribed.Task.IsCompleted) _subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isOver = true;
        lock (_lock) _socket?.Dispose();
        _thread.Join();
    }

    private void Run()
    {
        while (!_isOver)
        {
            try
            {
                using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                lock (_lock) _socket = socket;
                if (_isOver) return;
                socket.Connect("127.0.0.1", _port);
                Serve(socket);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
            {
                // The broker is away, or the test is over.
                if (!_isOver) Thread.Sleep(50);
            }
        }
    }

    private void Serve(Socket socket)
    {
        Send(socket, MqttBytes.ConnectPacket(_clientId, _isVersion311, _username, _password));
        byte[] buffer = new byte[64 * 1024];
        List<byte> acknowledgements = [];
        int filled = 0;
        while (true)
        {
            if (filled == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
            int read = socket.Receive(buffer, filled, buffer.Length - filled, SocketFlags.None);
            if (read == 0) throw new IOException("the broker has hung up");
            filled += read;
            int at = 0;
            for (int length; (length = MqttBytes.Length(buffer.AsSpan(at, filled - at), out int header)) > 0 && length <= filled - at; at += length)
                Handle(socket, buffer.AsSpan(at, length), header, acknowledgements);
            buffer.AsSpan(at, filled - at).CopyTo(buffer);
            filled -= at;
            if (acknowledgements.Count == 0) continue;
            Send(socket, [.. acknowledgements]);
            acknowledgements.Clear();
        }
    }

    private void Handle(Socket socket, ReadOnlySpan<byte> packet, int header, List<byte> acknowledgements)
    {
        switch (packet[0] >> 4)
        {
            case MqttBytes.ConnAck:
                if (packet[header + 1] != 0) throw new IOException($"the broker refuses the consumer: 0x{packet[header + 1]:X2}");
                Send(socket, MqttBytes.SubscribePacket(1, _filter, _isVersion311));
                break;
            case MqttBytes.SubAck:
                _subscribed.TrySetResult();
                break;
            case MqttBytes.Publish:
                PublishView message = MqttBytes.ReadPublish(packet, header, _isVersion311);
                Arrivals.Add(message);
                if (message.Qos > 0) acknowledgements.AddRange(MqttBytes.PubAckPacket(message.Id));
                break;
        }
    }

    private static void Send(Socket socket, byte[] bytes)
    {
        for (int sent = 0; sent < bytes.Length;) sent += socket.Send(bytes, sent, bytes.Length - sent, SocketFlags.None);
    }
}

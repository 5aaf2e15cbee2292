using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EdgeInfer.Tests.Sources.Streams;

/// <summary>A camera's HTTP server on the loopback: each connection's requests are answered by a script, and ends when the script returns.</summary>
internal sealed class FakeCamera : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly ConcurrentQueue<string> _requests = new();
    private readonly Thread _thread;
    private readonly Action<Visit> _script;
    private int _visits;

    /// <summary>Listens on a free port at once.</summary>
    /// <param name="script">Called on a thread of its own for each connection.</param>
    public FakeCamera(Action<Visit> script)
    {
        _script = script;
        _listener.Start();
        _thread = new Thread(Accept) { IsBackground = true };
        _thread.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Every request's head, in order.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    public Uri Url(string path = "/video") => new($"http://127.0.0.1:{Port}{path}");

    public void Dispose()
    {
        _listener.Stop();
        foreach (Socket socket in _sockets) socket.Dispose();
        _thread.Join();
    }

    private void Accept()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = _listener.AcceptSocket();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            socket.NoDelay = true;
            _sockets.Add(socket);
            int number = ++_visits;
            new Thread(() => Serve(socket, number)) { IsBackground = true }.Start();
        }
    }

    private void Serve(Socket socket, int number)
    {
        try
        {
            using (socket) _script(new Visit(socket, number, _requests));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or EndOfStreamException)
        {
            // The client or the test has gone.
        }
    }

    /// <summary>One connection.</summary>
    internal sealed class Visit(Socket socket, int number, ConcurrentQueue<string> requests)
    {
        /// <summary>Counts connections from 1.</summary>
        public int Number { get; } = number;

        /// <summary>Waits for a request and returns its head.</summary>
        public string ReadRequest()
        {
            StringBuilder head = new();
            byte[] one = new byte[1];
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                if (socket.Receive(one) == 0) throw new EndOfStreamException();
                head.Append((char)one[0]);
            }

            requests.Enqueue(head.ToString());
            return head.ToString();
        }

        public void Send(string text) => Send(Encoding.Latin1.GetBytes(text));

        public void Send(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty) bytes = bytes[socket.Send(bytes)..];
        }

        /// <summary>Reads the request and begins an MJPEG stream.</summary>
        public void BeginStream(string type = "multipart/x-mixed-replace; boundary=frame")
        {
            ReadRequest();
            Send($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nConnection: close\r\n\r\n");
        }

        public void SendPart(byte[] picture, string more = "") => Send([.. Encoding.ASCII.GetBytes($"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {picture.Length}\r\n{more}\r\n"), .. picture, .. "\r\n"u8]);

        /// <summary>Says and sends nothing until the client goes.</summary>
        public void Stall()
        {
            byte[] some = new byte[256];
            while (socket.Receive(some) > 0)
            {
            }
        }
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace EdgeInfer.Tests.Fetching;

/// <summary>An HTTP/1.1 server on the loopback that answers each request by a script and closes; with a certificate it speaks TLS.</summary>
internal sealed class FileServer : IDisposable
{
    // Small, so that what a client does not read is not sent either.
    private const int SendBufferBytes = 16 << 10;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly ConcurrentQueue<Request> _requests = new();
    private readonly Func<Request, Reply> _script;
    private readonly X509Certificate2? _certificate;
    private readonly Thread _thread;
    private readonly ConcurrentBag<Thread> _answers = [];
    private int _count;
    private long _sentBytes;

    public FileServer(Func<Request, Reply> script, X509Certificate2? certificate = null)
    {
        _script = script;
        _certificate = certificate;
        _listener.Start();
        _thread = new Thread(Accept) { IsBackground = true };
        _thread.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What was asked, in order.</summary>
    public IReadOnlyList<Request> Requests => [.. _requests];

    /// <summary>Bytes that could be sent, headers included; those of the system's buffers count.</summary>
    public long SentBytes => Interlocked.Read(ref _sentBytes);

    /// <summary>Answers before a body is asked for; null asks for it.</summary>
    public Func<Request, Reply?> Early { get; init; } = static _ => null;

    /// <summary>Looks at the certificate that a client shows, which is null where it shows none; without this nobody is asked for one.</summary>
    public Func<X509Certificate2?, bool>? Clients { get; init; }

    /// <summary>Subjects of the certificates that the last client sent beside its own.</summary>
    public IReadOnlyList<string> SentBeside { get; private set; } = [];

    /// <summary>Waits until no answer is being given any more: the client has let go of all connections.</summary>
    public void WaitUntilIdle()
    {
        foreach (Thread answer in _answers) Assert.True(answer.Join(TimeSpan.FromSeconds(30)), "an answer is still being given");
    }

    public string Url(string path = "/net.onnx") => $"{(_certificate is null ? "http" : "https")}://127.0.0.1:{Port}{path}";

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

            socket.SendBufferSize = SendBufferBytes;
            _sockets.Add(socket);
            Thread answer = new(() => Serve(socket)) { IsBackground = true };
            _answers.Add(answer);
            answer.Start();
        }
    }

    private void Serve(Socket socket)
    {
        try
        {
            using NetworkStream plain = new(socket, ownsSocket: true);
            using SslStream? secure = _certificate is null ? null : new SslStream(plain);
            secure?.AuthenticateAsServer(new SslServerAuthenticationOptions
            {
                ServerCertificate = _certificate,
                ClientCertificateRequired = Clients is not null,
                RemoteCertificateValidationCallback = (_, shown, chain, _) =>
                {
                    SentBeside = [.. chain?.ChainPolicy.ExtraStore.Select(static c => c.Subject) ?? []];
                    return Clients is null || Clients(shown as X509Certificate2);
                },
            });
            Stream stream = secure is null ? plain : secure;
            Request request = ReadRequest(stream);
            Wire wire = new(stream, socket, bytes => Interlocked.Add(ref _sentBytes, bytes));
            Reply? early = request.BodyBytes > 0 ? Early(request) : null;
            if (early is null && request.BodyBytes > 0) request = ReadBody(request, stream);
            _requests.Enqueue(request);
            Reply reply = early ?? _script(request);
            if (reply.Act is { } act) act(wire);
            else reply.Write(wire, request.Method == "HEAD");
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // The client or the test has gone.
        }
    }

    private static Request ReadBody(Request request, Stream stream)
    {
        if (request.Header("Expect") == "100-continue") stream.Write("HTTP/1.1 100 Continue\r\n\r\n"u8);
        byte[] body = new byte[request.BodyBytes];
        stream.ReadExactly(body);
        return request with { Body = body };
    }

    private Request ReadRequest(Stream stream)
    {
        StringBuilder head = new();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            int one = stream.ReadByte();
            if (one < 0) throw new IOException();
            head.Append((char)one);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] first = lines[0].Split(' ');
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.Skip(1)) headers[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 1)..].Trim();
        return new(Interlocked.Increment(ref _count), first[0], first[1], headers);
    }
}

/// <summary>One request.</summary>
/// <param name="Number">Counts from 1.</param>
internal sealed record Request(int Number, string Method, string Target, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>What was sent.</summary>
    public byte[] Body { get; init; } = [];

    /// <summary>How much the client says it sends.</summary>
    public int BodyBytes => int.Parse(Headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture);

    public string Header(string name) => Headers.GetValueOrDefault(name, "");

    /// <summary>The first byte asked for; null where the whole is wanted.</summary>
    public int? From => Header("Range") is { Length: > 0 } range ? int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture) : null;
}

/// <summary>A connection in the hands of a script that writes byte for byte what it likes.</summary>
internal sealed class Wire(Stream stream, Socket socket, Action<long> sent)
{
    private const int PieceBytes = 4096;

    public Stream Stream => stream;

    public void Send(string latin1) => Send(Encoding.Latin1.GetBytes(latin1));

    public void Send(byte[] bytes)
    {
        for (int at = 0; at < bytes.Length; at += PieceBytes)
        {
            int length = Math.Min(PieceBytes, bytes.Length - at);
            stream.Write(bytes, at, length);
            sent(length);
        }

        stream.Flush();
    }

    /// <summary>Sends the same until the client goes, which ends the answer.</summary>
    public void SendForever(string latin1)
    {
        byte[] piece = Encoding.Latin1.GetBytes(latin1);
        while (true) Send(piece);
    }

    /// <summary>Ends the connection with a reset.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    /// <summary>Says nothing more until the client goes.</summary>
    public void WaitForClient()
    {
        while (socket.Receive(new byte[256]) > 0)
        {
            // What it still says is of no interest.
        }
    }
}

/// <summary>One answer.</summary>
internal sealed record Reply(int Status, byte[] Body, params string[] Headers)
{
    /// <summary>Bytes after which the connection is cut; null for none.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Bytes after which nothing more is sent while the client waits; null for none.</summary>
    public int? StallAfter { get; init; }

    /// <summary>Without Content-Length: the end of the connection is the end of the body.</summary>
    public bool IsOpenEnded { get; init; }

    /// <summary>Writes the whole answer in place of the rest; null for none.</summary>
    public Action<Wire>? Act { get; init; }

    public static Reply Raw(Action<Wire> act) => new(0, []) { Act = act };

    public static Reply Raw(string latin1) => Raw(wire => wire.Send(latin1));

    public static Reply Json(string text, params string[] headers) => new(200, Encoding.UTF8.GetBytes(text), ["Content-Type: application/json", .. headers]);

    public static Reply Empty(int status, params string[] headers) => new(status, [], headers);

    public static Reply Redirect(string to, params string[] headers) => new(302, [], [$"Location: {to}", .. headers]);

    /// <summary>A file with ranges, as RFC 9110 has them: the rest is given only under the same validator.</summary>
    public static Reply File(Request request, byte[] bytes, string tag)
    {
        if (request.From is { } from && request.Header("If-Range") == tag)
        {
            return from >= bytes.Length
                ? new(416, [], $"Content-Range: bytes */{bytes.Length}")
                : new(206, bytes[from..], $"ETag: {tag}", $"Content-Range: bytes {from}-{bytes.Length - 1}/{bytes.Length}");
        }

        return new(200, bytes, $"ETag: {tag}");
    }

    public void Write(Wire wire, bool isHead)
    {
        StringBuilder head = new($"HTTP/1.1 {Status} x\r\nConnection: close\r\n");
        if (!IsOpenEnded) head.Append($"Content-Length: {Body.Length}\r\n");
        foreach (string header in Headers) head.Append(header + "\r\n");
        wire.Send(head + "\r\n");
        if (isHead) return;
        wire.Send(Body[..Math.Min(Body.Length, CutAfter ?? StallAfter ?? Body.Length)]);
        // Until the client gives up.
        if (StallAfter is not null) wire.WaitForClient();
    }
}

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
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly ConcurrentQueue<Request> _requests = new();
    private readonly Func<Request, Reply> _script;
    private readonly X509Certificate2? _certificate;
    private readonly Thread _thread;
    private int _count;

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

            _sockets.Add(socket);
            new Thread(() => Serve(socket)) { IsBackground = true }.Start();
        }
    }

    private void Serve(Socket socket)
    {
        try
        {
            using NetworkStream plain = new(socket, ownsSocket: true);
            using SslStream? secure = _certificate is null ? null : new SslStream(plain);
            secure?.AuthenticateAsServer(_certificate!);
            Stream stream = secure is null ? plain : secure;
            Request request = ReadRequest(stream);
            _requests.Enqueue(request);
            _script(request).Write(stream, socket, request.Method == "HEAD");
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            // The client or the test has gone.
        }
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
    public string Header(string name) => Headers.GetValueOrDefault(name, "");

    /// <summary>The first byte asked for; null where the whole is wanted.</summary>
    public int? From => Header("Range") is { Length: > 0 } range ? int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture) : null;
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

    public void Write(Stream stream, Socket socket, bool isHead)
    {
        StringBuilder head = new($"HTTP/1.1 {Status} x\r\nConnection: close\r\n");
        if (!IsOpenEnded) head.Append($"Content-Length: {Body.Length}\r\n");
        foreach (string header in Headers) head.Append(header + "\r\n");
        stream.Write(Encoding.Latin1.GetBytes(head + "\r\n"));
        if (isHead) return;
        stream.Write(Body.AsSpan(0, Math.Min(Body.Length, CutAfter ?? StallAfter ?? Body.Length)));
        stream.Flush();
        // Until the client gives up.
        if (StallAfter is not null) _ = socket.Receive(new byte[1]);
    }
}

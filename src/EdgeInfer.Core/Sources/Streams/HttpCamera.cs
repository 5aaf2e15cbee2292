using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Sources.Streams;

/// <summary>
/// Asks one camera's address for pictures. Everything is synchronous on the calling thread: an asynchronous read costs a thread hop
/// and memory for each piece of a frame.
/// </summary>
internal sealed class HttpCamera : IDisposable
{
    private readonly StreamOptions _options;
    private readonly StreamLimits _limits;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly HttpFaults _faults;
    private volatile Socket? _socket;

    /// <summary>Prepares a client; nothing is opened.</summary>
    public HttpCamera(StreamOptions options, StreamLimits limits, string name, TimeProvider time)
    {
        _options = options;
        _limits = limits;
        _time = time;
        _faults = new HttpFaults(name, limits, CameraCredentials.Of(options) is not null);
        SocketsHttpHandler handler = new()
        {
            ConnectCallback = (context, stop) => new(Connect(context.DnsEndPoint, stop)),
            Credentials = CameraCredentials.Of(options),
            PreAuthenticate = true,
            AllowAutoRedirect = true,
            MaxAutomaticRedirections = 3,
            MaxResponseHeadersLength = 64,
            UseCookies = false,
            // Cameras are on the local network; a proxy in the environment is meant for something else.
            UseProxy = false,
            ActivityHeadersPropagator = null,
            SslOptions = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.None },
        };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Asks once; the body is still to be read.</summary>
    /// <exception cref="SourceException">No answer, or one without pictures.</exception>
    public HttpResponseMessage Get(CancellationToken stop)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, _options.Url)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("User-Agent", "edgeinfer");
        request.Headers.TryAddWithoutValidation("Accept", "multipart/x-mixed-replace, image/*, */*;q=0.1");
        HttpResponseMessage? response = null;
        try
        {
            response = _client.Send(request, HttpCompletionOption.ResponseHeadersRead, stop);
            if (response.StatusCode != HttpStatusCode.OK) throw _faults.OfStatus(response);
            return response;
        }
        catch (Exception e)
        {
            response?.Dispose();
            stop.ThrowIfCancellationRequested();
            if (e is SourceException) throw;
            throw _faults.OfBreak(e);
        }
    }

    /// <summary>What went wrong while the body was read.</summary>
    public SourceException Broken(Exception cause) => _faults.OfBreak(cause);

    /// <summary>Ends whatever waits on the network, from another thread.</summary>
    public void Abort() => _socket?.Dispose();

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _socket?.Dispose();
    }

    private NetworkStream Connect(DnsEndPoint end, CancellationToken stop)
    {
        IPAddress[] addresses = IPAddress.TryParse(end.Host, out IPAddress? literal)
            ? [literal]
            : Dns.GetHostAddressesAsync(end.Host, stop).WaitAsync(_limits.Connect, _time, stop).GetAwaiter().GetResult();
        SocketException? last = null;
        foreach (IPAddress address in addresses)
        {
            stop.ThrowIfCancellationRequested();
            // The send timeout bounds the connecting; a socket that was never non-blocking is read by one system call.
            Socket socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            {
                NoDelay = true,
                SendTimeout = (int)_limits.Connect.TotalMilliseconds,
                ReceiveTimeout = (int)_limits.Stall.TotalMilliseconds,
            };
            _socket = socket;
            try
            {
                socket.Connect(new IPEndPoint(address, end.Port));
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                // The error must not look like that of a read that waited in vain.
                bool isTimeout = e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock;
                last = isTimeout ? new SocketException((int)SocketError.InProgress) : e;
            }
        }

        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }
}

using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>A request.</summary>
internal sealed record FetchRequest(Uri Url)
{
    /// <summary>GET, or HEAD where the header is all that is wanted.</summary>
    public HttpMethod Method { get; init; } = HttpMethod.Get;

    /// <summary>Sent to the address's own host alone, never on to where a redirect leads.</summary>
    public AuthenticationHeaderValue? Authorization { get; init; }

    /// <summary>Media types, as the header has them.</summary>
    public string Accept { get; init; } = "*/*";

    /// <summary>First byte that is wanted; 0 for the whole.</summary>
    public long From { get; init; }

    /// <summary>What the first bytes had as their validator.</summary>
    public string Validator { get; init; } = "";

    /// <summary>An answer that is wanted although it is a redirect.</summary>
    public Func<HttpResponseMessage, bool> IsWanted { get; init; } = static _ => false;
}

/// <summary>
/// Asks servers for files: over TLS (or on this machine), with the system's authorities and the proxy of the environment. It follows
/// redirects itself, because credentials must stay with the host they are for and the first answer's header may hold what matters.
/// </summary>
internal sealed class HttpFetch : IDisposable
{
    private readonly FetchLimits _limits;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly HttpFetchFaults _faults;

    /// <summary>Prepares a client; nothing is opened.</summary>
    /// <param name="limits">How long to wait.</param>
    /// <param name="proxy">The proxy for hosts beyond this machine.</param>
    /// <param name="time">For deadlines.</param>
    public HttpFetch(FetchLimits limits, IWebProxy proxy, TimeProvider time)
    {
        _limits = limits;
        _time = time;
        _faults = new HttpFetchFaults(limits, proxy);
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = limits.Connect,
            MaxResponseHeadersLength = 64,
            Proxy = new ProxyBeyondThisMachine(proxy),
            ActivityHeadersPropagator = null,
        };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Asks once; the body is still to be read.</summary>
    /// <returns>Whatever is no redirect to be followed, also an answer that says no.</returns>
    /// <exception cref="TransferException">No answer, or one that leads nowhere.</exception>
    public async Task<HttpResponseMessage> Send(FetchRequest request, CancellationToken stop)
    {
        Uri url = request.Url;
        for (int hops = 0; ; hops++)
        {
            HttpResponseMessage response = await SendOnce(request, url, stop).ConfigureAwait(false);
            if (Target(response, url) is not { } target || request.IsWanted(response)) return response;
            response.Dispose();
            if (hops == _limits.Redirects) throw _faults.TooManyRedirects(request.Url);
            if (!IsAllowed(url, target)) throw HttpFetchFaults.BadRedirect(request.Url, target);
            url = target;
        }
    }

    /// <summary>Asks for a small document and reads all of it.</summary>
    /// <returns>The answer, and its body; the answer may say no.</returns>
    /// <exception cref="TransferException">No whole answer.</exception>
    public async Task<(HttpResponseMessage Response, byte[] Body)> Read(FetchRequest request, CancellationToken stop)
    {
        HttpResponseMessage response = await Send(request, stop).ConfigureAwait(false);
        if (response.Content.Headers.ContentLength > _limits.DocumentBytes) throw _faults.TooLong(request.Url);
        using Deadline deadline = new(_limits.Stall, _time, stop);
        try
        {
            using Stream body = await response.Content.ReadAsStreamAsync(deadline.Token).ConfigureAwait(false);
            using MemoryStream all = new();
            byte[] buffer = new byte[16 << 10];
            while (true)
            {
                int read = await body.ReadAsync(buffer, deadline.Token).ConfigureAwait(false);
                if (read == 0) return (response, all.ToArray());
                all.Write(buffer, 0, read);
                if (all.Length > _limits.DocumentBytes) throw _faults.TooLong(request.Url);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
            throw _faults.OfBreak(request.Url, e);
        }
    }

    /// <summary>What went wrong while a body was read.</summary>
    public TransferException Broken(Uri url, Exception cause) => _faults.OfBreak(url, cause);

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendOnce(FetchRequest request, Uri url, CancellationToken stop)
    {
        using HttpRequestMessage message = new(request.Method, url) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        message.Headers.TryAddWithoutValidation("User-Agent", "edgeinfer");
        message.Headers.TryAddWithoutValidation("Accept", request.Accept);
        // A compressed body has other bytes, and ranges of it are of no use.
        message.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        if (request.Authorization is not null && IsSameOrigin(url, request.Url)) message.Headers.Authorization = request.Authorization;
        if (request.From > 0)
        {
            message.Headers.Range = new RangeHeaderValue(request.From, null);
            message.Headers.TryAddWithoutValidation("If-Range", request.Validator);
        }

        using Deadline deadline = new(_limits.Stall, _time, stop);
        try
        {
            return await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
            throw _faults.OfBreak(url, e);
        }
    }

    private static Uri? Target(HttpResponseMessage response, Uri url)
    {
        if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308)) return null;
        return response.Headers.Location is { } location ? new Uri(url, location) : null;
    }

    // Neither from TLS to none, nor from elsewhere to what listens on this machine alone.
    private static bool IsAllowed(Uri from, Uri to)
    {
        if (RemoteReference.IsLoopback(to.Host)) return RemoteReference.IsLoopback(from.Host) && to.Scheme is "http" or "https";
        return to.Scheme == Uri.UriSchemeHttps;
    }

    private static bool IsSameOrigin(Uri a, Uri b) => a.Scheme == b.Scheme && a.Port == b.Port && a.Host.Equals(b.Host, StringComparison.OrdinalIgnoreCase);

    private sealed class ProxyBeyondThisMachine(IWebProxy inner) : IWebProxy
    {
        public ICredentials? Credentials
        {
            get => inner.Credentials;
            set => inner.Credentials = value;
        }

        public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : inner.GetProxy(destination);

        public bool IsBypassed(Uri host) => RemoteReference.IsLoopback(host.Host) || inner.IsBypassed(host);
    }
}

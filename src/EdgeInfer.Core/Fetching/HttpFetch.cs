using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>A request.</summary>
internal sealed record FetchRequest(Uri Url)
{
    /// <summary>GET; HEAD where the header is all that is wanted; what sends has <see cref="Content"/>.</summary>
    public HttpMethod Method { get; init; } = HttpMethod.Get;

    /// <summary>Makes what is sent, anew for each place that a request is sent on to; null for nothing.</summary>
    public Func<HttpContent>? Content { get; init; }

    /// <summary>Sent to the address's own host alone, never on to where a redirect leads.</summary>
    public AuthenticationHeaderValue? Authorization { get; init; }

    /// <summary>Media types, as the header has them.</summary>
    public string Accept { get; init; } = "*/*";

    /// <summary>Whether what others keep of it is not good enough.</summary>
    public bool IsFresh { get; init; }

    /// <summary>First byte that is wanted; 0 for the whole.</summary>
    public long From { get; init; }

    /// <summary>What the first bytes had as their validator.</summary>
    public string Validator { get; init; } = "";

    /// <summary>The most bytes of a document; null for the general bound.</summary>
    public int? MostBytes { get; init; }

    /// <summary>Looks at a document's header before its body is read; throws <see cref="TransferException"/>.</summary>
    public Action<HttpResponseMessage> Check { get; init; } = static _ => { };

    /// <summary>An answer that is wanted although it is a redirect.</summary>
    public Func<HttpResponseMessage, bool> IsWanted { get; init; } = static _ => false;
}

/// <summary>
/// Asks servers for files: over TLS (or on this machine), with the system's authorities and the proxy of the environment. It follows
/// redirects itself, because credentials must stay with the host they are for and the first answer's header may hold what matters.
/// </summary>
internal sealed class HttpFetch : IDisposable
{
    private const int FirstBytes = 16 << 10;

    private readonly FetchLimits _limits;
    private readonly TimeProvider _time;
    private readonly HttpClients _clients;
    private readonly HttpFetchFaults _faults;
    private readonly HomeReach? _reach;

    /// <summary>Prepares a client; nothing is opened.</summary>
    /// <param name="limits">How long to wait.</param>
    /// <param name="proxy">The proxy for hosts beyond this machine.</param>
    /// <param name="time">For deadlines.</param>
    /// <param name="home">The one server that the client is configured for; null where a person names each address.</param>
    public HttpFetch(FetchLimits limits, IWebProxy proxy, TimeProvider time, HttpHome? home = null)
    {
        _limits = limits;
        _time = time;
        Words = home?.Words ?? FetchWords.Pull;
        ServerTrust? trust = home is null ? null : new ServerTrust(home, time);
        ProxyBeyondThisMachine beyond = new(proxy, isForTlsAlone: home is not null);
        if (home is not null) _reach = new HomeReach(home, isByProxy: !beyond.IsBypassed(home.Address), limits, time);
        _clients = new HttpClients(limits, beyond, home, trust, _reach);
        _faults = new HttpFetchFaults(limits, proxy, Words, trust, home is null ? null : _clients.ShownTo);
    }

    /// <summary>Cures, for whoever asks.</summary>
    public FetchWords Words { get; }

    /// <summary>Asks once; the body is still to be read.</summary>
    /// <returns>Whatever is no redirect to be followed, also an answer that says no.</returns>
    /// <exception cref="TransferException">No answer, or one that leads nowhere.</exception>
    public async Task<HttpResponseMessage> Send(FetchRequest request, CancellationToken stop)
    {
        Uri url = request.Url;
        _reach?.CheckFirst(url);
        for (int hops = 0; ; hops++)
        {
            HttpResponseMessage response = await SendOnce(request, url, stop).ConfigureAwait(false);
            if (Target(request, response, url) is not { } target || request.IsWanted(response)) return response;
            response.Dispose();
            if (hops == _limits.Redirects) throw _faults.TooManyRedirects(request.Url);
            _reach?.CheckRedirect(request.Url, url, target);
            if (_reach is null && !IsAllowed(url, target)) throw HttpFetchFaults.BadRedirect(request.Url, target);
            url = target;
        }
    }

    /// <summary>Asks for a small document and reads all of it; of an answer that says no, nothing.</summary>
    /// <returns>The answer, and its body; the answer may say no.</returns>
    /// <exception cref="TransferException">No whole answer.</exception>
    public async Task<(HttpResponseMessage Response, byte[] Body)> Read(FetchRequest request, CancellationToken stop)
    {
        using Deadline all = new(_limits.DocumentTime, _time, stop);
        HttpResponseMessage? response = null;
        try
        {
            response = await Send(request, all.Token).ConfigureAwait(false);
            request.Check(response);
            byte[] body = response.IsSuccessStatusCode ? await Document(request, response, all.Token).ConfigureAwait(false) : [];
            return (response, body);
        }
        catch (OperationCanceledException) when (all.IsOver && !stop.IsCancellationRequested)
        {
            response?.Dispose();
            throw _faults.TooLate(request.Url);
        }
        catch
        {
            response?.Dispose();
            throw;
        }
    }

    /// <summary>Begins to read an answer's body.</summary>
    public BodyReader Body(Uri url, HttpResponseMessage response, CancellationToken stop) => new(url, response, _faults, _limits, _time, stop);

    /// <summary>What went wrong while a body was read.</summary>
    public TransferException Broken(Uri url, Exception cause) => _faults.OfBreak(url, cause);

    /// <summary>An answer that says no, in general words.</summary>
    public TransferException OfStatus(Uri url, HttpResponseMessage response, string unauthorised) => _faults.OfAnswer(url, response, unauthorised);

    /// <inheritdoc/>
    public void Dispose() => _clients.Dispose();

    /// <summary>The first bytes of an answer's body, for what it says; none where they do not come.</summary>
    public async Task<byte[]> Beginning(Uri url, HttpResponseMessage response, int most, CancellationToken stop)
    {
        using Deadline all = new(_limits.Stall, _time, stop);
        byte[] start = new byte[most];
        int length = 0;
        try
        {
            using BodyReader body = Body(url, response, all.Token);
            for (int read; length < most && (read = await body.Read(start.AsMemory(length)).ConfigureAwait(false)) > 0;) length += read;
        }
        catch (Exception e) when (e is TransferException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            // What it would have said is missed.
        }

        return start[..length];
    }

    private async Task<byte[]> Document(FetchRequest request, HttpResponseMessage response, CancellationToken stop)
    {
        int most = request.MostBytes ?? _limits.DocumentBytes;
        long? stated = response.Content.Headers.ContentLength;
        if (stated > most) throw HttpFetchFaults.TooLong(request.Url, most);
        using BodyReader body = Body(request.Url, response, stop);
        // One byte beyond the end tells a longer document.
        byte[] all = new byte[(int)Math.Min(stated ?? FirstBytes, most) + 1];
        int length = 0;
        for (int read; (read = await body.Read(all.AsMemory(length)).ConfigureAwait(false)) > 0;)
        {
            length += read;
            if (length > most) throw HttpFetchFaults.TooLong(request.Url, most);
            if (length == all.Length) Array.Resize(ref all, (int)Math.Min(2L * length, most + 1L));
        }

        return all[..length];
    }

    private async Task<HttpResponseMessage> SendOnce(FetchRequest request, Uri url, CancellationToken stop)
    {
        using HttpRequestMessage message = new(request.Method, url) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        message.Headers.TryAddWithoutValidation("User-Agent", "edgeinfer");
        message.Headers.TryAddWithoutValidation("Accept", request.Accept);
        // A compressed body has other bytes, and ranges of it are of no use.
        message.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        if (request.IsFresh) message.Headers.TryAddWithoutValidation("Cache-Control", "no-cache");
        if (request.Authorization is not null && IsSameOrigin(url, request.Url)) message.Headers.Authorization = request.Authorization;
        if (request.From > 0)
        {
            message.Headers.Range = new RangeHeaderValue(request.From, null);
            message.Headers.TryAddWithoutValidation("If-Range", request.Validator);
        }

        using Deadline deadline = new(_limits.Stall, _time, stop);
        message.Content = request.Content?.Invoke();
        if (message.Content is UploadContent upload)
        {
            // Whoever does not want it says so before it is sent.
            message.Headers.ExpectContinue = true;
            upload.Sent = deadline.Extend;
        }

        HttpClient client = _clients.For(url);
        HttpResponseMessage response;
        try
        {
            response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
            throw _faults.OfBreak(url, e);
        }

        if (!response.IsSuccessStatusCode || Coding(response) is not { } coding) return response;
        response.Dispose();
        throw _faults.Coded(url, coding);
    }

    // Nothing of it is unpacked here: a few bytes may hold gigabytes.
    private static string? Coding(HttpResponseMessage response)
    {
        string? content = response.Content.Headers.ContentEncoding.FirstOrDefault(static c => !c.Equals("identity", StringComparison.OrdinalIgnoreCase));
        return content ?? response.Headers.TransferEncoding.FirstOrDefault(static c => !c.Value.Equals("chunked", StringComparison.OrdinalIgnoreCase))?.Value;
    }

    private static Uri? Target(FetchRequest request, HttpResponseMessage response, Uri url)
    {
        // The others do not say that the same is to be sent there.
        if ((int)response.StatusCode is not (307 or 308) && (request.Content is not null || (int)response.StatusCode is not (301 or 302 or 303))) return null;
        return response.Headers.Location is { } location && Uri.TryCreate(url, location, out Uri? target) ? target : null;
    }

    // Neither from TLS to none, nor from elsewhere to what listens on this machine alone.
    private static bool IsAllowed(Uri from, Uri to)
    {
        if (RemoteReference.IsLoopback(to.Host)) return RemoteReference.IsLoopback(from.Host) && to.Scheme is "http" or "https";
        return to.Scheme == Uri.UriSchemeHttps;
    }

    /// <summary>Whether two addresses are at one server.</summary>
    internal static bool IsSameOrigin(Uri a, Uri b) => a.Scheme == b.Scheme && a.Port == b.Port && a.Host.Equals(b.Host, StringComparison.OrdinalIgnoreCase);

    /// <param name="inner">The environment's.</param>
    /// <param name="isForTlsAlone">Whether plain http goes without it: who speaks it must see the address that it goes to.</param>
    private sealed class ProxyBeyondThisMachine(IWebProxy inner, bool isForTlsAlone) : IWebProxy
    {
        public ICredentials? Credentials
        {
            get => inner.Credentials;
            set => inner.Credentials = value;
        }

        public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : inner.GetProxy(destination);

        public bool IsBypassed(Uri host)
            => RemoteReference.IsLoopback(host.Host) || (isForTlsAlone && host.Scheme == Uri.UriSchemeHttp) || inner.IsBypassed(host) || inner.GetProxy(host) is null;
    }
}

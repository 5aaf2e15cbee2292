using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>
/// The connections of one <see cref="HttpFetch"/>. The configured server sees the certificate of who asks; others, to whom it may send
/// requests on, do not, for they would learn who that is.
/// </summary>
internal sealed class HttpClients : IDisposable
{
    private const int HeaderKibibytes = 64;

    /// <summary>Of a body that nobody wants: so much is worth a connection that can be used again.</summary>
    private const int DrainedBytes = 16 << 10;

    private readonly FetchLimits _limits;
    private readonly IWebProxy _proxy;
    private readonly HttpHome? _home;
    private readonly ServerTrust? _trust;
    private readonly HomeReach? _reach;
    private readonly HttpClient _anonymous;
    private readonly Lock _lock = new();
    private HttpClient? _known;
    private HttpClient? _retired;

    /// <summary>Prepares; nothing is opened and no file read.</summary>
    public HttpClients(FetchLimits limits, IWebProxy proxy, HttpHome? home, ServerTrust? trust, HomeReach? reach)
    {
        (_limits, _proxy, _home, _trust, _reach) = (limits, proxy, home, trust, reach);
        _anonymous = Make(null);
    }

    /// <summary>The client for an address.</summary>
    /// <exception cref="TransferException">The certificate's files cannot be used.</exception>
    public HttpClient For(Uri url)
    {
        if (_home?.Identity is not { } identity || url.Scheme != Uri.UriSchemeHttps || !_home.IsAt(url.IdnHost, url.Port)) return _anonymous;
        lock (_lock)
        {
            try
            {
                if (!identity.Renew() && _known is not null) return _known;
            }
            catch (FaultException e)
            {
                throw new TransferException(e.Fault, isPassing: false, e);
            }

            // A request that is under way with the one before has until the next renewal.
            _retired?.Dispose();
            _retired = _known;
            return _known = Make(identity.Context);
        }
    }

    /// <summary>The certificate that an address's server sees; null for none.</summary>
    public X509Certificate2? ShownTo(Uri url) => _home is { } home && home.IsAt(url.IdnHost, url.Port) ? home.Identity?.Certificate : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        _anonymous.Dispose();
        _known?.Dispose();
        _retired?.Dispose();
    }

    private HttpClient Make(SslStreamCertificateContext? own)
    {
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = _limits.Connect,
            MaxResponseHeadersLength = HeaderKibibytes,
            MaxResponseDrainSize = DrainedBytes,
            Proxy = _proxy,
            ActivityHeadersPropagator = null,
        };
        if (_reach is not null) handler.ConnectCallback = _reach.Connect;
        if (_trust is not null) handler.SslOptions = _trust.ToOptions(own);
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }
}

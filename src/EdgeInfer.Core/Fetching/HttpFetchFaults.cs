using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>Says in words why a server gave nothing, and what to do about it. An address's query may be a signature and is never shown.</summary>
/// <param name="limits">The bounds that are spoken of.</param>
/// <param name="proxy">The proxy for hosts beyond this machine.</param>
/// <param name="words">Cures.</param>
/// <param name="trust">Knows what was wrong with a certificate; null where the system judges them.</param>
/// <param name="shown">Knows which certificate a server was shown, null for none; itself null where there is none to show to anybody.</param>
internal sealed class HttpFetchFaults(FetchLimits limits, IWebProxy proxy, FetchWords words, ServerTrust? trust, Func<Uri, X509Certificate2?>? shown)
{
    private const int LongestShown = 40;

    /// <summary>An address for people.</summary>
    public static string Shown(Uri url) => url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>An answer that says no, in general words.</summary>
    public static TransferException OfStatus(Uri url, HttpResponseMessage response, string unauthorised) => OfStatus(url, response, unauthorised, FetchWords.Pull);

    /// <summary>An answer that says no, in general words.</summary>
    public TransferException OfAnswer(Uri url, HttpResponseMessage response, string unauthorised)
    {
        // Servers that look at certificates after the handshake: 495 and 496 are nginx's own, which it tells as 400 where nobody has asked for more.
        int code = (int)response.StatusCode;
        if (shown is null || url.Scheme != Uri.UriSchemeHttps || code is not (400 or 495 or 496)) return OfStatus(url, response, unauthorised, words);
        return shown(url) is { } own
            ? Final(FaultKind.Unavailable, Shown(url), $"the server answered {code}, as one does that does not take the client certificate it was shown ({Described(own)})", $"look into the server's log; {words.Later}")
            : Final(FaultKind.Unavailable, Shown(url), $"the server answered {code}, as one does that wants a client certificate", $"set {words.Certificate} and {words.Key}, or look into the server's log; {words.Later}");
    }

    private static TransferException OfStatus(Uri url, HttpResponseMessage response, string unauthorised, FetchWords words)
    {
        int code = (int)response.StatusCode;
        string where = Shown(url);
        return code switch
        {
            401 or 403 => Final(FaultKind.Unavailable, where, $"the server does not give this to everybody ({code})", unauthorised),
            404 or 410 => Final(FaultKind.NoInput, where, $"the server has no such file ({code})", words.Missing),
            407 => Final(FaultKind.Unavailable, where, "the proxy asks for a user and a password (407)", "write them into the environment variable https_proxy"),
            408 or 429 => Later(response, where, $"the server asks to come back later ({code})", words),
            >= 500 => Later(response, where, $"the server answered with an error of its own ({code})", words),
            _ => Final(FaultKind.Unavailable, where, $"the server answered {code}", "open the address in a browser to see what it says"),
        };
    }

    /// <summary>More redirects than anybody needs.</summary>
    public TransferException TooManyRedirects(Uri url)
        => Final(FaultKind.Unavailable, Shown(url), $"the server sent this on more than {limits.Redirects} times", "use the address that it finally points to");

    /// <summary>A redirect to where the bytes would not be protected.</summary>
    public static TransferException BadRedirect(Uri url, Uri target)
        => Final(FaultKind.Unavailable, Shown(url), $"the server sent this on to {target.Scheme}://{target.Authority}, which is not followed", "use an address that is https all the way");

    /// <summary>A document beyond its bound.</summary>
    public static TransferException TooLong(Uri url, int most) => new(
        new(FaultKind.Data, Shown(url), $"the answer has more than {(most >= 1 << 20 ? $"{most >> 20} MiB" : $"{most} bytes")}", "this is not the document that was asked for; check the address"),
        isPassing: false)
    { Code = UpdateCode.Size };

    /// <summary>A document that did not come to its end in time.</summary>
    public TransferException TooLate(Uri url) => Passing(Shown(url) + Via(url), $"not all has come in {limits.DocumentTime.TotalSeconds:0.#} s", words.Network);

    /// <summary>A server that sends little by little.</summary>
    public TransferException TooSlow(Uri url)
        => Passing(Shown(url) + Via(url), $"less than {limits.FloorBytesPerSecond} bytes per second for {limits.FloorWindow.TotalSeconds:0.#} s", words.Network);

    /// <summary>An answer that would have to be unpacked.</summary>
    public TransferException Coded(Uri url, string coding) => Final(
        FaultKind.Unavailable, Shown(url) + Via(url), $"the answer is coded ({coding[..Math.Min(coding.Length, LongestShown)]}), and the bytes as they are were asked for", "switch compression off at the server or the proxy between");

    /// <summary>A connection that could not be made, or that ended or fell silent.</summary>
    public TransferException OfBreak(Uri url, Exception cause)
    {
        string where = Shown(url) + Via(url);
        if (Inner<TransferException>(cause) is { } known) return new(known.Fault with { Where = where }, known.IsPassing, cause) { Code = known.Code };
        if (trust is not null && trust.Refusal(url.IdnHost) is null && OfAlert(url, where, cause) is { } alert) return alert;
        if (Inner<AuthenticationException>(cause) is { } tls)
        {
            return trust?.Refusal(url.IdnHost) is { } refusal
                ? Final(FaultKind.Unavailable, where, refusal.What, refusal.Cure)
                : Final(FaultKind.Unavailable, where, $"no trusted TLS connection: {FirstSentence(tls.Message)}", words.Trust);
        }

        // A read that the deadline ended looks like either.
        if (cause is OperationCanceledException || Inner<SocketException>(cause)?.SocketErrorCode == SocketError.OperationAborted)
        {
            string what = Inner<TimeoutException>(cause) is null ? $"no byte for {limits.Stall.TotalSeconds:0.#} s" : $"no connection in {limits.Connect.TotalSeconds:0.#} s";
            return Passing(where, what, words.Network);
        }

        if (Inner<SocketException>(cause) is { } socket) return OfSocket(where, socket.SocketErrorCode);
        return (cause as HttpRequestException)?.HttpRequestError switch
        {
            HttpRequestError.ProxyTunnelError => Final(FaultKind.Unavailable, where, "the proxy made no connection", "check https_proxy and no_proxy in the environment"),
            HttpRequestError.NameResolutionError => UnknownHost(where),
            HttpRequestError.SecureConnectionError => Final(
                FaultKind.Unavailable, where, "no TLS connection: what answers there does not speak TLS as this program does", "check the address and the port"),
            HttpRequestError.ConfigurationLimitExceeded => Final(FaultKind.Data, where, "the answer's header has more than 64 KiB", "check the address"),
            HttpRequestError.InvalidResponse => Final(FaultKind.Unavailable, where, "the answer is not HTTP", "check the address and the port"),
            _ => Passing(where, "the connection ended early", words.Network),
        };
    }

    private TransferException? OfAlert(Uri url, string where, Exception cause)
    {
        X509Certificate2? own = shown?.Invoke(url);
        int alert = TlsAlert.Of(cause);
        return alert switch
        {
            TlsAlert.ProtocolVersion or TlsAlert.UnsupportedProtocol => Final(FaultKind.Unavailable, where, "the server speaks no TLS that is safe today: 1.2 and 1.3 are taken", "turn TLS 1.2 or 1.3 on at the server"),
            TlsAlert.UnrecognizedName => Final(FaultKind.Unavailable, where, $"the server does not know the name '{url.IdnHost}'", "use one of its names in the address"),
            TlsAlert.HandshakeFailure or TlsAlert.CertificateRequired or (>= TlsAlert.BadCertificate and <= TlsAlert.UnknownCa) or TlsAlert.AccessDenied or TlsAlert.DecryptError when own is null => Final(
                FaultKind.Unavailable, where, alert == TlsAlert.HandshakeFailure ? "the server breaks off the TLS handshake: most likely it wants a client certificate" : "the server wants a client certificate",
                $"set {words.Certificate} and {words.Key}; {words.Later}"),
            TlsAlert.UnknownCa => Final(FaultKind.Unavailable, where, $"the server refuses the client certificate ({Described(own!)}): it does not know the authority, {own!.Issuer}",
                $"let the server trust that authority, or put the certificates between behind it in {words.Certificate}; {words.Later}"),
            TlsAlert.HandshakeFailure or TlsAlert.CertificateRequired or (>= TlsAlert.BadCertificate and <= TlsAlert.UnknownCa) or TlsAlert.AccessDenied or TlsAlert.DecryptError => Final(
                FaultKind.Unavailable, where, $"the server refuses the client certificate ({Described(own!)})", $"look into the server's log; {words.Later}"),
            _ => null,
        };
    }

    private static string Described(X509Certificate2 own) => string.Create(CultureInfo.InvariantCulture, $"{own.Subject}, valid to {own.NotAfter.ToUniversalTime():yyyy-MM-dd}");

    private TransferException OfSocket(string where, SocketError error) => error switch
    {
        SocketError.ConnectionRefused => Final(FaultKind.Unavailable, where, "nothing listens there (connection refused)", "check the host and the port"),
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery => UnknownHost(where),
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NetworkDown or SocketError.HostDown => Passing(
            where, "there is no way to that host", words.Network),
        SocketError.TimedOut => Passing(where, "no answer in time", words.Network),
        _ => Passing(where, $"the connection broke ({error})", words.Network),
    };

    private static TransferException UnknownHost(string where)
        => Final(FaultKind.Unavailable, where, "the host name is not known here", "check the name, and that this device can ask a name server (getent hosts NAME)");

    private static TransferException Final(FaultKind kind, string where, string what, string cure) => new(new(kind, where, what, cure), isPassing: false);

    private static TransferException Passing(string where, string what, string cure) => new(new(FaultKind.Unavailable, where, what, cure), isPassing: true);

    private static TransferException Later(HttpResponseMessage response, string where, string what, FetchWords words)
        => new(new(FaultKind.Unavailable, where, what, words.Later), isPassing: true) { RetryAfter = RetryAfterOf(response) };

    // A date counts from the server's own: this device's clock may be years away.
    private static TimeSpan? RetryAfterOf(HttpResponseMessage response)
    {
        RetryConditionHeaderValue? told = response.Headers.RetryAfter;
        TimeSpan? wait = told?.Delta ?? (told?.Date is { } then && response.Headers.Date is { } now ? then - now : null);
        return wait > TimeSpan.Zero ? wait : null;
    }

    // A name or a refusal may be the proxy's.
    private string Via(Uri url)
        => RemoteReference.IsLoopback(url.Host) || proxy.IsBypassed(url) || proxy.GetProxy(url) is not { } via ? "" : $" (by the proxy {via.Authority})";

    private static T? Inner<T>(Exception? e) where T : Exception
    {
        for (; e is not null; e = e.InnerException)
            if (e is T found) return found;
        return null;
    }

    private static string FirstSentence(string text)
    {
        int end = text.IndexOf(". ", StringComparison.Ordinal);
        return (end < 0 ? text : text[..end]).TrimEnd('.');
    }
}

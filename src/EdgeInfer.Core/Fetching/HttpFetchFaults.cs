using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>Says in words why a server gave nothing, and what to do about it. An address's query may be a signature and is never shown.</summary>
internal sealed class HttpFetchFaults(FetchLimits limits, IWebProxy proxy)
{
    private const string CheckTheNetwork = "check the network and try again: what has come so far is kept";

    /// <summary>An address for people.</summary>
    public static string Shown(Uri url) => url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>An answer that says no, in general words.</summary>
    public static TransferException OfStatus(Uri url, HttpResponseMessage response, string unauthorised)
    {
        int code = (int)response.StatusCode;
        string where = Shown(url);
        return code switch
        {
            401 or 403 => Final(FaultKind.Unavailable, where, $"the server does not give this to everybody ({code})", unauthorised),
            404 or 410 => Final(FaultKind.NoInput, where, $"the server has no such file ({code})", "check the path and the revision"),
            407 => Final(FaultKind.Unavailable, where, "the proxy asks for a user and a password (407)", "write them into the environment variable https_proxy"),
            408 or 429 => Passing(where, $"the server asks to come back later ({code})", "try again later: what has come so far is kept"),
            >= 500 => Passing(where, $"the server answered with an error of its own ({code})", "try again later: what has come so far is kept"),
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
    public TransferException TooLong(Uri url)
        => Final(FaultKind.Data, Shown(url), $"the answer has more than {limits.DocumentBytes >> 20} MiB", "this is no manifest or listing; check the address");

    /// <summary>A connection that could not be made, or that ended or fell silent.</summary>
    public TransferException OfBreak(Uri url, Exception cause)
    {
        string where = Shown(url) + Via(url);
        if (Inner<AuthenticationException>(cause) is { } tls)
        {
            return Final(
                FaultKind.Unavailable, where, $"no trusted TLS connection: {FirstSentence(tls.Message)}",
                "install ca-certificates, check the clock (date), or add your own authority with update-ca-certificates");
        }

        // A read that the deadline ended looks like either.
        if (cause is OperationCanceledException || Inner<SocketException>(cause)?.SocketErrorCode == SocketError.OperationAborted)
        {
            string what = Inner<TimeoutException>(cause) is null ? $"no byte for {limits.Stall.TotalSeconds:0.#} s" : $"no connection in {limits.Connect.TotalSeconds:0.#} s";
            return Passing(where, what, CheckTheNetwork);
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
            _ => Passing(where, "the connection ended early", CheckTheNetwork),
        };
    }

    private static TransferException OfSocket(string where, SocketError error) => error switch
    {
        SocketError.ConnectionRefused => Final(FaultKind.Unavailable, where, "nothing listens there (connection refused)", "check the host and the port"),
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery => UnknownHost(where),
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NetworkDown or SocketError.HostDown => Passing(
            where, "there is no way to that host", CheckTheNetwork),
        SocketError.TimedOut => Passing(where, "no answer in time", CheckTheNetwork),
        _ => Passing(where, $"the connection broke ({error})", CheckTheNetwork),
    };

    private static TransferException UnknownHost(string where)
        => Final(FaultKind.Unavailable, where, "the host name is not known here", "check the name, and that this device can ask a name server (getent hosts NAME)");

    private static TransferException Final(FaultKind kind, string where, string what, string cure) => new(new(kind, where, what, cure), isPassing: false);

    private static TransferException Passing(string where, string what, string cure) => new(new(FaultKind.Unavailable, where, what, cure), isPassing: true);

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

using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>
/// Says where a client of one configured server may go. A name is judged by the address that is then connected to, not by a look before:
/// who owns the name may let it point to the device's own network a moment later. Through a proxy, addresses are the proxy's business, and
/// only those that are written out are judged.
/// </summary>
internal sealed class HomeReach
{
    private const int MostAddresses = 4;

    private readonly HttpHome _home;
    private readonly FetchLimits _limits;
    private readonly TimeProvider _time;
    private int _reach;

    /// <summary>Nothing is asked yet.</summary>
    /// <param name="home">The server.</param>
    /// <param name="isByProxy">Whether it is reached through a proxy, so that nobody here knows how near it is.</param>
    /// <param name="limits">How long to wait.</param>
    /// <param name="time">For deadlines.</param>
    public HomeReach(HttpHome home, bool isByProxy, FetchLimits limits, TimeProvider time)
    {
        _home = home;
        _limits = limits;
        _time = time;
        _reach = isByProxy ? (int)AddressKind.Public : int.MaxValue;
    }

    /// <summary>How near the server itself is: the farthest at which it was reached, so that a name with addresses of both kinds gives no more than a public one.</summary>
    private AddressKind Nearness => Volatile.Read(ref _reach) is var reach and not int.MaxValue ? (AddressKind)reach : AddressKind.Public;

    /// <summary>Connects for the HTTP client.</summary>
    /// <exception cref="TransferException">No address of the name may be reached, or none in time.</exception>
    public async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        (string host, int port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        bool isProxy = context.InitialRequestMessage.Method == HttpMethod.Connect;
        bool isPlain = context.InitialRequestMessage.RequestUri?.Scheme == Uri.UriSchemeHttp;
        using Deadline deadline = new(_limits.Connect, _time, stop);
        try
        {
            IPAddress[] found = IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : await _home.Resolve(host, deadline.Token).ConfigureAwait(false);
            IPAddress[] allowed = isProxy ? found : [.. found.Where(a => MayReach(AddressKinds.Of(a), host, port, isPlain))];
            if (allowed.Length == 0 && found.Length > 0) throw Refused(host, port, found[0], isPlain);
            return await First(allowed, host, port, isProxy, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsOver && !stop.IsCancellationRequested)
        {
            throw new TransferException(new(FaultKind.Unavailable, $"{host}:{port}", $"no connection in {_limits.Connect.TotalSeconds:0.#} s", _home.Words.Network), isPassing: true);
        }
    }

    /// <summary>Looks at where a request goes first: to the server itself, or to whom its answers have named.</summary>
    /// <exception cref="TransferException">It is not asked.</exception>
    public void CheckFirst(Uri to)
    {
        if (!_home.IsAt(to.IdnHost, to.Port)) CheckRedirect(_home.Address, _home.Address, to);
    }

    /// <summary>Looks at where a server sends a request on.</summary>
    /// <exception cref="TransferException">It is not followed.</exception>
    public void CheckRedirect(Uri asked, Uri from, Uri to)
    {
        string? why = to.UserInfo.Length > 0 ? "an address with a user or password in it"
            : to.Scheme == Uri.UriSchemeHttp && !IsPlainAllowed(from, to) ? "a place without TLS"
            : to.Scheme is not ("http" or "https") ? $"{to.Scheme}:"
            : IsTooNear(to) ? "an address nearer to this device than the server itself is"
            : null;
        if (why is null) return;
        throw new TransferException(
            new(FaultKind.Unavailable, HttpFetchFaults.Shown(asked), $"the server sent this on to {why} ({to.Scheme}://{to.Authority}), which is not followed", $"let it point to https at public hosts; {_home.Words.Later}"),
            isPassing: false);
    }

    private async Task<Stream> First(IPAddress[] addresses, string host, int port, bool isProxy, CancellationToken stop)
    {
        // One that swallows packets must leave time for the next.
        int count = Math.Min(addresses.Length, MostAddresses);
        for (int i = 0; i < count; i++)
        {
            using Deadline share = new(i + 1 < count ? _limits.Connect / count : Timeout.InfiniteTimeSpan, _time, stop);
            try
            {
                Stream stream = await _home.Dial(new(addresses[i], port), share.Token).ConfigureAwait(false);
                if (!isProxy && _home.IsAt(host, port)) NoteNearness(AddressKinds.Of(addresses[i]));
                return stream;
            }
            catch (Exception e) when (i + 1 < count && (e is SocketException || (e is OperationCanceledException && !stop.IsCancellationRequested)))
            {
                // The next one may answer.
            }
        }

        throw new SocketException((int)SocketError.HostNotFound);
    }

    private void NoteNearness(AddressKind kind)
    {
        int before = Volatile.Read(ref _reach);
        while ((int)kind < before)
        {
            int seen = Interlocked.CompareExchange(ref _reach, (int)kind, before);
            if (seen == before) return;
            before = seen;
        }
    }

    private bool MayReach(AddressKind kind, string host, int port, bool isPlain)
    {
        if (kind == AddressKind.Unusable) return false;
        if (_home.IsAt(host, port)) return !isPlain || kind != AddressKind.Public;
        return kind <= Nearness && (!isPlain || kind == AddressKind.Loopback);
    }

    private TransferException Refused(string host, int port, IPAddress address, bool isPlain)
    {
        bool isHome = _home.IsAt(host, port);
        string what = isHome && isPlain ? $"{host} is {address}, and plain http is spoken only to this machine and to private addresses"
            : isHome ? $"{host} is {address}, which is no server's address"
            : $"{host} is {address}, which is nearer to this device than the server that named it ({_home.Address.Authority})";
        string cure = isHome ? $"use https; {_home.Words.Network}" : $"let the server name public hosts; {_home.Words.Later}";
        return new(new(FaultKind.Unavailable, $"{host}:{port}", what, cure), isPassing: false);
    }

    // A server that is spoken to without TLS may send on within itself, and on this machine to any other.
    private static bool IsPlainAllowed(Uri from, Uri to) => from.Scheme == Uri.UriSchemeHttp
        && ((from.Port == to.Port && from.IdnHost.Equals(to.IdnHost, StringComparison.OrdinalIgnoreCase)) || (RemoteReference.IsLoopback(from.Host) && RemoteReference.IsLoopback(to.Host)));

    private bool IsTooNear(Uri to)
    {
        if (_home.IsAt(to.IdnHost, to.Port)) return false;
        if (IPAddress.TryParse(to.IdnHost, out IPAddress? address)) return AddressKinds.Of(address) is var kind && (kind == AddressKind.Unusable || kind > Nearness);
        return RemoteReference.IsLoopback(to.Host) && Nearness < AddressKind.Loopback;
    }
}

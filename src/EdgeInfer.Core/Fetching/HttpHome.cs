using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace EdgeInfer.Fetching;

/// <summary>
/// The one server that a client is configured for. What it points to is not the operator's word: others are reached over https alone, and
/// none that is nearer to this device than the server itself.
/// </summary>
/// <param name="Address">Its address; http is spoken to this machine and to private addresses alone.</param>
/// <param name="Words">Cures.</param>
internal sealed record HttpHome(Uri Address, FetchWords Words)
{
    /// <summary>
    /// What the server's certificate has to be signed by; null for the system's authorities. Servers that it sends requests on to (storage
    /// of a cloud) may stand on either: what they give is signed or has a digest anyway.
    /// </summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Who asks, by a certificate that this server alone is shown; null for nobody in particular.</summary>
    public ClientIdentity? Identity { get; init; }

    /// <summary>The time to judge certificates by; null for the clock.</summary>
    public Func<DateTimeOffset>? Clock { get; init; }

    /// <summary>Finds the addresses of a name.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = static (host, stop) => Dns.GetHostAddressesAsync(host, stop);

    /// <summary>Connects to an address.</summary>
    public Func<IPEndPoint, CancellationToken, Task<Stream>> Dial { get; init; } = DialTcp;

    /// <summary>Whether a host is the server.</summary>
    public bool IsAt(string host, int port) => Address.Port == port && Address.IdnHost.Equals(host, StringComparison.OrdinalIgnoreCase);

    private static async Task<Stream> DialTcp(IPEndPoint to, CancellationToken stop)
    {
        Socket socket = new(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(to, stop).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

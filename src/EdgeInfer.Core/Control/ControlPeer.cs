using System.Net.Sockets;
using System.Runtime.InteropServices;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Control;

/// <summary>Who is at the other end of a Unix socket, as the kernel says it: the process cannot lie about it.</summary>
/// <param name="Process">Process id; 0 where it is of another namespace.</param>
/// <param name="User">Effective user id.</param>
/// <param name="Group">Effective group id.</param>
/// <param name="Groups">Its further groups.</param>
internal sealed record ControlPeer(int Process, uint User, uint Group, IReadOnlyList<uint> Groups)
{
    private const int LevelSocket = 1;
    private const int PeerCredentials = 17;
    private const int PeerGroups = 59;
    private const int MostGroups = 1024;

    /// <summary>Asks the kernel about a connected socket.</summary>
    /// <exception cref="SocketException">It is none.</exception>
    public static ControlPeer Of(Socket socket)
    {
        // struct ucred: pid, uid, gid.
        Span<int> credentials = stackalloc int[3];
        socket.GetRawSocketOption(LevelSocket, PeerCredentials, MemoryMarshal.AsBytes(credentials));
        return new(credentials[0], (uint)credentials[1], (uint)credentials[2], FurtherGroups(socket));
    }

    private static uint[] FurtherGroups(Socket socket)
    {
        Span<uint> groups = stackalloc uint[MostGroups];
        try
        {
            int bytes = socket.GetRawSocketOption(LevelSocket, PeerGroups, MemoryMarshal.AsBytes(groups));
            return groups[..(bytes / sizeof(uint))].ToArray();
        }
        catch (SocketException)
        {
            // Before Linux 4.13, or more groups than fit: the main group alone counts.
            return [];
        }
    }
}

/// <summary>Who is served: root, the agent's own user, and the members of the service's groups.</summary>
/// <param name="user">The agent's own user.</param>
/// <param name="groups">The service's groups.</param>
internal sealed class ControlAccess(uint user, IReadOnlyCollection<uint> groups)
{
    /// <summary>As it is for a socket in a folder: the folder's group, and the group <c>edgeinfer</c> where there is one.</summary>
    public static ControlAccess ForSocket(string path)
    {
        List<uint> groups = [];
        if (FileOwner.GroupOf(Path.GetDirectoryName(path)!) is { } owner) groups.Add(owner);
        if (UserGroups.NumberOf(ControlPath.Group) is { } named) groups.Add(named);
        return new(FileOwner.EffectiveUser(), groups);
    }

    /// <summary>Whether a peer may command the agent.</summary>
    public bool IsServed(ControlPeer peer)
        => peer.User == 0 || peer.User == user || groups.Contains(peer.Group) || peer.Groups.Any(groups.Contains);
}

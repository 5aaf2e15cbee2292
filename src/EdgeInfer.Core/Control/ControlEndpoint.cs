using System.Net.Sockets;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Control;

/// <summary>
/// A listening socket at a path, one agent's alone: a lock beside it says that its agent lives, so that a socket which a killed agent
/// left behind is replaced and that of a living one is not.
/// </summary>
internal sealed class ControlEndpoint : IDisposable
{
    /// <summary>Connections that wait to be accepted.</summary>
    private const int Backlog = 8;

    private const string Cure = "set runtime.control to a path this user may write, or to off";

    private readonly FileStream _lock;

    private ControlEndpoint(string path, FileStream held, Socket socket)
    {
        Path = path;
        _lock = held;
        Socket = socket;
    }

    /// <summary>Where it listens.</summary>
    public string Path { get; }

    /// <summary>The listening socket.</summary>
    public Socket Socket { get; }

    /// <summary>Listens at a path; makes its folder where there is none.</summary>
    /// <param name="path">Absolute.</param>
    /// <exception cref="FaultException">It cannot: the place, the rights, or a living agent that holds it.</exception>
    public static ControlEndpoint Open(string path)
    {
        if (!ControlPath.Fits(path))
            throw FaultException.Of(FaultKind.Configuration, path, $"the path of a socket has at most {ControlPath.LongestBytes} bytes", "set runtime.control to a shorter one");
        try
        {
            RunFolder.Make(System.IO.Path.GetDirectoryName(path)!);
            FileStream held = Lock(path);
            try
            {
                return new(path, held, Listen(path));
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException)
        {
            throw FaultException.Of(FaultKind.InputOutput, path, $"there can be no control socket: {e.Message}", Cure, e);
        }
    }

    /// <summary>Stops listening and takes the socket's file away.</summary>
    public void Dispose()
    {
        Socket.Dispose();
        File.Delete(Path);
        _lock.Dispose();
    }

    private static FileStream Lock(string path)
    {
        try
        {
            // An advisory lock that goes with the process, however it ends.
            return new(path + ".lock", new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (IOException) when (Holder(path) is { } holder)
        {
            throw Held(path, holder);
        }
    }

    private static Socket Listen(string path)
    {
        (bool exists, bool isSocket) = FileOwner.KindOf(path);
        if (exists && !isSocket) throw new IOException("something else than a socket is there");
        if (exists && Holder(path) is { } holder) throw Held(path, holder);
        File.Delete(path);
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));

            // Before anybody can connect: that begins with Listen.
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);

            // Whoever the folder lets in gets to the socket: its group is the folder's, as in a folder with the set-group-ID bit.
            if (FileOwner.GroupOf(System.IO.Path.GetDirectoryName(path)!) is { } group) FileOwner.TryGiveToGroup(path, group);
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static FaultException Held(string path, string holder) => FaultException.Of(
        FaultKind.Unavailable, path, $"the control socket belongs to {holder}", "stop that one, or give each agent a runtime.control of its own");

    /// <summary>The process that listens at a path; null where none does.</summary>
    private static string? Holder(string path)
    {
        try
        {
            using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            probe.Connect(new UnixDomainSocketEndPoint(path));
            int process = ControlPeer.Of(probe).Process;
            return $"process {process}{NameOf(process)}";
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            return "another user's process";
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static string NameOf(int process)
    {
        try
        {
            return $" ({File.ReadAllText($"/proc/{process}/comm").TrimEnd()})";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

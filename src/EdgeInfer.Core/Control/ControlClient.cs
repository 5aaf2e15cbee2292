using System.Net.Sockets;
using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;
using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Control;

/// <summary>Asks a running agent. One request after the other.</summary>
internal sealed class ControlClient : IDisposable
{
    // Generous: an agent on a loaded device answers late, one that has stopped answers never.
    private const int PatienceMilliseconds = 15_000;
    private const int LongestAnswerBytes = 16 << 20;

    private readonly NetworkStream _stream;
    private readonly ControlLineReader _lines;

    private ControlClient(string path, Socket socket)
    {
        Path = path;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _lines = new(_stream, LongestAnswerBytes);
    }

    /// <summary>The socket it found.</summary>
    public string Path { get; }

    /// <summary>Connects to the agent at a socket, or at the first of the usual ones where one answers.</summary>
    /// <param name="path">The socket; null for the usual places.</param>
    /// <param name="runtimeFolder"><c>XDG_RUNTIME_DIR</c>.</param>
    /// <exception cref="FaultException">No agent answers, or this user may not ask it.</exception>
    public static ControlClient Connect(string? path, string? runtimeFolder)
    {
        IReadOnlyList<string> candidates = path is null ? ControlPath.Candidates(runtimeFolder) : [System.IO.Path.GetFullPath(path)];
        Fault? worst = null;
        foreach (string candidate in candidates)
        {
            if (!ControlPath.Fits(candidate))
                throw FaultException.Of(FaultKind.Usage, candidate, $"the path of a socket has at most {ControlPath.LongestBytes} bytes", "give a shorter one");
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            {
                ReceiveTimeout = PatienceMilliseconds,
                SendTimeout = PatienceMilliseconds,
            };
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(candidate));
                return new(candidate, socket);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                if (e.SocketErrorCode == SocketError.AccessDenied) worst = NotAllowed(candidate);
            }
        }

        throw new FaultException(worst ?? NotRunning(candidates, mayMissOne: path is null && string.IsNullOrEmpty(runtimeFolder)));
    }

    /// <summary>Asks, and gives the outcome.</summary>
    /// <returns>What stands under the name of the operation.</returns>
    /// <exception cref="FaultException">The agent refuses, or does not answer.</exception>
    public JsonElement Ask(ControlRequest request)
    {
        try
        {
            Send([.. JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), (byte)'\n']);
            ControlLine line = _lines.ReadAsync(CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromMilliseconds(PatienceMilliseconds), TimeProvider.System).GetAwaiter().GetResult();
            if (line.IsEnd || line.IsTooLong) throw Broken("the agent closed the connection");
            return Outcome(request.Op, line.Bytes);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            throw Broken(e is TimeoutException ? $"no answer within {PatienceMilliseconds / 1000} s" : e.Message);
        }
    }

    /// <summary>Copies the bytes that follow an answer.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="bytes">How many.</param>
    /// <exception cref="FaultException">They did not all come.</exception>
    public void CopyAttachment(Stream to, long bytes)
    {
        byte[] piece = new byte[64 << 10];
        for (long left = bytes; left > 0;)
        {
            int read;
            try
            {
                read = _lines.ReadBytesAsync(piece.AsMemory(0, (int)Math.Min(piece.Length, left)), CancellationToken.None).AsTask()
                    .WaitAsync(TimeSpan.FromMilliseconds(PatienceMilliseconds), TimeProvider.System).GetAwaiter().GetResult();
            }
            catch (Exception e) when (e is TimeoutException or IOException)
            {
                read = 0;
            }

            if (read == 0) throw Broken($"the answer ended {left} bytes too early");
            to.Write(piece, 0, read);
            left -= read;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void Send(byte[] line)
    {
        try
        {
            _stream.Write(line);
        }
        catch (IOException)
        {
            // An agent that does not serve this user says so and closes without reading: its line is there to be read all the same.
        }
    }

    private JsonElement Outcome(string op, ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument answer = JsonDocument.Parse(line);
            JsonElement root = answer.RootElement;
            if (root.GetProperty("ok").GetBoolean()) return root.GetProperty(op).Clone();
            throw new FaultException(root.GetProperty("error").Deserialize(ControlJson.Default.ControlError)!.ToFault());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw Broken("what listens there does not answer as an EdgeInfer agent does");
        }
    }

    private FaultException Broken(string what) => FaultException.Of(FaultKind.Unavailable, Path, what, "see how it is: systemctl status edgeinfer");

    private static Fault NotRunning(IReadOnlyList<string> candidates, bool mayMissOne) => new(FaultKind.Unavailable, string.Join(" and ", candidates), "no agent answers there",
        "see: systemctl status edgeinfer; or start one: edgeinfer run -c FILE; one with another runtime.control needs --socket"
        + (mayMissOne ? ", and so does one that a user started: XDG_RUNTIME_DIR is not set here, which says where that is" : ""));

    private static Fault NotAllowed(string path)
    {
        uint? group = FileOwner.GroupOf(path) ?? FileOwner.GroupOf(System.IO.Path.GetDirectoryName(path)!);
        string name = group is { } number and not 0 && UserGroups.NameOf(number) is { } known ? known : ControlPath.Group;
        return new(FaultKind.Unavailable, path, "this user may not ask the agent", $"run it with sudo, or join the service's group: sudo usermod -aG {name} $USER, then log in again");
    }
}

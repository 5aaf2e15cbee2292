using System.Net.Sockets;
using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Control;

/// <summary>
/// Serves the control socket: a few clients at a time, each with a bounded line and a bounded patience. Nothing a client does or
/// leaves undone reaches the pipelines.
/// </summary>
internal sealed partial class ControlServer : IAsyncDisposable
{
    /// <summary>The longest request.</summary>
    public const int LongestLineBytes = 64 << 10;

    /// <summary>Clients served at a time.</summary>
    public const int MostClients = 8;

    /// <summary>How long a client may be silent, or take nothing of its answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ControlEndpoint _endpoint;
    private readonly ControlAccess _access;
    private readonly ControlOperations _operations;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _clients = [];
    private readonly HashSet<uint> _refusedUsers = [];
    private Task _accepting = Task.CompletedTask;

    /// <summary>Prepares to serve; nobody is accepted before <see cref="Start"/>.</summary>
    /// <param name="endpoint">Where to listen; disposed of with this.</param>
    /// <param name="access">Who is served.</param>
    /// <param name="operations">What they may ask.</param>
    /// <param name="time">Clock of the deadlines.</param>
    /// <param name="logger">Names those who were turned away.</param>
    public ControlServer(ControlEndpoint endpoint, ControlAccess access, ControlOperations operations, TimeProvider time, ILogger logger)
    {
        _endpoint = endpoint;
        _access = access;
        _operations = operations;
        _time = time;
        _logger = logger;
    }

    /// <summary>Where it listens.</summary>
    public string Path => _endpoint.Path;

    /// <summary>Begins to serve.</summary>
    public void Start() => _accepting = AcceptAsync();

    /// <summary>Ends every conversation and takes the socket away.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        Task[] clients;
        lock (_lock) clients = [.. _clients];
        await Task.WhenAll(clients).ConfigureAwait(false);
        _endpoint.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Admit(await _endpoint.Socket.AcceptAsync(_stop.Token).ConfigureAwait(false));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // A client that left before it was accepted, or no descriptor left: the next one may have more luck.
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Admit(Socket client)
    {
        lock (_lock)
        {
            if (_clients.Count >= MostClients)
            {
                TurnAway(client, new(FaultKind.Unavailable, Path, $"{MostClients} clients are being served", "try again in a few seconds"));
                return;
            }

            Task serving = ServeAsync(client);
            if (serving.IsCompleted) return;
            _clients.Add(serving);
            serving.ContinueWith(Leave, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private void Leave(Task client)
    {
        lock (_lock) _clients.Remove(client);
    }

    private async Task ServeAsync(Socket client)
    {
        // Away from the accepting loop, and from the lock it holds.
        await Task.Yield();
        using Socket socket = client;
        try
        {
            ControlPeer peer = ControlPeer.Of(socket);
            if (!_access.IsServed(peer))
            {
                NoteRefused(peer);
                TurnAway(socket, new(FaultKind.Unavailable, Path, $"user {peer.User} may not command this agent", "run it as root, or become a member of the service's group"));
                return;
            }

            await using NetworkStream stream = new(socket, ownsSocket: false);
            await ConverseAsync(stream).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Gone, silent for too long, or the agent stops: nobody is left to be told.
        }
    }

    private async Task ConverseAsync(NetworkStream stream)
    {
        ControlLineReader lines = new(stream, LongestLineBytes);
        while (true)
        {
            ControlLine line;
            using (Deadline deadline = new(_time, _stop.Token)) line = await lines.ReadAsync(deadline.Token).ConfigureAwait(false);
            if (line.IsEnd) return;
            if (line.IsTooLong)
            {
                await SendAsync(stream, ControlAnswer.Refused(
                    new(FaultKind.Usage, "control", $"the line is longer than {LongestLineBytes >> 10} KiB", "write one short JSON object a line"))).ConfigureAwait(false);
                return;
            }

            await SendAsync(stream, await _operations.AnswerAsync(line.Bytes, _stop.Token).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    private async Task SendAsync(NetworkStream stream, ControlAnswer answer)
    {
        using ControlAttachment? attachment = answer.Attachment;
        await using PatientStream patient = new(stream, _time, _stop.Token);
        await patient.WriteAsync(answer.Line, _stop.Token).ConfigureAwait(false);
        if (attachment is not null) await attachment.WriteAsync(patient, _stop.Token).ConfigureAwait(false);
    }

    // One line that fits the socket's own buffer, without waiting for anything.
    private static void TurnAway(Socket client, Fault fault)
    {
        using Socket socket = client;
        try
        {
            socket.Blocking = false;
            socket.Send(ControlAnswer.Refused(fault).Line.Span);
        }
        catch (SocketException)
        {
            // Gone already.
        }
    }

    private void NoteRefused(ControlPeer peer)
    {
        lock (_lock)
        {
            // Once a user: whoever tries again and again does not fill the log.
            if (_refusedUsers.Count >= 64 || !_refusedUsers.Add(peer.User)) return;
        }

        LogRefused(_logger, Path, peer.User, peer.Process);
    }

    [LoggerMessage(EventId = 7001, Level = LogLevel.Warning, Message = "{Path}: user {User} (process {Process}) may not command this agent")]
    private static partial void LogRefused(ILogger logger, string path, uint user, int process);

    /// <summary>A token that ends with the agent, or when a client has been silent for too long.</summary>
    private sealed class Deadline : IDisposable
    {
        private readonly CancellationTokenSource _late;
        private readonly CancellationTokenSource _either;

        public Deadline(TimeProvider time, CancellationToken stop)
        {
            _late = new(Patience, time);
            _either = CancellationTokenSource.CreateLinkedTokenSource(_late.Token, stop);
        }

        public CancellationToken Token => _either.Token;

        public void Dispose()
        {
            _either.Dispose();
            _late.Dispose();
        }
    }
}

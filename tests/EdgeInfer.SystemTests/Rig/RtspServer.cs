using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>How an RTSP server behaves.</summary>
internal sealed record RtspBehaviour
{
    /// <summary>Pictures a second.</summary>
    public int FramesPerSecond { get; init; } = 10;

    /// <summary>The user it asks for; null for nobody.</summary>
    public string? User { get; init; }

    /// <summary>The user's password.</summary>
    public string Password { get; init; } = "";

    /// <summary>Asks by digest (RFC 2617) instead of basic.</summary>
    public bool IsDigest { get; init; } = true;

    /// <summary>Every packet carries the time stamp 0, as of a camera without a clock.</summary>
    public bool HasNoTime { get; init; }

    /// <summary>Announces this codec in the session description, whatever the pictures are.</summary>
    public string Codec { get; init; } = "H264";

    /// <summary>Announces sound alone.</summary>
    public bool HasNoVideo { get; init; }
}

/// <summary>
/// A camera that speaks RTSP (RFC 2326) and sends H.264 by RTP (RFC 6184) within the RTSP connection. Whoever plays it gets the film from
/// a key frame on, again and again. It ends the connection on TEARDOWN.
/// </summary>
internal sealed class RtspServer : IAsyncDisposable
{
    /// <summary>The path that it knows; others are 404.</summary>
    public const string Path = "/cam";

    private readonly RtspBehaviour _behaviour;
    private readonly Lock _lock = new();
    private readonly List<string> _requests = [];
    private readonly List<TcpClient> _clients = [];
    private TcpListener? _listener;
    private CancellationTokenSource _stop = new();
    private Task _accepting = Task.CompletedTask;

    private RtspServer(AnnexBFilm film, RtspBehaviour behaviour)
    {
        Film = film;
        _behaviour = behaviour;
    }

    /// <summary>What it shows; another one is shown from its first picture on.</summary>
    public AnnexBFilm Film { get; set; }

    /// <summary>The port.</summary>
    public int Port { get; private set; }

    /// <summary>Its address.</summary>
    public string Url => $"rtsp://127.0.0.1:{Port}{Path}";

    /// <summary>Pictures sent since the first start.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>While set it neither sends nor answers, and closes nothing.</summary>
    public bool IsFrozen { get => Volatile.Read(ref _isFrozen); set => Volatile.Write(ref _isFrozen, value); }

    private bool _isFrozen;
    private long _sent;

    /// <summary>The first lines of what was asked.</summary>
    public IReadOnlyList<string> Requests
    {
        get { lock (_lock) return [.. _requests]; }
    }

    /// <summary>Starts a camera.</summary>
    public static RtspServer Start(AnnexBFilm film, RtspBehaviour? behaviour = null)
    {
        RtspServer server = new(film, behaviour ?? new());
        server.Restart();
        return server;
    }

    /// <summary>Listens again on the same port.</summary>
    public void Restart()
    {
        IsFrozen = false;
        _stop = new();
        _listener = new(IPAddress.Loopback, Port);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;

        // Not on the test's own threads, which wait for frames.
        TcpListener listener = _listener;
        CancellationToken stop = _stop.Token;
        _accepting = Task.Run(() => Accept(listener, stop), CancellationToken.None);
    }

    /// <summary>Is gone: every connection breaks and nobody listens.</summary>
    public async Task Kill()
    {
        await _stop.CancelAsync();
        _listener?.Stop();
        TcpClient[] clients;
        lock (_lock)
        {
            clients = [.. _clients];
            _clients.Clear();
        }

        foreach (TcpClient client in clients) client.Dispose();
        await _accepting;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Kill();
        _stop.Dispose();
    }

    private async Task Accept(TcpListener listener, CancellationToken stop)
    {
        List<Task> serving = [];
        try
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync(stop);
                client.NoDelay = true;
                lock (_lock) _clients.Add(client);
                serving.RemoveAll(t => t.IsCompleted);
                serving.Add(Task.Run(() => Serve(client, stop), CancellationToken.None));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Killed.
        }

        await Task.WhenAll(serving);
    }

    private async Task Serve(TcpClient client, CancellationToken stop)
    {
        using CancellationTokenSource playing = CancellationTokenSource.CreateLinkedTokenSource(stop);

        // Outlives the player: one that waits for a disposed semaphore waits for ever.
        using SemaphoreSlim turn = new(1);
        Task play = Task.CompletedTask;
        try
        {
            NetworkStream line = client.GetStream();
            RtspSession session = new(_behaviour, Path);
            while (await RtspRequest.Read(line, stop) is { } request)
            {
                while (IsFrozen) await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, stop);
                lock (_lock) _requests.Add(request.FirstLine);
                string answer = session.Answer(request);
                await turn.WaitAsync(stop);
                await line.WriteAsync(Encoding.ASCII.GetBytes(answer), stop);
                turn.Release();
                if (request.Method == "TEARDOWN") break;
                if (request.Method == "PLAY" && answer.StartsWith("RTSP/1.0 200", StringComparison.Ordinal)) play = Play(line, turn, playing.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The other side has gone, or this one was killed.
        }

        await playing.CancelAsync();
        lock (_lock) _clients.Remove(client);
        client.Dispose();
        await play;
    }

    private async Task Play(NetworkStream line, SemaphoreSlim turn, CancellationToken stop)
    {
        try
        {
            RtpPacketiser packets = new();
            Stopwatch clock = Stopwatch.StartNew();
            AnnexBFilm film = Film;
            for (int picture = 0, shown = 0; ; picture++, shown++)
            {
                TimeSpan due = TimeSpan.FromSeconds((double)shown / _behaviour.FramesPerSecond) - clock.Elapsed;
                if (due > TimeSpan.Zero) await Task.Delay(due, TimeProvider.System, stop);
                while (IsFrozen) await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, stop);
                if (Film != film)
                {
                    film = Film;
                    picture = 0;
                }

                uint stamp = _behaviour.HasNoTime ? 0 : (uint)(90_000L * shown / _behaviour.FramesPerSecond);
                byte[] bytes = _behaviour.HasNoVideo ? packets.Silence(stamp) : packets.Pack(film.Pictures[picture % film.Pictures.Count], stamp);
                await turn.WaitAsync(stop);
                await line.WriteAsync(bytes, stop);
                turn.Release();
                Interlocked.Increment(ref _sent);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The other side has gone, or this one was killed.
        }
    }
}

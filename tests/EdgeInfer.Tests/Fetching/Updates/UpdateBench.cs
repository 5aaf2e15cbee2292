using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching;
using EdgeInfer.Fetching.Updates;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Fetching.Updates;

/// <summary>
/// A transport of updates for one test: names that lead to addresses, addresses that lead to servers of the test, and a folder. Nothing
/// else can be reached.
/// </summary>
internal sealed class UpdateBench : IPullReport, IDisposable
{
    public const int Cap = 1000;
    public const string Timestamp = "metadata/timestamp.json";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-transport-");
    private readonly Dictionary<string, Queue<IPAddress[]>> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<IPEndPoint, FileServer> _servers = [];
    private readonly List<UpdateTransport> _open = [];
    private long _delivered;
    private int _pendingReads;

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public IWebProxy Proxy { get; set; } = new WebProxyFor(null);

    /// <summary>One attempt, unless <see cref="Retry"/> says otherwise.</summary>
    public FetchLimits Limits { get; set; } = FetchLimits.ForUpdates with { AttemptsInAll = 1 };

    public ConcurrentQueue<string> Said { get; } = [];

    public List<(string Name, long Received, long? Total)> Begun { get; } = [];

    public List<long> Progress { get; } = [];

    public int Ended { get; private set; }

    public Action<long>? OnReceived { get; set; }

    /// <summary>Addresses that were connected to, in order.</summary>
    public ConcurrentQueue<IPEndPoint> Dialled { get; } = [];

    /// <summary>An address that takes packets and never answers.</summary>
    public IPAddress? BlackHole { get; set; }

    /// <summary>Bytes that the client has taken from all connections.</summary>
    public long Delivered => Interlocked.Read(ref _delivered);

    /// <summary>Whether the client waits for bytes, so that its deadlines run.</summary>
    public bool IsWaiting => Volatile.Read(ref _pendingReads) > 0;

    public string Partial => Path.Combine(_folder.FullName, "blob.part");

    public string Note => Partial + ".note";

    public long PartialBytes => File.Exists(Partial) ? new FileInfo(Partial).Length : 0;

    public static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Tries again without a pause, so often without anything gained.</summary>
    public void Retry(int attempts = 5) => Limits = Limits with { Attempts = attempts, AttemptsInAll = 50, FirstPause = TimeSpan.Zero, LongestPause = TimeSpan.Zero };

    /// <summary>Lets a name lead to addresses; said several times, to one after the other, and from then on to the last.</summary>
    public void Name(string name, params string[] addresses)
    {
        if (!_names.TryGetValue(name, out Queue<IPAddress[]>? answers)) _names[name] = answers = new();
        answers.Enqueue([.. addresses.Select(IPAddress.Parse)]);
    }

    /// <summary>Lets an address lead to a server.</summary>
    public void Serve(string address, FileServer server, int port = 443) => _servers[new(IPAddress.Parse(address), port)] = server;

    public UpdateTransport Open(
        string repository, string? registry = null, string? ca = null, RepositoryCredential? credential = null, RepositoryCredential? registryCredential = null, long? rate = null,
        Func<DateTimeOffset>? clock = null, (string, string)? identity = null)
    {
        UpdateTransportOptions options = new()
        {
            Repository = RepositoryAddress.Read(repository, out (string What, string Cure) wrong) ?? throw new ArgumentException(wrong.What, nameof(repository)),
            Registry = registry is null ? null : RegistryAddress.Read(registry, out wrong) ?? throw new ArgumentException(wrong.What, nameof(registry)),
            AuthorityFile = ca,
            Identity = identity,
            Credential = credential,
            RegistryCredential = registryCredential,
            BytesPerSecond = rate,
            Clock = clock,
            Limits = Limits,
            Reach = Reach,
        };
        UpdateTransport transport = new(options, Proxy, Time, new Random(1), this);
        _open.Add(transport);
        return transport;
    }

    /// <summary>Leads a client to the names and servers of the test.</summary>
    public HttpHome Reach(HttpHome home) => home with { Resolve = Resolve, Dial = Dial };

    public byte[]? Fetch(string repository, string name = Timestamp, int cap = Cap, string? ca = null, RepositoryCredential? credential = null)
        => Open(repository, ca: ca, credential: credential).Repository.Fetch(name, cap, default).AsTask().GetAwaiter().GetResult();

    public UpdateException Refused(string repository, string name = Timestamp, int cap = Cap, string? ca = null, RepositoryCredential? credential = null)
        => Assert.Throws<UpdateException>(() => Fetch(repository, name, cap, ca, credential));

    /// <summary>Fetches a blob into <see cref="Partial"/>, or into a file whose name has an end of its own.</summary>
    public Task FetchBlob(UpdateTransport transport, string sha256, long bytes, string end = "", CancellationToken stop = default)
        => transport.Blobs.Fetch(sha256, bytes, () => new FilePart(Partial + end, sha256), stop);

    /// <summary>The same, and waits for it.</summary>
    public void BringBlob(UpdateTransport transport, string sha256, long bytes, string end = "", CancellationToken stop = default)
        => FetchBlob(transport, sha256, bytes, end, stop).GetAwaiter().GetResult();

    /// <summary>Fetches metadata, and waits for them.</summary>
    public static byte[]? Bring(UpdateTransport transport, string name, CancellationToken stop = default)
        => transport.Repository.Fetch(name, Cap, stop).AsTask().GetAwaiter().GetResult();

    /// <summary>Lets fake time go on in steps until a task is over.</summary>
    public static void Pass(Task task, FakeTimeProvider time, Action? beforeEach = null, double step = 1) => PassUntil(() => task.IsCompleted, time, beforeEach, step);

    /// <summary>Lets fake time go on in steps until other threads have brought something about.</summary>
    public static void PassUntil(Func<bool> isTrue, FakeTimeProvider time, Action? beforeEach = null, double step = 1)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!isTrue())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "it never happens");
            beforeEach?.Invoke();
            time.Advance(TimeSpan.FromSeconds(step));
            Thread.Yield();
        }
    }

    /// <summary>Waits for what other threads bring about.</summary>
    public static void Until(Func<bool> isTrue)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!isTrue())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "it never happens");
            Thread.Yield();
        }
    }

    public void CloseClients()
    {
        foreach (UpdateTransport transport in _open) transport.Dispose();
    }

    public void Say(string line) => Said.Enqueue(line);

    public void Begin(string name, long received, long? total) => Begun.Add((name, received, total));

    public void Received(long bytes)
    {
        Progress.Add(bytes);
        OnReceived?.Invoke(bytes);
    }

    public void End() => Ended++;

    public void Dispose()
    {
        CloseClients();
        _folder.Delete(recursive: true);
    }

    private Task<IPAddress[]> Resolve(string host, CancellationToken stop)
    {
        if (host == "localhost") return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        if (!_names.TryGetValue(host, out Queue<IPAddress[]>? answers)) throw new SocketException((int)SocketError.HostNotFound);
        return Task.FromResult(answers.Count > 1 ? answers.Dequeue() : answers.Peek());
    }

    private async Task<Stream> Dial(IPEndPoint to, CancellationToken stop)
    {
        Dialled.Enqueue(to);
        if (to.Address.Equals(BlackHole)) await Task.Delay(Timeout.InfiniteTimeSpan, Time, stop);
        if (!_servers.TryGetValue(to, out FileServer? server) && !IPAddress.IsLoopback(to.Address)) throw new SocketException((int)SocketError.HostUnreachable);
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 16 << 10 };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, server?.Port ?? to.Port, stop);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return new CountedStream(socket, bytes => Interlocked.Add(ref _delivered, bytes), pending => Interlocked.Add(ref _pendingReads, pending));
    }

    private sealed class CountedStream(Socket socket, Action<int> delivered, Action<int> pending) : NetworkStream(socket, ownsSocket: true)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            ValueTask<int> reading = base.ReadAsync(buffer, cancellationToken);
            pending(1);
            int read = 0;
            try
            {
                return read = await reading;
            }
            finally
            {
                // In this order: whoever sees the bytes must not see the wait for them.
                pending(-1);
                delivered(read);
            }
        }
    }
}

/// <summary>One proxy for all hosts but some; null for none.</summary>
internal sealed class WebProxyFor(Uri? proxy, params string[] without) : IWebProxy
{
    public ICredentials? Credentials { get; set; }

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : proxy;

    public bool IsBypassed(Uri host) => proxy is null || without.Contains(host.Host);
}

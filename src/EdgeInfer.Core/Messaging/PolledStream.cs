using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EdgeInfer.Posix.Interop;
using MQTTnet.Channel;

namespace EdgeInfer.Messaging;

/// <summary>
/// A TCP connection whose connecting and reading wait in the calling thread. An acknowledgement then wakes one thread, as in a program
/// written by hand; through .NET's socket engine and the pool it wakes three (6.6 futex calls a message at 150 messages a second,
/// measured). The engine wakes for a socket that it has once served, also when nobody waits there: hence no asynchronous connect either.
/// Writes are the socket's own: they never block. <see cref="Stream.Dispose()"/> by another thread ends every wait.
/// </summary>
/// <param name="connectTimeout">How long connecting may take; the addresses of a name share it.</param>
/// <param name="resolve">Finds the addresses of a name.</param>
/// <param name="time">Clock.</param>
internal sealed class PolledStream(TimeSpan connectTimeout, Func<string, CancellationToken, Task<IPAddress[]>> resolve, TimeProvider time) : Stream, IMqttClientStreamProvider
{
    private readonly Lock _lock = new();
    private Socket? _socket;
    private NetworkStream? _inner;
    private bool _isDisposed;

    /// <summary>How far connecting has come; whoever wraps the stream moves it on.</summary>
    public LinkStage Stage { get; set; }

    /// <inheritdoc/>
    public override bool CanRead => _inner is { CanRead: true };

    /// <inheritdoc/>
    public override bool CanWrite => CanRead;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public Task<Stream> ConnectAsync(EndPoint brokerEndPoint, CancellationToken cancellationToken)
    {
        (IPAddress[] addresses, int port) = brokerEndPoint switch
        {
            IPEndPoint known => ([known.Address], known.Port),
            DnsEndPoint named => (Resolve(named.Host, cancellationToken), named.Port),
            _ => throw new NotSupportedException($"no way to connect to {brokerEndPoint}"),
        };
        return Task.FromResult<Stream>(Connect(addresses, port));
    }

    /// <summary>The system's resolver takes no notice of a token once it is asked: it is left behind.</summary>
    private IPAddress[] Resolve(string host, CancellationToken stop)
    {
        Stage = LinkStage.Resolving;
        IPAddress[] found = resolve(host, stop).WaitAsync(stop).GetAwaiter().GetResult();
        return found.Length > 0 ? found : throw new SocketException((int)SocketError.NoData);
    }

    /// <summary>Connects to the first of a host's addresses that answers; each has its share of the time, since a dropped packet is never answered.</summary>
    internal PolledStream Connect(ReadOnlySpan<IPAddress> addresses, int port)
    {
        Stage = LinkStage.Connecting;
        TimeSpan share = connectTimeout / addresses.Length;
        for (int i = 0; ; i++)
        {
            Socket? socket = null;
            bool isLast = i + 1 == addresses.Length;
            try
            {
                // A system without IPv6 may still find such an address.
                socket = new(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                Take(socket);

                // The last has the caller's deadline, which words its own fault.
                using ITimer? bound = isLast ? null : time.CreateTimer(static s => Close((Socket)s!), socket, share, Timeout.InfiniteTimeSpan);
                socket.Connect(new IPEndPoint(addresses[i], port));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Nobody else closes it before it is garbage: hours, on a device that is idle while its broker is down.
                socket?.Dispose();
                if (isLast) throw;
                continue;
            }

            _inner = new NetworkStream(socket, ownsSocket: true);

            // Only what is there is read after poll said so: a read never blocks in the kernel.
            socket.Blocking = false;
            Stage = LinkStage.Greeting;
            return this;
        }
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(ReadPolled(buffer.Span));

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => _inner!.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => _inner!.WriteAsync(buffer, offset, count, cancellationToken);

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) End();
        base.Dispose(disposing);
    }

    private void End()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
        }

        if (_socket is { } socket) Close(socket);
    }

    private static void Close(Socket socket)
    {
        try
        {
            // Wakes the thread that connects or polls; what was sent is still delivered.
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It never was connected, or was closed from the other side.
        }

        socket.Dispose();
    }

    /// <summary>Makes a socket the one that <see cref="End"/> closes.</summary>
    private void Take(Socket socket)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _socket = socket;
        }
    }

    private int ReadPolled(Span<byte> buffer)
    {
        Socket socket = _socket!;
        while (true)
        {
            WaitReadable(socket.SafeHandle);
            int read = socket.Receive(buffer, SocketFlags.None, out SocketError error);
            switch (error)
            {
                case SocketError.Success: return read;
                case SocketError.WouldBlock or SocketError.Interrupted: continue;
                default: throw new IOException("the connection broke", new SocketException((int)error));
            }
        }
    }

    private static unsafe void WaitReadable(SafeSocketHandle handle)
    {
        bool isHeld = false;
        try
        {
            // The number cannot be closed and given to another file while it is held.
            handle.DangerousAddRef(ref isHeld);
            Poll.Descriptor descriptor = new() { Number = (int)handle.DangerousGetHandle(), Wanted = Poll.In };
            while (Poll.Wait(&descriptor, 1, -1) < 0)
            {
                int error = Marshal.GetLastPInvokeError();
                if (error != PosixError.Interrupted) throw new IOException($"poll failed with error {error}");
            }
        }
        finally
        {
            if (isHeld) handle.DangerousRelease();
        }
    }
}

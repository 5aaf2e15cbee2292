using System.Net;
using System.Net.Sockets;
using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

public sealed class PolledStreamTests
{
    [Fact]
    public async Task An_address_that_drops_every_packet_leaves_the_next_its_share_of_the_time()
    {
        // With a full backlog the kernel answers no SYN.
        using Socket deaf = Listening(IPAddress.Loopback, 0, 0);
        int port = ((IPEndPoint)deaf.LocalEndPoint!).Port;
        List<Socket> waiting = [];
        for (int i = 0; i < 4; i++)
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _ = socket.ConnectAsync(deaf.LocalEndPoint!).ContinueWith(static t => _ = t.Exception, TaskScheduler.Default);
            waiting.Add(socket);
        }

        IPAddress second = IPAddress.Parse("127.0.0.2");
        using Socket broker = Listening(second, port, 1);
        await using PolledStream stream = new(TimeSpan.FromMilliseconds(600), Dns.GetHostAddressesAsync, TimeProvider.System);
        await Task.Run(() => stream.Connect([IPAddress.Loopback, second], port)).WaitAsync(SessionProbe.Patience);

        using Socket accepted = await broker.AcceptAsync().WaitAsync(SessionProbe.Patience);
        accepted.Send("x"u8);
        byte[] read = new byte[1];
        Assert.Equal(1, await stream.ReadAsync(read));
        waiting.ForEach(static s => s.Dispose());
    }

    [Fact]
    public async Task An_address_that_refuses_is_followed_by_the_next()
    {
        IPAddress second = IPAddress.Parse("127.0.0.2");
        using Socket broker = Listening(second, 0, 1);
        await using PolledStream stream = new(TimeSpan.FromHours(1), Dns.GetHostAddressesAsync, TimeProvider.System);
        stream.Connect([IPAddress.Loopback, second], ((IPEndPoint)broker.LocalEndPoint!).Port);
        using Socket accepted = await broker.AcceptAsync().WaitAsync(SessionProbe.Patience);
        Assert.True(stream.CanRead);
    }

    [Fact]
    public async Task Attempts_that_are_refused_leave_no_sockets_behind()
    {
        using Socket closed = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)closed.LocalEndPoint!).Port;
        const int Attempts = 600;
        List<PolledStream> streams = [];
        int before = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        for (int i = 0; i < Attempts; i++)
        {
            PolledStream stream = new(TimeSpan.FromHours(1), Dns.GetHostAddressesAsync, TimeProvider.System);
            Assert.Throws<SocketException>(() => stream.Connect([IPAddress.Loopback], port));
            streams.Add(stream);
        }

        // Others open files at the same time.
        Assert.InRange(Directory.GetFileSystemEntries("/proc/self/fd").Length - before, int.MinValue, Attempts / 2);
        foreach (PolledStream stream in streams) await stream.DisposeAsync();
    }

    private static Socket Listening(IPAddress address, int port, int backlog)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, port));
        socket.Listen(backlog);
        return socket;
    }
}

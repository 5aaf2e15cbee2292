using System.Net;
using System.Net.Sockets;

namespace EdgeInfer.Tests.Messaging;

/// <summary>Answers each connection's first bytes with bytes of the test's, then closes it; after so many connections it is done.</summary>
internal sealed class HostileBroker : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;

    public HostileBroker(int connections, Func<byte[]> answer)
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(16);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _thread = new Thread(() => Serve(connections, answer)) { IsBackground = true, Name = "hostile broker" };
        _thread.Start();
    }

    public int Port { get; }

    public Task Done => _done.Task;

    public void Dispose()
    {
        _listener.Dispose();
        _thread.Join();
    }

    private void Serve(int connections, Func<byte[]> answer)
    {
        try
        {
            byte[] heard = new byte[64 * 1024];
            for (int i = 0; i < connections; i++)
            {
                using Socket client = _listener.Accept();
                byte[] bytes = answer();
                try
                {
                    if (client.Receive(heard) == 0) continue;
                    client.Send(bytes);

                    // Half closed: what is said has arrived before the end does, and the client's end is waited for.
                    client.Shutdown(SocketShutdown.Send);
                    while (client.Receive(heard) > 0)
                    {
                    }
                }
                catch (SocketException)
                {
                    // The client did not like it and has left.
                }
            }

            _done.TrySetResult();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _done.TrySetException(e);
        }
    }
}

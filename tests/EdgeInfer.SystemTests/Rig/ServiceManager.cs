using System.Net.Sockets;
using System.Text;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>Hears what an agent tells systemd, at a datagram socket of its own (sd_notify).</summary>
internal sealed class ServiceManager : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly byte[] _buffer = new byte[4096];

    /// <summary>Begins to listen.</summary>
    /// <param name="path">For NOTIFY_SOCKET.</param>
    public ServiceManager(string path) => _socket.Bind(new UnixDomainSocketEndPoint(path));

    /// <summary>
    /// The next change of state, which must begin with a word. Between the changes there are others: that the start needs more time, what
    /// ails the agent, that it is alive.
    /// </summary>
    public async Task<string> Hears(string first)
    {
        using CancellationTokenSource limit = new(ChildProcess.Patience);
        while (true)
        {
            int length = await _socket.ReceiveAsync(_buffer, SocketFlags.None, limit.Token);
            string said = Encoding.UTF8.GetString(_buffer, 0, length);
            if (said.Split('\n')[0] == first) return said;
            Assert.Matches("^(EXTEND_TIMEOUT_USEC|STATUS|WATCHDOG)=", said);
            Assert.DoesNotContain("=1", said.Replace("WATCHDOG=1", "", StringComparison.Ordinal).Replace("STATUS=1", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    /// <summary>Waits until the service has said a number of times that it is alive.</summary>
    public async Task HearsAlive(int times)
    {
        using CancellationTokenSource limit = new(ChildProcess.Patience);
        for (int heard = 0; heard < times;)
        {
            int length = await _socket.ReceiveAsync(_buffer, SocketFlags.None, limit.Token);
            if (Encoding.UTF8.GetString(_buffer, 0, length).Split('\n').Contains("WATCHDOG=1")) heard++;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}

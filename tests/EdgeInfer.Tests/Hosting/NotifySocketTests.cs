using System.Net.Sockets;
using System.Text;
using EdgeInfer.Hosting;
using EdgeInfer.Pipeline;
using EdgeInfer.Tests.Sources;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Hosting;

/// <summary>The messages on a real datagram socket: a path, and a name in the abstract namespace, which NOTIFY_SOCKET writes with an @.</summary>
public sealed class NotifySocketTests
{
    private static readonly AgentCondition s_condition = new() { Pipelines = [], Broker = "connected" };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_message_is_one_datagram(bool isAbstract)
    {
        using TemporaryFolder folder = new();
        string name = $"edgeinfer-notify-{Guid.NewGuid():N}";
        string path = Path.Combine(folder.Path, "notify");
        using Socket manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + name : path));
        using ServiceWatch watch = new(Notifier(isAbstract ? "@" + name : path), new(TimeSpan.FromHours(1)), TimeProvider.System, NullLogger.Instance);
        watch.Ready(_ => s_condition);
        watch.Stopping();
        Assert.Equal("READY=1\nSTATUS=0 of 0 pipelines run, broker connected", Received(manager));
        Assert.Equal("STOPPING=1\nSTATUS=delivers what it has, and stops", Received(manager));
    }

    [Fact]
    public void A_socket_that_nobody_has_is_no_reason_to_fail()
    {
        RecordingLogger log = new();
        using ServiceWatch watch = new(Notifier("/nonexistent/notify"), default, TimeProvider.System, log);
        watch.Ready(_ => s_condition);
        Assert.StartsWith("the service manager cannot be told anything at NOTIFY_SOCKET", log.Text, StringComparison.Ordinal);
    }

    // It reads the process's environment, once.
    private static SystemdNotifier Notifier(string socket)
    {
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", socket);
        try
        {
            return new();
        }
        finally
        {
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        }
    }

    private static string Received(Socket socket)
    {
        byte[] buffer = new byte[4096];
        socket.ReceiveTimeout = 60_000;
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }
}

using System.Net;
using System.Net.Sockets;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;

namespace EdgeInfer.Diagnosis;

/// <summary>
/// Whether the configured broker can be reached: name, TCP, TLS and CONNECT with the configuration's own user, under a client id of
/// its own so that the service's connection is not thrown out. Nothing is published and nothing subscribed to.
/// </summary>
/// <param name="time">Clock.</param>
internal sealed class BrokerExamination(TimeProvider time)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    /// <summary>Asks the broker; takes at most about 3 s.</summary>
    /// <param name="options"><c>mqtt</c>.</param>
    /// <param name="device">The device's id.</param>
    /// <param name="stop">Ends it.</param>
    public Task<Section> ExamineAsync(MqttOptions options, string device, CancellationToken stop)
        => Task.Factory.StartNew(() => Examine(options, device, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private Section Examine(MqttOptions options, string device, CancellationToken stop)
    {
        SectionBuilder section = new("broker", "Broker");
        if (options.Url.Scheme == "embedded")
        {
            section.Fact("url", options.Url.GetLeftPart(UriPartial.Authority));
            section.Add(Embedded(options.Url));
            return section.Build();
        }

        MqttSettings settings = new() { Options = options, ClientId = $"{options.ClientId ?? $"edgeinfer-{device}"}-doctor", ConnectTimeout = s_patience };
        section.Fact("url", settings.Address);
        section.Fact("username", options.Username);
        long since = time.GetTimestamp();
        try
        {
            using MqttConnection connection = MqttConnection.OpenAsync(settings, time, stop).GetAwaiter().GetResult();
            double milliseconds = time.GetElapsedTime(since).TotalMilliseconds;
            byte[] goodbye = MqttWire.NormalDisconnect.ToArray();
            connection.SendAsync(goodbye, goodbye.Length).GetAwaiter().GetResult();
            section.Fact("connect_ms", Math.Round(milliseconds, 1));
            string who = options.Username is { } user ? $"user {Quoted.Text(user)}" : "anyone";
            string tls = options.Url.Scheme is "mqtts" or "wss" ? ", its certificate is trusted" : "";
            section.Add(Finding.Ok(FindingId.BrokerLetsIn, $"lets {who} in{tls}; answered in {milliseconds:0} ms", settings.Address));
        }
        catch (MqttLinkException e)
        {
            section.Add(Finding.Of(FindingId.BrokerRefuses, e.Fault, FindingLevel.Problem, "check the broker's own log"));
        }
        catch (IOException)
        {
            section.Add(Finding.Ok(FindingId.BrokerCloses, "accepts the connection, then closes it", settings.Address));
        }

        return section.Build();
    }

    // Its port is in use either by the service, which is as it should be, or by another broker.
    private static Finding Embedded(Uri url)
    {
        if (!IPAddress.TryParse(url.Host, out IPAddress? address)) address = IPAddress.Loopback;
        int port = url.Port > 0 ? url.Port : 1883;
        try
        {
            using TcpListener probe = new(address, port);
            probe.Start();
            return Finding.Ok(FindingId.BrokerPortFree, "the embedded broker's port is free", $"{address}:{port}");
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? Finding.Info(FindingId.BrokerPortTaken, "the embedded broker's port is in use: by the service, if that runs", $"{address}:{port}", $"if the service does not run: find the other broker with sudo ss -ltnp sport = :{port}, or give embedded:// another port")
                : Finding.Problem(FindingId.BrokerPortUnusable, FaultKind.Unavailable, $"the embedded broker cannot listen there: {e.Message}", $"{address}:{port}", "give embedded:// an address of this machine, and a port above 1023");
        }
    }
}

using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Configuration;
using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

/// <summary>What an operator reads when the way to the broker is barred.</summary>
public sealed class MqttFaultTests
{
    private const string Canary = "canary-7f3a-secret";
    private readonly SessionProbe _probe = new();

    [Theory]
    [InlineData(0x86, MqttSessionState.Failed, "the broker refuses user name or password (user 'press-3'); correct mqtt.username and mqtt.password")]
    [InlineData(0x87, MqttSessionState.Failed, "the broker does not let this client in: wrong user name or password, or no right to connect (user 'press-3', client id 'edgeinfer-test'); correct mqtt.username and mqtt.password, or the broker's access list")]
    [InlineData(0x85, MqttSessionState.Failed, "the broker refuses the client id 'edgeinfer-test'; set mqtt.client_id to one it accepts")]
    [InlineData(0x84, MqttSessionState.Failed, "the broker does not speak MQTT 5; use a broker of MQTT 5 (mosquitto since 1.6, EMQX, HiveMQ, VerneMQ), or set mqtt.protocol: \"3.1.1\" (nats-server)")]
    [InlineData(0x01, MqttSessionState.Failed, "the broker does not speak MQTT 5; use a broker of MQTT 5 (mosquitto since 1.6, EMQX, HiveMQ, VerneMQ), or set mqtt.protocol: \"3.1.1\" (nats-server)")]
    [InlineData(0x88, MqttSessionState.Waiting, "the broker is busy or unavailable")]
    public async Task A_refused_CONNECT_says_what_to_mend_and_never_the_password(byte reason, object state, string expected)
    {
        using FakeBroker broker = new FakeBroker { ConnAck = reason == 1 ? [0, 1] : [0, reason, 0] }.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { Username = "press-3", Password = new Secret(Canary) }));
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, s => s.Cause is not null);
        Assert.Equal($"mqtt://127.0.0.1:{broker.Port}: {expected}", status.Cause!.ToString());
        Assert.Equal((MqttSessionState)state, (await SessionProbe.Reaches(session, (MqttSessionState)state)).State);
        Assert.Contains(Canary, System.Text.Encoding.UTF8.GetString(broker.Next(1).Body), StringComparison.Ordinal);
        Assert.DoesNotContain(_probe.Lines, l => l.Contains(Canary, StringComparison.Ordinal));
        Assert.DoesNotContain(Canary, session.Status.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_takeover_names_the_other_client()
    {
        using FakeBroker broker = new FakeBroker().Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port) with { FailedDelay = TimeSpan.FromHours(1), FirstDelay = TimeSpan.FromHours(1) });
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        broker.Send(0xE0, 1, 0x8E);
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Failed);
        Assert.Equal(
            "another client has connected with the same client id 'edgeinfer-test', and the broker closed this connection; give each device its own device.id (or mqtt.client_id)",
            status.Cause!.What + "; " + status.Cause.Cure);
    }

    [Fact]
    public async Task A_broker_that_closes_again_and_again_without_a_word_points_at_the_client_id()
    {
        using FakeBroker broker = new FakeBroker().Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port));
        session.Start();
        for (int i = 0; i < 3; i++)
        {
            broker.Next(1);
            await SessionProbe.Reaches(session, s => s.State == MqttSessionState.Connected && s.Counts.Reconnects == i);
            broker.Hang();
        }

        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Failed);
        Assert.Equal(
            "the broker keeps closing the connection soon after it is made: most likely another client connects with the same client id 'edgeinfer-test'",
            status.Cause!.What);
        Assert.Contains(_probe.Lines, l => l.EndsWith("the broker closed the connection without giving a reason", StringComparison.Ordinal));
        Assert.Contains(_probe.Lines, l => l.Contains("without giving a reason; if it does so again and again, another client uses the same client id", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_brokers_own_words_are_kept_to_one_line()
    {
        using FakeBroker broker = new FakeBroker().Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port) with { FirstDelay = TimeSpan.FromHours(1), LongestDelay = TimeSpan.FromHours(1) });
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);

        // DISCONNECT 0x8B with a Reason String (0x1F) "a\nb".
        broker.Send(0xE0, 8, 0x8B, 6, 0x1F, 0, 3, (byte)'a', (byte)'\n', (byte)'b');
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Waiting);
        Assert.Equal("the broker is shutting down (it says: a b)", status.Cause!.What);
    }

    [Fact]
    public async Task An_unknown_host_is_named()
    {
        MqttSettings settings = SessionProbe.Settings(1, o => o with { Url = new("mqtt://no-such-host.invalid:1883") });
        await using MqttSession session = _probe.Session(settings);
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, s => s.Cause is not null);
        Assert.Contains("'no-such-host.invalid'", status.Cause!.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_web_server_is_no_broker()
    {
        using TcpListener web = new(IPAddress.Loopback, 0);
        web.Start();
        Task serving = Task.Run(async () =>
        {
            using TcpClient client = await web.AcceptTcpClientAsync();
            await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
            await client.GetStream().ReadAsync(new byte[10000]);
        });
        await using MqttSession session = _probe.Session(SessionProbe.Settings(((IPEndPoint)web.LocalEndpoint).Port));
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, s => s.Cause is not null);
        await serving;
        Assert.Equal("what answers there does not speak MQTT", status.Cause!.What);
    }

    [Fact]
    public async Task An_answer_to_CONNECT_that_announces_more_than_is_agreed_is_refused_at_its_header()
    {
        using TcpListener hostile = new(IPAddress.Loopback, 0);
        hostile.Start();
        Task<int> serving = Task.Run(async () =>
        {
            using TcpClient client = await hostile.AcceptTcpClientAsync();
            await client.GetStream().ReadAtLeastAsync(new byte[2], 2);

            // CONNACK with the largest length there is, and nothing of it: only a refusal ends the connection.
            await client.GetStream().WriteAsync(new byte[] { 0x20, 0xFF, 0xFF, 0xFF, 0x7F });
            byte[] rest = new byte[4096];
            while (await client.GetStream().ReadAsync(rest) > 0)
            {
            }

            return 0;
        });
        await using MqttSession session = _probe.Session(SessionProbe.Settings(((IPEndPoint)hostile.LocalEndpoint).Port) with { ConnectTimeout = TimeSpan.FromHours(1), FailedDelay = TimeSpan.FromHours(1) });
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, s => s.Cause is not null);
        await serving.WaitAsync(SessionProbe.Patience);
        Assert.Equal("what answers there does not speak MQTT", status.Cause!.What);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public async Task Stopping_ends_an_attempt_that_nobody_answers(int before)
    {
        // With a full backlog the kernel answers no SYN, with room the connection waits for a CONNACK.
        using Socket deaf = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        deaf.Listen(1);
        List<Socket> waiting = [];
        for (int i = 0; i < before; i++)
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _ = socket.ConnectAsync(deaf.LocalEndPoint!).ContinueWith(static t => _ = t.Exception, TaskScheduler.Default);
            waiting.Add(socket);
        }

        MqttSession session = _probe.Session(SessionProbe.Settings(((IPEndPoint)deaf.LocalEndPoint!).Port) with { ConnectTimeout = TimeSpan.FromHours(1) });
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connecting);
        await session.StopAsync(TimeSpan.FromSeconds(2)).WaitAsync(SessionProbe.Patience);
        Assert.Equal(MqttSessionState.Stopped, session.Status.State);
        waiting.ForEach(static s => s.Dispose());
    }

    [Fact]
    public async Task A_port_that_never_answers_is_named_after_the_time_for_connecting()
    {
        using TcpListener deaf = new(IPAddress.Loopback, 0);
        deaf.Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(((IPEndPoint)deaf.LocalEndpoint).Port) with { ConnectTimeout = TimeSpan.FromMilliseconds(200) });
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, s => s.Cause is not null);
        Assert.Equal("no answer within 0.2 s", status.Cause!.What);
    }

    [Fact]
    public async Task With_the_private_authority_TLS_connects()
    {
        using TestCertificates own = new("Plant CA");
        using FakeBroker broker = new FakeBroker(certificate: own.Server()).Start();
        await using MqttSession session = _probe.Session(Tls(broker.Port, own.AuthorityFile));
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        session.TryPublish(new MqttTopic("t"), "x"u8, 1, 1);
        Assert.Equal(1, _probe.NextDelivered());
    }

    [Fact]
    public async Task A_wrong_authority_is_named_with_the_one_that_is_wanted()
    {
        using TestCertificates right = new("Plant CA");
        using TestCertificates wrong = new("Other CA");
        using FakeBroker broker = new FakeBroker(certificate: right.Server()).Start();
        await using MqttSession session = _probe.Session(Tls(broker.Port, wrong.AuthorityFile));
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Failed);
        Assert.Equal(
            $"the broker's certificate (subject CN=broker.test, issuer CN=Plant CA) is not signed by an authority of mqtt.tls.ca, {wrong.AuthorityFile} (CN=Other CA), or the broker does not send what is between",
            status.Cause!.What);
        Assert.Equal("set mqtt.tls.ca to a PEM file with the certificate of CN=Plant CA, or let the broker send its whole chain", status.Cause.Cure);
    }

    [Fact]
    public async Task A_private_authority_unknown_to_the_system_is_named()
    {
        using TestCertificates own = new("Plant CA");
        using FakeBroker broker = new FakeBroker(certificate: own.Server()).Start();
        await using MqttSession session = _probe.Session(Tls(broker.Port, null));
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Failed);
        Assert.Equal("the broker's certificate (subject CN=broker.test, issuer CN=Plant CA) is signed by no authority that this system trusts", status.Cause!.What);
    }

    [Fact]
    public async Task A_certificate_for_another_name_says_which_names_it_has()
    {
        using TestCertificates own = new("Plant CA");
        using FakeBroker broker = new FakeBroker(certificate: own.Server("broker.plant")).Start();
        await using MqttSession session = _probe.Session(Tls(broker.Port, own.AuthorityFile));
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, MqttSessionState.Failed);
        Assert.Equal("the broker's certificate is for broker.plant, not for 127.0.0.1", status.Cause!.What);
    }

    [Fact]
    public async Task TLS_to_a_port_without_it_says_so()
    {
        using TcpListener plain = new(IPAddress.Loopback, 0);
        plain.Start();
        Task serving = Task.Run(async () =>
        {
            using TcpClient client = await plain.AcceptTcpClientAsync();
            await client.GetStream().WriteAsync("this is no TLS at all, whatever was asked"u8.ToArray());
            await client.GetStream().ReadAsync(new byte[10000]);
        });
        await using MqttSession session = _probe.Session(Tls(((IPEndPoint)plain.LocalEndpoint).Port, null));
        session.Start();
        MqttSessionStatus status = await SessionProbe.Reaches(session, s => s.Cause is not null);
        await serving;
        Assert.Equal("what answers there does not speak TLS", status.Cause!.What);
    }

    [Fact]
    public async Task A_subscription_that_is_answered_twice_ends_the_connection()
    {
        using FakeBroker broker = new FakeBroker().Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port) with { FirstDelay = TimeSpan.FromHours(1), LongestDelay = TimeSpan.FromHours(1) });
        session.Subscribe(["cmd/#"], static (in ReceivedMessage _) => { });
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        broker.Send(0x90, 4, 0xFF, 0xFF, 0, 1);
        Assert.Equal("the broker sent a SUBACK that answers no subscription", (await SessionProbe.Reaches(session, MqttSessionState.Waiting)).Cause!.What);
    }

    [Fact]
    public async Task A_missing_or_empty_authority_file_is_named()
    {
        using TestCertificates own = new("Plant CA");
        await using MqttSession missing = _probe.Session(Tls(1, "/no/such/ca.pem"));
        missing.Start();
        Assert.Contains("mqtt.tls.ca: there is no file /no/such/ca.pem", (await SessionProbe.Reaches(missing, MqttSessionState.Failed)).Cause!.What, StringComparison.Ordinal);
        string empty = own.Write("empty.pem", "");
        await using MqttSession none = new SessionProbe().Session(Tls(1, empty));
        none.Start();
        Assert.Contains("empty.pem is empty", (await SessionProbe.Reaches(none, MqttSessionState.Failed)).Cause!.What, StringComparison.Ordinal);
    }

    private static MqttSettings Tls(int port, string? authority) => SessionProbe.Settings(port, o => o with { TlsCa = authority }, "mqtts") with
    {
        FirstDelay = TimeSpan.FromHours(1),
        LongestDelay = TimeSpan.FromHours(1),
        FailedDelay = TimeSpan.FromHours(1),
    };
}

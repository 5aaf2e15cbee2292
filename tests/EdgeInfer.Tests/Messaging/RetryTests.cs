using EdgeInfer.Configuration;
using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

/// <summary>When the next attempt follows: by itself, after the long wait, or because somebody has mended something.</summary>
public sealed class RetryTests : IDisposable
{
    private readonly SessionProbe _probe = new();
    private readonly SteppedTime _time = new();
    private readonly TestCertificates _plant = new("Plant CA");

    [Theory]
    [InlineData(0x85)]
    [InlineData(0x86)]
    [InlineData(0x87)]
    [InlineData(0x8A)]
    [InlineData(0x8C)]
    public async Task Who_is_not_let_in_knocks_again_after_about_five_minutes(byte reason)
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [0, reason, 0] }.Start();
        await using MqttSession session = _probe.Session(Defaults(broker.Port), _time);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Failed);
        Assert.Equal(TimeSpan.Zero, await _time.Attempt());
        Assert.InRange(await _time.Attempt(), TimeSpan.FromMinutes(4.5), TimeSpan.FromMinutes(5.5));
    }

    [Theory]
    [InlineData(0x88)]
    [InlineData(0x89)]
    [InlineData(0x97)]
    [InlineData(0x9F)]
    public async Task A_broker_that_is_busy_is_asked_again_within_two_seconds(byte reason)
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [0, reason, 0] }.Start();
        await using MqttSession session = _probe.Session(Defaults(broker.Port), _time);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Waiting);
        Assert.Equal(TimeSpan.Zero, await _time.Attempt());
        Assert.InRange(await _time.Attempt(), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_password_file_that_is_mended_is_used_within_seconds()
    {
        string file = _plant.Write("password", "wrong\n");
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0x86, 0] }.Start();
        MqttSettings settings = Defaults(broker.Port);
        await using MqttSession session = _probe.Session(settings with { Options = settings.Options with { Username = "edge", Password = SecretFile.Read(file, out _) } }, _time);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Failed);
        Assert.EndsWith("wrong", System.Text.Encoding.UTF8.GetString(broker.Next(1).Body), StringComparison.Ordinal);
        Assert.Equal(TimeSpan.Zero, await _time.Attempt());
        broker.ConnAck = [0, 0, 0];
        _plant.Write("password", "right-one\n");
        Assert.InRange(await _time.Attempt(), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        Assert.EndsWith("right-one", System.Text.Encoding.UTF8.GetString(broker.Next(1).Body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authority_file_that_is_mended_is_used_within_seconds()
    {
        using TestCertificates other = new("Other CA");
        using System.Security.Cryptography.X509Certificates.X509Certificate2 server = _plant.Server();
        using FakeBroker broker = new FakeBroker(certificate: server).Start();
        string file = _plant.Write("trusted.pem", other.AuthorityPem);
        await using MqttSession session = _probe.Session(Defaults(broker.Port, "mqtts", o => o with { TlsCa = file }), _time);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Failed);
        Assert.Equal(TimeSpan.Zero, await _time.Attempt());
        _plant.Write("trusted.pem", other.AuthorityPem + _plant.AuthorityPem);
        Assert.InRange(await _time.Attempt(), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
    }

    [Fact]
    public async Task A_reload_ends_the_long_wait_at_once()
    {
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0x87, 0] }.Start();
        await using MqttSession session = _probe.Session(Defaults(broker.Port), _time);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Failed);
        broker.ConnAck = [0, 0, 0];
        session.TryAgain();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
    }

    [Fact]
    public async Task A_reload_during_an_attempt_that_succeeds_does_not_shorten_the_first_wait_after_it()
    {
        using FakeBroker broker = new FakeBroker { ConnAck = null }.Start();
        await using MqttSession session = _probe.Session(Defaults(broker.Port), _time);
        session.Start();
        broker.Next(1);
        await _time.Attempt();
        session.TryAgain();
        broker.Send(0x20, 3, 0, 0, 0);
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        broker.Hang();
        Assert.InRange(await _time.Attempt(), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Two_devices_with_one_name_leave_each_other_ever_more_time()
    {
        using FakeBroker broker = new FakeBroker().Start();
        await using MqttSession session = _probe.Session(Defaults(broker.Port), _time);
        session.Start();
        List<TimeSpan> waits = [];
        await _time.Attempt();
        for (int i = 0; i < 8; i++)
        {
            await SessionProbe.Reaches(session, s => s.State == MqttSessionState.Connected && s.Counts.Reconnects == i);

            // It lasts longer than a connection has to for the delays to begin anew.
            _time.Advance(TimeSpan.FromSeconds(11));
            broker.Send(0xE0, 1, 0x8E);
            waits.Add(await _time.Attempt());
        }

        Assert.Contains(waits, static w => w > TimeSpan.FromSeconds(10));
        Assert.All(waits, static w => Assert.InRange(w, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(62)));
    }

    public void Dispose() => _plant.Dispose();

    private static MqttSettings Defaults(int port, string scheme = "mqtt", Func<MqttOptions, MqttOptions>? change = null)
    {
        MqttOptions options = new() { Url = new($"{scheme}://127.0.0.1:{port}") };
        return new() { Options = change?.Invoke(options) ?? options, ClientId = "edgeinfer-test" };
    }
}

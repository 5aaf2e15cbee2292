using System.Net;
using System.Net.Sockets;
using System.Text;
using EdgeInfer.Messaging;
using EdgeInfer.Results;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Messaging;

/// <summary>A wall clock that steps, or starts in 1970, changes stamps and nothing else.</summary>
public sealed class ClockStepTests
{
    private static readonly MqttTopic s_topic = new("t");
    private readonly SessionProbe _probe = new();

    [Theory]
    [InlineData(3600)]
    [InlineData(-3600)]
    [InlineData(10 * 365.25 * 86400)]
    [InlineData(-10 * 365.25 * 86400)]
    public async Task Pings_go_out_and_a_dead_line_is_found_at_the_same_moment(double stepSeconds)
    {
        SteppedTime time = new();
        using FakeBroker broker = new FakeBroker().Start();
        await using MqttSession session = _probe.Session(SessionProbe.Settings(broker.Port, o => o with { KeepAlive = TimeSpan.FromSeconds(8) }), time);
        session.Start();
        await SessionProbe.Reaches(session, MqttSessionState.Connected);
        session.TryPublish(s_topic, "x"u8, 1, 1);
        _probe.NextDelivered();
        broker.Next(3);
        time.Step = TimeSpan.FromSeconds(stepSeconds);
        time.Advance(TimeSpan.FromSeconds(3.9));
        Assert.True(broker.IsQuiet);
        broker.AnswersPings = false;
        time.Advance(TimeSpan.FromSeconds(0.1));
        broker.Next(12);
        time.Step = -time.Step;
        time.Advance(TimeSpan.FromSeconds(3.9));
        Assert.Equal(MqttSessionState.Connected, session.Status.State);
        time.Advance(TimeSpan.FromSeconds(0.1));
        await SessionProbe.Reaches(session, MqttSessionState.Waiting);
    }

    [Theory]
    [InlineData(10 * 365.25 * 86400)]
    [InlineData(-10 * 365.25 * 86400)]
    public async Task The_long_wait_is_as_long(double stepSeconds)
    {
        SteppedTime time = new();
        using FakeBroker broker = new FakeBroker { ConnAck = [0, 0x87, 0] }.Start();
        MqttSettings settings = SessionProbe.Settings(broker.Port) with { FailedDelay = TimeSpan.FromMinutes(5) };
        await using MqttSession session = _probe.Session(settings, time);
        session.Start();
        await time.Attempt();
        TimeSpan first = await time.Wait();
        time.Step = TimeSpan.FromSeconds(stepSeconds);
        time.Advance(first);
        Assert.InRange(first + await time.Attempt(), TimeSpan.FromMinutes(4.5), TimeSpan.FromMinutes(5.5));
    }

    [Fact]
    public async Task The_embedded_broker_throws_out_who_is_silent_by_the_monotonic_clock_alone()
    {
        FakeTimeProvider time = new(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using EmbeddedBroker broker = await EmbeddedBroker.StartAsync(new() { Url = new("embedded://127.0.0.1:0") }, mayMove: false, time);
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, broker.Port);

        // CONNECT of MQTT 3.1.1: clean session, keep-alive 10 s, client id "c".
        await client.SendAsync(new byte[] { 0x10, 13, 0, 4, (byte)'M', (byte)'Q', (byte)'T', (byte)'T', 4, 2, 0, 10, 0, 1, (byte)'c' });
        byte[] answer = new byte[4];
        Assert.Equal(4, await client.ReceiveAsync(answer));
        for (int i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromSeconds(9));
            await client.SendAsync(new byte[] { 0xC0, 0 });
            Assert.Equal(2, await client.ReceiveAsync(answer));
        }

        Task<int> end = client.ReceiveAsync(answer);
        for (int i = 0; i < 40 && !end.IsCompleted; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(end, Task.Run(static () => { }));
        }

        Assert.Equal(0, await end.WaitAsync(SessionProbe.Patience));
    }

    [Theory]
    [InlineData(0, "0000000000")]
    [InlineData(-1, "0000000000")]
    [InlineData(1469922850259, "01ARZ3NDEK")]
    [InlineData(253402300799999, "76EZ91ZPZZ")]
    public void Keys_of_every_year_that_a_clock_can_say_sort_by_time(long milliseconds, string expected)
    {
        byte[] key = new byte[ResultIds.Length];
        new ResultIds(new Random(1)).Write(DateTimeOffset.FromUnixTimeMilliseconds(milliseconds), key);
        Assert.Equal(expected, Encoding.ASCII.GetString(key)[..10]);
    }

    [Theory]
    [InlineData(0, "1970-01-01T00:00:00.000000Z")]
    [InlineData(2147483648, "2038-01-19T03:14:08.000000Z")]
    [InlineData(253402300799, "9999-12-31T23:59:59.000000Z")]
    [InlineData(-62135596800, "0001-01-01T00:00:00.000000Z")]
    public void Stamps_of_every_year_that_a_clock_can_say_are_RFC_3339(long seconds, string expected)
    {
        byte[] text = new byte[Rfc3339.Length];
        Rfc3339.Write(DateTimeOffset.FromUnixTimeSeconds(seconds), text);
        Assert.Equal(expected, Encoding.ASCII.GetString(text));
    }
}

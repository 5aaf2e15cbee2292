using System.Text;
using EdgeInfer.Messaging;
using EdgeInfer.Pipeline;
using EdgeInfer.Settings;
using EdgeInfer.Sinks;
using EdgeInfer.Tests.Configuration;
using EdgeInfer.Tests.Sinks;
using EdgeInfer.Tests.Sources;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Pipeline;

public sealed class MessageReceptionTests : IDisposable
{
    private static readonly MqttTopics s_topics = new("plant/edge", "press-3");
    private readonly RecordingOutgoing _outgoing = new();
    private readonly RecordingLogger _log = new();
    private readonly TemporaryFolder _folder = new();
    private readonly Inbox _inbox = new();
    private readonly SettingDesk _desk;
    private readonly MessageReception _reception;

    public MessageReceptionTests()
    {
        _desk = new(SettingStore.Open(_folder.Path, out _), _outgoing, static _ => null, static _ => Task.CompletedTask, new FakeTimeProvider(), _log);
        _desk.Adopt(ConfigurationText.Good(ConfigurationText.Smallest));
        _reception = new(_desk, _inbox, _outgoing, _log);
    }

    [Theory]
    [InlineData("plant/edge/press-3/cmd/ping", "ping")]
    [InlineData("plant/edge/press-3/cmd/ping/result", null)]
    [InlineData("plant/edge/press-3/cmd/", null)]
    [InlineData("plant/edge/press-3/belt/cmd/ping", null)]
    [InlineData("plant/edge/press-33/cmd/ping", null)]
    [InlineData("plant/edge/press-3", null)]
    [InlineData("edge/press-3/cmd/ping", null)]
    public void A_command_is_told_by_its_topic(string topic, string? operation)
    {
        Receive(topic, "{}");
        Assert.Equal(operation is null ? [] : [operation], _inbox.Operations);
        Assert.Equal(operation is null ? null : new ReceivedReport(0, 1, 0), _reception.Report);
    }

    [Theory]
    [InlineData("plant/edge/press-3/belt/set/threshold", 1)]
    [InlineData("plant/edge/press-3/set/set/threshold", 1)]
    [InlineData("plant/edge/press-3/belt/set/threshold/more", 0)]
    [InlineData("plant/edge/press-3/belt/inner/set/threshold", 0)]
    [InlineData("plant/edge/press-3/belt/state/threshold", 0)]
    [InlineData("plant/edge/press-3//set/threshold", 0)]
    public void A_setting_is_told_by_its_topic(string topic, long settings)
    {
        Receive(topic, "0.5");
        Assert.Equal(settings, _reception.Report?.Settings ?? 0);
    }

    [Fact]
    public void Retained_messages_are_counted_and_named_once_a_topic_and_nothing_is_done()
    {
        for (int i = 0; i < 3; i++)
        {
            Receive("plant/edge/press-3/cmd/restart", "{}", isRetained: true);
            Receive("plant/edge/press-3/belt/set/enabled", "false", isRetained: true);
        }

        Assert.Empty(_inbox.Operations);
        Assert.True(_desk.Idle.IsCompleted);
        Assert.Equal(new ReceivedReport(0, 0, 6), _reception.Report);
        Assert.Equal(2, _log.Text.Split('\n').Length);
        for (int i = 0; i < 1000; i++) Receive($"plant/edge/press-3/cmd/op{i}", "", isRetained: true);
        Assert.Equal(64, _log.Text.Split('\n').Length);
    }

    public void Dispose()
    {
        _desk.Dispose();
        _folder.Dispose();
    }

    private void Receive(string topic, string payload, bool isRetained = false)
        => _reception.Receive(new(Encoding.UTF8.GetBytes(topic), Encoding.UTF8.GetBytes(payload), 1, isRetained, 1), s_topics);

    private sealed class Inbox : ICommandInbox
    {
        public List<string> Operations { get; } = [];

        public void Receive(string operation, in ReceivedMessage message, MqttTopics topics, IOutgoing outgoing) => Operations.Add(operation);
    }
}

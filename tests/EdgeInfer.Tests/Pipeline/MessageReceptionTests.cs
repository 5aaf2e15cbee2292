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
    private readonly FakeUpdates _updates = new();
    private readonly MessageReception _reception;

    public MessageReceptionTests()
    {
        _desk = new(SettingStore.Open(_folder.Path, out _), _outgoing, static _ => null, static _ => Task.CompletedTask, new FakeTimeProvider(), _log);
        _desk.Adopt(ConfigurationText.Good(ConfigurationText.Smallest));
        _reception = new(_desk, _inbox, _updates, _outgoing, _log);
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

    [Theory]
    [InlineData("plant/edge/press-3/update/desired", """{ "model": "parts", "serial": 12 }""", false, "hint parts")]
    [InlineData("plant/edge/press-3/update/desired", "{}", true, "hint any")]
    [InlineData("plant/edge/_fleet/update/desired", """{ "model": "parts", "url": "http://elsewhere" }""", true, "hint parts")]
    [InlineData("plant/edge/press-3/update/install/parts", "", false, "install parts whichever")]
    [InlineData("plant/edge/press-3/update/install/parts", """{ "seq": 12 }""", false, "install parts 12")]
    [InlineData("plant/edge/press-3/update/install/parts", """{ "seq": 12 }""", true, null)] // retained
    [InlineData("plant/edge/press-3/update/install/parts", "yes", false, null)]
    [InlineData("plant/edge/press-3/update/install/a/b", "", false, null)]
    [InlineData("plant/edge/press-3/update/desired", "", true, null)] // cleared
    [InlineData("plant/edge/press-3/update/desired", "[]", false, null)]
    [InlineData("plant/edge/press-33/update/desired", "{}", false, null)]
    [InlineData("edge/_fleet/update/desired", "{}", false, null)]
    public void Hints_count_retained_or_not_and_approvals_only_when_they_are_meant_now(string topic, string payload, bool isRetained, string? done)
    {
        Receive(topic, payload, isRetained);
        Assert.Equal(done is null ? [] : [done], _updates.Done);
        Assert.Empty(_inbox.Operations);
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

    private sealed class FakeUpdates : IUpdateInbox
    {
        public List<string> Done { get; } = [];

        public IReadOnlyCollection<string> Models => ["parts"];

        public void Hint(string? model) => Done.Add($"hint {model ?? "any"}");

        public void Install(string model, long? seq) => Done.Add($"install {model} {seq?.ToString() ?? "whichever"}");

        public void Announce() => Done.Add("announce");
    }

    private sealed class Inbox : ICommandInbox
    {
        public List<string> Operations { get; } = [];

        public void Receive(string operation, in ReceivedMessage message, MqttTopics topics, IOutgoing outgoing) => Operations.Add(operation);
    }
}

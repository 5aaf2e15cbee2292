using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Pipeline;
using EdgeInfer.Settings;
using EdgeInfer.Sinks;
using EdgeInfer.Tests.Configuration;
using EdgeInfer.Tests.Sinks;
using EdgeInfer.Tests.Sources;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Pipeline;

public sealed class SettingDeskTests : IDisposable
{
    private const string Began = "2026-11-25T18:00:00.000000Z";
    private static readonly MqttTopics s_topics = new("edgeinfer", "press-3");
    private readonly NotingTime _time = new(new(2026, 11, 25, 18, 0, 0, TimeSpan.Zero));
    private readonly RecordingOutgoing _outgoing = new();
    private readonly RecordingLogger _log = new();
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _switched = [];
    private AgentConfiguration _configuration = Configuration("threshold: 0.4");
    private SettingDesk _desk;
    private double? _ofModel;
    private Exception? _failure;

    public SettingDeskTests() => _desk = Open();

    private LiveSettings Belt => _desk.Of(_configuration.Pipelines[0]);

    [Fact]
    public void At_the_start_every_state_is_said_with_its_origin()
    {
        Assert.Equal(
        [
            $$"""edgeinfer/press-3/belt/state/enabled {"schema":"edgeinfer/state/1","value":true,"origin":"configuration","at":"{{Began}}"}""",
            $$"""edgeinfer/press-3/belt/state/threshold {"schema":"edgeinfer/state/1","value":0.4,"origin":"configuration","at":"{{Began}}"}""",
            $$"""edgeinfer/press-3/belt/state/interval {"schema":"edgeinfer/state/1","value":0,"origin":"configuration","at":"{{Began}}"}""",
        ], Take());
        Assert.False(File.Exists(_folder.At("settings.json")));
    }

    [Fact]
    public async Task A_value_is_at_work_and_on_the_disk_when_its_state_says_so()
    {
        Take();
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(["""threshold {"schema":"edgeinfer/state/1","value":0.55,"origin":"set","at":"2026-11-25T18:01:00.000000Z"}"""], await Set("threshold", "0.55"));
        Assert.Equal((0.55, true), (Belt.Now.Threshold, Belt.Now.IsEnabled));
        Assert.Equal(["threshold"], Belt.Now.Overridden);
        Assert.Equal("0.4", Stored("threshold")!.Over);

        Assert.Equal(["""interval {"schema":"edgeinfer/state/1","value":2,"origin":"set","at":"2026-11-25T18:01:00.500000Z"}"""], await Set("interval", "2s"));
        Assert.Equal(TimeSpan.FromSeconds(2), Belt.Now.MinInterval);
        Assert.Equal(["threshold", "interval"], Belt.Now.Overridden);
        Assert.Empty(_switched);
    }

    [Fact]
    public async Task The_same_value_again_is_answered_and_not_written()
    {
        await Set("threshold", "0.55");
        DateTime written = File.GetLastWriteTimeUtc(_folder.At("settings.json"));
        File.SetLastWriteTimeUtc(_folder.At("settings.json"), written.AddHours(-1));
        PipelineSettings before = Belt.Now;
        Assert.Single(await Set("threshold", "0.550"));
        Assert.Same(before, Belt.Now);
        Assert.Equal(written.AddHours(-1), File.GetLastWriteTimeUtc(_folder.At("settings.json")));
    }

    [Fact]
    public async Task What_is_refused_changes_nothing_and_the_state_says_why_until_the_next_message()
    {
        await Set("threshold", "0.55");
        Assert.Equal(
        [
            $$$"""threshold {"schema":"edgeinfer/state/1","value":0.55,"origin":"set","at":"{{{Began}}}","refused":{"value":"high","cause":"found 'high'; expected a number from 0 to 1","at":"2026-11-25T18:00:00.500000Z"}}""",
        ], await Set("threshold", "high"));
        Assert.Equal(0.55, Belt.Now.Threshold);
        Assert.DoesNotContain("refused", Assert.Single(await Set("threshold", "0.6")), StringComparison.Ordinal);
        Assert.Equal(
            ["""motion {"schema":"edgeinfer/state/1","origin":"configuration","at":"2026-11-25T18:00:01.500000Z","refused":{"value":true,"cause":"this version does not have 'motion' yet","at":"2026-11-25T18:00:01.500000Z"}}"""],
            await Set("motion", "true"));
    }

    [Fact]
    public async Task An_empty_message_takes_it_back()
    {
        await Set("threshold", "0.55");
        Assert.Equal(["""threshold {"schema":"edgeinfer/state/1","value":0.4,"origin":"configuration","at":"2026-11-25T18:00:00.500000Z"}"""], await Set("threshold", ""));
        Assert.Equal(0.4, Belt.Now.Threshold);
        Assert.Empty(Belt.Now.Overridden);
        Assert.Null(Stored("threshold"));
        Assert.Single(await Set("threshold", ""));
    }

    [Fact]
    public async Task Of_messages_that_wait_the_newest_of_each_key_counts()
    {
        // The first is written at once, the others wait for half a second.
        _desk.Receive("belt", "threshold", "0.1"u8);
        await WaitForWrite();
        for (int i = 2; i <= 9; i++) _desk.Receive("belt", "threshold", Encoding.ASCII.GetBytes($"0.{i}"));
        _desk.Receive("belt", "interval", "7"u8);
        Take();
        await Settle();
        Assert.Equal(["interval", "threshold"], Take().Select(s => s.Split('/')[^3].Split(' ')[0]).Order());
        Assert.Equal((0.9, TimeSpan.FromSeconds(7)), (Belt.Now.Threshold, Belt.Now.MinInterval));
        Assert.DoesNotContain("0.5", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_switch_is_told_when_it_turns_and_not_when_it_stays()
    {
        await Set("enabled", "true");
        Assert.Empty(_switched);
        await Set("enabled", "false");
        await Set("enabled", "false");
        Assert.False(Belt.Now.IsEnabled);
        await Set("enabled", "");
        Assert.Equal(["belt", "belt"], _switched);
        Assert.True(Belt.Now.IsEnabled);
    }

    [Fact]
    public async Task It_outlasts_a_restart_until_the_configuration_says_something_else()
    {
        await Set("threshold", "0.55");
        await Set("enabled", "false");
        _desk.Dispose();
        _desk = Open();
        Assert.Equal((0.55, false), (Belt.Now.Threshold, Belt.Now.IsEnabled));

        LiveSettings live = Belt;
        _configuration = Configuration("threshold: 0.5");
        Take();
        _desk.Adopt(_configuration);
        _desk.Publish(s_topics, isNewBroker: false);
        Assert.Equal((0.5, false), (live.Now.Threshold, live.Now.IsEnabled));
        Assert.Contains("belt: threshold was set to 0.55, which the configuration has replaced", _log.Text, StringComparison.Ordinal);
        Assert.Equal(["""threshold {"schema":"edgeinfer/state/1","value":0.5,"origin":"configuration","at":"2026-11-25T18:00:01.000000Z"}"""], Take().Select(Short));
    }

    [Fact]
    public async Task A_threshold_that_the_configuration_leaves_to_the_model_is_the_models_once_it_is_open()
    {
        _configuration = Configuration("labels: [bolt]");
        _desk.Adopt(_configuration);
        Take();
        _desk.Publish(s_topics, isNewBroker: true);
        Assert.Contains($$"""edgeinfer/press-3/belt/state/threshold {"schema":"edgeinfer/state/1","origin":"model","at":"{{Began}}"}""", Take());
        _ofModel = 0.25;
        _desk.Refresh();
        await Settle();
        Assert.Equal([$$"""threshold {"schema":"edgeinfer/state/1","value":0.25,"origin":"model","at":"{{Began}}"}"""], Take().Select(Short));
        _desk.Refresh();
        await Settle();
        Assert.Empty(Take());
        await Set("threshold", "0.3");
        Assert.Null(Stored("threshold")!.Over);
    }

    [Fact]
    public void The_states_of_a_pipeline_that_is_gone_are_cleared()
    {
        Take();
        _configuration = ConfigurationText.Good(ConfigurationText.Smallest.Replace("  belt:", "  exit:", StringComparison.Ordinal));
        _desk.Adopt(_configuration);
        Assert.Equal(["edgeinfer/press-3/belt/state/enabled ", "edgeinfer/press-3/belt/state/threshold ", "edgeinfer/press-3/belt/state/interval "], Take());
    }

    [Fact]
    public async Task A_disk_that_takes_nothing_leaves_the_value_at_work_and_the_state_says_that_it_will_not_last()
    {
        Directory.CreateDirectory(_folder.At("settings.json.new"));
        string state = Assert.Single(await Set("threshold", "0.55"), s => s.StartsWith("threshold", StringComparison.Ordinal));
        Assert.Contains("\"unsaved\":\"it is not kept over a restart: ", state, StringComparison.Ordinal);
        Assert.Equal(0.55, Belt.Now.Threshold);
        Directory.Delete(_folder.At("settings.json.new"));
        Assert.DoesNotContain("unsaved", string.Concat(await Set("threshold", "0.6")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waits_at_the_stop_is_at_work_on_the_disk_and_said_and_nothing_after_it()
    {
        _desk.Receive("belt", "threshold", "0.1"u8);
        await WaitForWrite();
        Take();
        _desk.Receive("belt", "threshold", "0.2"u8);
        _desk.Receive("belt", "interval", "7"u8);
        await _desk.StopAsync();
        _desk.Receive("belt", "threshold", "0.3"u8);
        Assert.Equal(["interval", "threshold"], Take().Select(s => Short(s).Split(' ')[0]).Order());
        Assert.Equal(("0.2", "7"), (Stored("threshold")!.Value, Stored("interval")!.Value));
    }

    [Fact]
    public async Task What_a_full_disk_did_not_take_is_written_at_the_stop_where_there_is_room_by_then()
    {
        Directory.CreateDirectory(_folder.At("settings.json.new"));
        await Set("threshold", "0.55");
        Assert.Null(Stored("threshold"));
        Directory.Delete(_folder.At("settings.json.new"));
        Take();
        await _desk.StopAsync();
        Assert.Equal("0.55", Stored("threshold")!.Value);
        Assert.DoesNotContain("unsaved", string.Concat(Take()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_that_are_refused_are_answered_no_more_often_than_those_that_are_set()
    {
        _desk.Receive("belt", "threshold", "high"u8);
        await WaitForWrite();
        Take();
        for (int i = 0; i < 100; i++) _desk.Receive("belt", "threshold", "higher"u8);
        await Settle();
        Assert.Single(Take());
        Assert.Equal(2, _log.Text.Split('\n').Length);
    }

    [Fact]
    public async Task A_switch_that_fails_is_named_and_the_next_setting_is_taken()
    {
        _failure = new InvalidOperationException("no thread");
        await Set("enabled", "false");
        Assert.Contains("no thread", _log.Text, StringComparison.Ordinal);
        Assert.Contains("\"value\":0.7", string.Concat(await Set("threshold", "0.7")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_of_nobody_is_named_once_in_the_log_and_gets_no_state()
    {
        Take();
        for (int i = 0; i < 3; i++)
        {
            _desk.Receive("bekt", "threshold", "0.5"u8);
            _desk.Receive("belt", "treshold", "0.5"u8);
        }

        for (int i = 0; i < 1000; i++) _desk.Receive($"p{i}", "threshold", "0.5"u8);
        await Settle();
        Assert.Empty(Take());
        string[] lines = _log.Text.Split('\n');
        Assert.Equal(32, lines.Length);
        Assert.Equal(["set: there is no pipeline 'bekt'; did you mean 'belt'?", "set: there is no setting 'treshold'; did you mean 'threshold'?"], lines[..2]);
    }

    public void Dispose()
    {
        _desk.Dispose();
        _folder.Dispose();
    }

    private static AgentConfiguration Configuration(string yaml) => ConfigurationText.Good(ConfigurationText.Smallest + $"    {yaml}\n");

    private static string Short(string state) => state["edgeinfer/press-3/belt/state/".Length..];

    private SettingDesk Open()
    {
        SettingStore store = SettingStore.Open(_folder.Path, out Fault? fault);
        Assert.Null(fault);
        SettingDesk desk = new(store, _outgoing, _ => _ofModel, pipeline =>
        {
            _switched.Add(pipeline);
            return _failure is null ? Task.CompletedTask : Task.FromException(_failure);
        }, _time, _log);
        desk.Adopt(_configuration);
        desk.Publish(s_topics, isNewBroker: true);
        return desk;
    }

    private StoredSetting? Stored(string key) => SettingStore.Open(_folder.Path, out _).Find("belt", key);

    private async Task<string[]> Set(string key, string message)
    {
        Take();
        _desk.Receive("belt", key, Encoding.UTF8.GetBytes(message));
        await Settle();
        return [.. Take().Select(Short)];
    }

    // A change is followed by half a second in which nothing else is written.
    private async Task Settle()
    {
        Task idle = _desk.Idle;
        while (!idle.IsCompleted)
        {
            using CancellationTokenSource over = new();
            Task pausing = _time.Waits.WaitAsync(over.Token);
            if (await Task.WhenAny(idle, pausing) == idle)
            {
                // One that is left waiting would take what the next is to get.
                await over.CancelAsync();
                break;
            }

            _time.Advance(TimeSpan.FromMilliseconds(500));
        }
    }

    private async Task WaitForWrite()
    {
        await _time.Waits.WaitAsync(TestContext.Current.CancellationToken);
        _time.Waits.Release();
    }

    private string[] Take()
    {
        string[] states = [.. _outgoing.States.Select(s => $"{s.Topic} {s.Payload}")];
        _outgoing.States.Clear();
        return states;
    }

    /// <summary>Says when somebody waits for it.</summary>
    private sealed class NotingTime(DateTimeOffset start) : FakeTimeProvider(start)
    {
        public SemaphoreSlim Waits { get; } = new(0);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer timer = base.CreateTimer(callback, state, dueTime, period);
            Waits.Release();
            return timer;
        }
    }
}

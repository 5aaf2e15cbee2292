using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using EdgeInfer.Control;
using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;
using EdgeInfer.Sinks;
using EdgeInfer.Tests.Sources;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Control;

/// <summary>Commands as the broker brings them, and the answers that go back.</summary>
public sealed class CommandDeskTests : IAsyncDisposable
{
    private static readonly MqttTopics s_topics = new("edgeinfer", "press-3");
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 18, 0, 0, TimeSpan.Zero);
    private readonly FakeTimeProvider _time = new(s_now);
    private readonly RecordingLogger _log = new();
    private readonly TemporaryFolder _folder = new();
    private readonly Answers _answers = new();
    private readonly SemaphoreSlim _gate = new(0);
    private readonly ConcurrentQueue<string> _done = new();
    private readonly ConcurrentQueue<string> _afterwards = new();
    private int _failures;
    private bool _isSynced = true;
    private CommandDesk _desk;

    public CommandDeskTests() => _desk = Open();

    [Fact]
    public void A_command_without_anything_is_answered_at_its_result_topic()
    {
        Send("ping");
        Assert.Equal(("edgeinfer/press-3/cmd/ping/result", """{"schema":"edgeinfer/answer/1","op":"ping","ok":true,"ping":{"number":1}}""", ""), _answers.Next());
    }

    [Fact]
    public void With_a_response_topic_the_answer_goes_there_with_its_correlation_data_and_id()
    {
        Send("ping", """{"id":"a7"}""", "edgeinfer/answers/desk-1", "\u0001\u0002");
        Assert.Equal(("edgeinfer/answers/desk-1", """{"schema":"edgeinfer/answer/1","op":"ping","id":"a7","ok":true,"ping":{"number":1}}""", "\u0001\u0002"), _answers.Next());
    }

    [Fact]
    public void A_response_topic_that_could_do_harm_is_not_used_and_the_answer_says_so()
    {
        Send("ping", "", "edgeinfer/press-4/cmd/restart", "c");
        (string topic, string payload, string correlation) = _answers.Next();
        Assert.Equal(("edgeinfer/press-3/cmd/ping/result", "c"), (topic, correlation));
        Assert.EndsWith(
            """
            "ok":true,"ping":{"number":1},"response_topic":{"refused":"edgeinfer/press-4/cmd/restart","cause":"it is below 'cmd', where devices are told what to do"}}
            """,
            payload, StringComparison.Ordinal);
        Assert.Contains("command ping: the answer does not go to 'edgeinfer/press-4/cmd/restart'", _log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pong", "", 64, "there is no operation 'pong'", "did you mean 'ping'? known: fail, large, ping, restart, show, wait")]
    [InlineData("ping", "{\"idd\":1}", 64, "unknown field 'idd'", "did you mean 'id'?")]
    [InlineData("ping", "{\"pipeline\":\"belt\"}", 64, "unknown field 'pipeline'", "known here: id, expires_at")]
    [InlineData("show", "{\"pipelin\":\"belt\"}", 64, "unknown field 'pipelin'", "did you mean 'pipeline'?")]
    [InlineData("show", "{\"pipeline\":7}", 64, "pipeline: found a number", "write a pipeline's name")]
    [InlineData("ping", "[]", 64, "found a list", "send nothing, or a JSON object such as {\"id\":\"a7\"}")]
    [InlineData("ping", "now", 64, "found 'now', which is no JSON", "send nothing, or a JSON object such as {\"id\":\"a7\"}")]
    [InlineData("ping", "{\"id\":\"\"}", 64, "id: found a text that it cannot be", "write a text of 1 to 64 characters")]
    [InlineData("ping", "{\"id\":\"12345678901234567890123456789012345678901234567890123456789012345\"}", 64, "id: found a text that it cannot be", "write a text of 1 to 64 characters")]
    [InlineData("ping", "{\"expires_at\":\"tomorrow\"}", 64, "expires_at: found 'tomorrow'", "write a time of RFC 3339 with its offset, such as 2026-11-25T18:40:01Z")]
    [InlineData("ping", "{\"expires_at\":\"2026-11-25T18:00:01\"}", 64, "expires_at: found '2026-11-25T18:00:01'", "write a time of RFC 3339 with its offset, such as 2026-11-25T18:40:01Z")]
    [InlineData("ping", "{\"expires_at\":\"2026-11-25T17:59:59.5Z\"}", 64, "it expired at 2026-11-25T17:59:59.500Z, here it is 2026-11-25T18:00:00.000Z", "send it again with a later expires_at")]
    [InlineData("ping", "{\"expires_at\":\"2026-11-25T18:00:00Z\"}", 64, "it expired at 2026-11-25T18:00:00.000Z, here it is 2026-11-25T18:00:00.000Z", "send it again with a later expires_at")]
    [InlineData("fail", "", 69, "it is not there", "put it there")]
    public void What_is_not_done_is_answered_with_the_cause_and_the_cure(string op, string payload, int code, string what, string cure)
    {
        Send(op, payload);
        (string topic, string answer, _) = _answers.Next();
        Assert.Equal($"edgeinfer/press-3/cmd/{op}/result", topic);
        JsonElement root = JsonDocument.Parse(answer).RootElement;
        JsonElement error = root.GetProperty("error");
        Assert.False(root.GetProperty("ok").GetBoolean());
        Assert.Equal((code, what, cure), (error.GetProperty("code").GetInt32(), error.GetProperty("what").GetString(), error.GetProperty("cure").GetString()));
        Assert.Empty(_done);
    }

    [Theory]
    [InlineData("2026-11-25T18:00:01Z")]
    [InlineData("2026-11-25T19:00:00.001+01:00")]
    [InlineData("2026-11-25t13:00:01.5-05:00")]
    public void What_has_not_expired_is_done(string expires)
    {
        Send("ping", $$"""{"expires_at":"{{expires}}"}""");
        Assert.Contains("\"ok\":true", _answers.Next().Payload, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_does_not_know_the_time_does_not_judge_an_expiry()
    {
        _isSynced = false;
        Send("ping", """{"id":"x","expires_at":"2999-01-01T00:00:00Z"}""");
        string answer = _answers.Next().Payload;
        Assert.Contains("\"id\":\"x\",\"ok\":false", answer, StringComparison.Ordinal);
        Assert.Contains("expires_at cannot be judged: the clock of this device is not synchronised", answer, StringComparison.Ordinal);
        _isSynced = true;
        Send("ping", """{"id":"x","expires_at":"2999-01-01T00:00:00Z"}""");
        Assert.Contains("\"ok\":true", _answers.Next().Payload, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_id_is_answered_from_record_and_another_operation_of_that_id_is_another_command()
    {
        Send("ping", """{"id":"a"}""");
        string first = _answers.Next().Payload;
        Send("ping", """{"id":"a"}""", "edgeinfer/answers", "c2");
        Assert.Equal(("edgeinfer/answers", first, "c2"), _answers.Next());
        Send("show", """{"id":"a","pipeline":"belt"}""");
        Assert.Contains("\"op\":\"show\"", _answers.Next().Payload, StringComparison.Ordinal);
        Send("fail", """{"id":"f"}""");
        Send("fail", """{"id":"f"}""");
        _answers.Next();
        _answers.Next();
        Assert.Equal(["ping", "show belt"], _done);
        Assert.Equal(2, _failures);
    }

    [Fact]
    public void The_record_forgets_the_oldest_beyond_64()
    {
        for (int i = 0; i < 65; i++)
        {
            Send("ping", $$"""{"id":"{{i}}"}""");
            _answers.Next();
        }

        Send("ping", """{"id":"1"}""");
        Assert.Contains("{\"number\":2}", _answers.Next().Payload, StringComparison.Ordinal);
        Send("ping", """{"id":"0"}""");
        Assert.Contains("{\"number\":66}", _answers.Next().Payload, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restart_is_kept_before_it_is_done_and_the_next_process_answers_its_repeat_without_doing_it()
    {
        Send("restart", """{"id":"r1"}""", "edgeinfer/answers");
        string first = _answers.Next().Payload;
        _log.WaitFor("restart (id 'r1') is done");
        await _desk.DisposeAsync();
        Assert.Equal(["restart after kept True"], _afterwards);

        _desk = Open();
        Send("restart", """{"id":"r1"}""");
        Assert.Equal(("edgeinfer/press-3/cmd/restart/result", first, ""), _answers.Next());
        await _desk.DisposeAsync();
        Assert.Single(_afterwards);
    }

    [Fact]
    public async Task A_restart_that_cannot_be_kept_is_not_done()
    {
        Directory.CreateDirectory(_folder.At("commands.json.new"));
        Send("restart", """{"id":"r1"}""");
        string answer = _answers.Next().Payload;
        Assert.Contains("\"ok\":false,\"error\":{\"code\":74", answer, StringComparison.Ordinal);

        // There is room again: the same command under the same id.
        Directory.Delete(_folder.At("commands.json.new"));
        Assert.Empty(_afterwards);
        Send("restart", """{"id":"r1"}""");
        Assert.Contains("\"ok\":true", _answers.Next().Payload, StringComparison.Ordinal);
        await _desk.DisposeAsync();
        Assert.Single(_afterwards);
    }

    [Fact]
    public void A_damaged_record_on_a_disk_that_takes_no_other_name_for_it_is_said_and_stops_nothing()
    {
        File.WriteAllText(_folder.At("commands.json"), "{");
        Directory.CreateDirectory(_folder.At("commands.json.broken/full"));
        CommandRecord record = CommandRecord.Open(_folder.Path, out Fault? fault);
        Assert.StartsWith("the record of commands cannot be understood: ", fault!.What, StringComparison.Ordinal);
        Assert.Null(record.Find("restart", "r1"));
    }

    [Fact]
    public void An_operation_with_the_longest_name_there_is_ends_nothing()
    {
        Send(new string('x', 65535 - "edgeinfer/press-3/cmd/".Length));
        Send("ping");
        Assert.Contains("\"op\":\"ping\",\"ok\":true", _answers.Next().Payload, StringComparison.Ordinal);
        Assert.Contains("'xxxx", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_flood_of_commands_is_answered_and_does_not_fill_the_log()
    {
        for (int i = 0; i < 500; i++)
        {
            Send("pong");
            _answers.Next();
        }

        Assert.InRange(_log.Text.Split('\n').Length, 2, 50);
        _time.Advance(TimeSpan.FromMinutes(1));
        Send("ping");
        _answers.Next();
        _log.WaitFor("command ping (id none) is done");
        Assert.Contains("450 lines about commands were left out", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_that_is_too_large_to_be_sent_is_said_in_a_small_one()
    {
        _answers.LargestBytes = 300;
        Send("show", $$"""{"id":"s","pipeline":"{{new string('b', 40)}}"}""");
        Assert.Contains("\"ok\":true", _answers.Next().Payload, StringComparison.Ordinal);
        Send("large", """{"id":"l"}""", "edgeinfer/answers", "c");
        (string topic, string payload, string correlation) = _answers.Next();
        Assert.Equal(("edgeinfer/answers", "c"), (topic, correlation));
        Assert.Contains("\"op\":\"large\",\"id\":\"l\",\"ok\":false", payload, StringComparison.Ordinal);
        Assert.Contains("bytes cannot be sent", payload, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sixteen_wait_and_one_more_is_answered_as_busy_at_once_with_its_id()
    {
        Send("wait");
        await Waiting();
        for (int i = 0; i < CommandDesk.MostWaiting; i++) Send("ping");
        Send("ping", """{"id":"late"}""");
        string busy = _answers.Next().Payload;
        Assert.Contains("\"id\":\"late\",\"ok\":false", busy, StringComparison.Ordinal);
        Assert.Contains("busy: 16 commands wait", busy, StringComparison.Ordinal);
        _gate.Release();
        Assert.Contains("\"op\":\"wait\",\"ok\":true", _answers.Next().Payload, StringComparison.Ordinal);
        for (int i = 1; i <= CommandDesk.MostWaiting; i++) Assert.Contains($"{{\"number\":{i}}}", _answers.Next().Payload, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_takes_too_long_is_answered_as_such_and_the_next_one_is_done()
    {
        Send("wait");
        Send("ping");
        await Waiting();
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Contains("it took longer than 10 s", _answers.Next().Payload, StringComparison.Ordinal);
        Assert.Contains("\"ok\":true", _answers.Next().Payload, StringComparison.Ordinal);
    }

    [Fact]
    public async Task At_the_stop_what_is_at_work_and_what_waits_is_answered_as_not_done()
    {
        Send("wait");
        await Waiting();
        Send("ping", """{"id":"p"}""");
        await _desk.DisposeAsync();
        Assert.Contains("the agent stops", _answers.Next().Payload, StringComparison.Ordinal);
        Assert.Contains("\"id\":\"p\",\"ok\":false", _answers.Next().Payload, StringComparison.Ordinal);
        Send("ping");
        Assert.Contains("the agent stops", _answers.Next().Payload, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_bytes_are_answered_and_end_nothing()
    {
        Random random = new(5);
        for (int i = 0; i < 300; i++)
        {
            byte[] bytes = new byte[random.Next(1, 200)];
            random.NextBytes(bytes);
            if (i % 2 == 0) bytes = [(byte)'{', .. bytes.Select(b => (byte)(32 + b % 95))];
            _desk.Receive("ping", new("t"u8, bytes, 1, false, 1), s_topics, _answers);
            Assert.Contains("\"ok\":false", _answers.Next().Payload, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_message_of_64_KiB_is_refused_by_its_length()
    {
        Send("ping", new string(' ', 65536) + "{}");
        Assert.Contains("the message has 16385 bytes, more than 16384", _answers.Next().Payload, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await _desk.DisposeAsync();
        _folder.Dispose();
    }

    private CommandDesk Open()
    {
        int number = 0;
        ControlOperations operations = new(new Dictionary<string, ControlOperation>
        {
            ["ping"] = (_, _) => Done("ping", "ping", $$"""{"number":{{++number}}}"""),
            ["show"] = (request, _) => Done("show", $"show {request.Pipeline}", "{}"),
            ["restart"] = (_, _) => Done("restart", "restart", "{\"boot\":3}"),
            ["large"] = (_, _) => Done("large", "large", $"\"{new string('x', 500)}\""),
            ["fail"] = (_, _) =>
            {
                _failures++;
                throw FaultException.Of(FaultKind.Unavailable, "here", "it is not there", "put it there");
            },
            ["wait"] = async (_, stop) =>
            {
                _done.Enqueue("wait");
                await _gate.WaitAsync(stop);
                return ControlAnswer.Done("wait", "{}"u8);
            },
        });
        CommandRule rule = new(TimeSpan.FromSeconds(10));
        Dictionary<string, CommandRule> rules = new()
        {
            ["ping"] = rule,
            ["fail"] = rule,
            ["large"] = rule,
            ["wait"] = rule,
            ["show"] = rule with { TakesPipeline = true },
            ["restart"] = rule with { Afterwards = () => _afterwards.Enqueue($"restart after kept {File.Exists(_folder.At("commands.json"))}") },
        };
        CommandRecord record = CommandRecord.Open(_folder.Path, out Fault? fault);
        Assert.Null(fault);
        return new(operations, rules, record, () => _isSynced, _time, _log);

        ValueTask<ControlAnswer> Done(string op, string what, string outcome)
        {
            _done.Enqueue(what);
            return ValueTask.FromResult(ControlAnswer.Done(op, Encoding.UTF8.GetBytes(outcome)));
        }
    }

    private void Send(string op, string payload = "", string responseTopic = "", string correlation = "") => _desk.Receive(
        op, new(Encoding.UTF8.GetBytes($"edgeinfer/press-3/cmd/{op}"), Encoding.UTF8.GetBytes(payload), 1, false, 1)
        {
            ResponseTopic = Encoding.UTF8.GetBytes(responseTopic),
            CorrelationData = Encoding.UTF8.GetBytes(correlation),
        }, s_topics, _answers);

    private async Task Waiting()
    {
        while (!_done.Contains("wait")) await Task.Yield();
    }

    private sealed class Answers : IOutgoing
    {
        private readonly BlockingCollection<(string Topic, string Payload, string Correlation)> _answers = [];

        public int LargestBytes { get; set; } = int.MaxValue;

        public (string Topic, string Payload, string Correlation) Next()
            => _answers.TryTake(out (string, string, string) answer, TimeSpan.FromSeconds(20)) ? answer : throw new TimeoutException("there is no answer");

        public bool TryPublish(MqttTopic topic, ReadOnlySpan<byte> payload, int qos, long key = 0) => throw new NotSupportedException();

        public void PublishState(MqttTopic topic, ReadOnlySpan<byte> payload) => throw new NotSupportedException();

        public bool TryRespond(MqttTopic topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> correlationData)
        {
            if (payload.Length > LargestBytes) return false;
            _answers.Add((topic.Name, Encoding.UTF8.GetString(payload), Encoding.UTF8.GetString(correlationData)));
            return true;
        }
    }
}

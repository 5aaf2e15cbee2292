using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary>Settings of the published agent, set by mosquitto's own client and seen as their retained states.</summary>
public sealed class SettingTests : IDisposable
{
    private const int Kill = 9;
    private const int HangUp = 1;
    private const string Root = "edgeinfer/press-3";
    private readonly TestFolder _folder = new();

    private string Configuration(Mosquitto broker, string threshold = "{ default: 0.3, bolt: 0.2 }", string mqtt = "") => _folder.Configuration(
        broker.Url, "{ synthetic: conveyor, size: 320x240, fps: 20 }", $"    fps: max\n    threshold: {threshold}\n    publish: {{ predictions: every }}", mqtt);

    [Fact]
    public async Task A_threshold_is_taken_up_between_two_frames_and_holds_over_a_kill_until_the_configuration_changes()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe($"{Root}/#");
        string file = Configuration(broker);
        await using (ChildProcess agent = AgentProcess.Start("run", "-c", file))
        {
            Assert.Contains("\"value\":0.3,\"origin\":\"configuration\"", await listener.Line("state/threshold {"), StringComparison.Ordinal);
            await listener.Line("\"seq\":10,");
            await Set(broker, "threshold", "1");
            await listener.Line("\"value\":1,\"origin\":\"set\"");
            await Set(broker, "threshold", "high");
            await listener.Line("\"refused\":{\"value\":\"high\",\"cause\":\"found 'high'; expected a number from 0 to 1\"");
            await listener.Line("\"overridden\":[\"threshold\"]");

            // Nothing but bolts, whose threshold is their own, and no frame missing on the way.
            long last = Predictions(listener)[^1].GetProperty("seq").GetInt64();
            await listener.Line($"\"seq\":{last + 30},");
            List<JsonElement> predictions = Predictions(listener);
            Assert.Equal(Enumerable.Range(1, predictions.Count).Select(n => (long)n), predictions.Select(p => p.GetProperty("seq").GetInt64()));
            Assert.Contains(predictions, p => Labels(p).Any(l => l != "bolt"));
            JsonElement[] after = [.. predictions.Where(p => p.GetProperty("seq").GetInt64() > last + 2)];
            Assert.All(after, p => Assert.DoesNotContain(Labels(p), l => l != "bolt"));
            Assert.Contains(after, p => Labels(p).Contains("bolt"));
            agent.Signal(Kill);
            await agent.Exit(ChildProcess.Patience);
        }

        await using ChildProcess second = broker.Subscribe($"{Root}/#");
        await using (ChildProcess agent = AgentProcess.Start("run", "-c", file))
        {
            await second.Line("\"boot\":2,\"seq\":1,");
            Assert.Contains("\"value\":1,\"origin\":\"set\"", (await Retained(broker))[$"{Root}/belt/state/threshold"], StringComparison.Ordinal);
            Configuration(broker, "{ default: 0.35, bolt: 0.2 }");
            agent.Signal(HangUp);
            await second.Line("\"value\":0.35,\"origin\":\"configuration\"");
            await agent.Line("threshold was set to 1, which the configuration has replaced");
            Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
        }

        await using ChildProcess again = AgentProcess.Start("run", "-c", file);
        await again.Line("runs as press-3");
        Assert.Contains("\"value\":0.35,\"origin\":\"configuration\"", (await Retained(broker))[$"{Root}/belt/state/threshold"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Off_stops_the_source_over_a_restart_and_on_starts_it_again_with_the_counts_going_on()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe($"{Root}/#");
        string file = Configuration(broker);
        await using (ChildProcess agent = AgentProcess.Start("run", "-c", file))
        {
            await listener.Line("\"seq\":10,");
            await Set(broker, "enabled", "false");
            await listener.Line("\"pipelines\":{\"belt\":{\"state\":\"disabled\"");
            await listener.Line("state/enabled {\"schema\":\"edgeinfer/state/1\",\"value\":false");
            await listener.Line("belt/status offline");
            long last = Predictions(listener)[^1].GetProperty("seq").GetInt64();
            await Set(broker, "enabled", "true");
            await listener.Line($"\"seq\":{last + 5},");
            List<JsonElement> all = Predictions(listener);
            Assert.Equal(Enumerable.Range(1, all.Count).Select(n => (long)n), all.Select(p => p.GetProperty("seq").GetInt64()));
            await Set(broker, "enabled", "false");
            await agent.Line("enabled is set to false");
            Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
        }

        await using ChildProcess second = broker.Subscribe($"{Root}/#");
        await using ChildProcess again = AgentProcess.Start("run", "-c", file);
        await again.Line("runs as press-3");

        // Its first status comes behind its subscription.
        Assert.Contains("\"state\":\"disabled\"", await second.Line("\"boot\":2,"), StringComparison.Ordinal);
        Assert.DoesNotContain("gives frames", again.Output, StringComparison.Ordinal);
        await Set(broker, "enabled", "");
        await second.Line("\"boot\":2,\"seq\":5,");
    }

    [Fact]
    public async Task An_interval_holds_results_back_and_an_empty_message_lets_them_go()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe($"{Root}/#");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", Configuration(broker));
        await listener.Line("\"seq\":10,");
        await Set(broker, "interval", "1h");
        await listener.Line("state/interval {\"schema\":\"edgeinfer/state/1\",\"value\":3600,\"origin\":\"set\"");
        int before = Predictions(listener).Count;
        await Set(broker, "interval", "");
        await listener.Line("\"value\":0,\"origin\":\"configuration\"");
        await listener.Line($"\"seq\":{before + 20},");
    }

    [Fact]
    public async Task A_device_that_accepts_nothing_subscribes_to_nothing_and_a_reload_makes_it_listen()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe($"{Root}/#");
        string file = Configuration(broker, mqtt: "  accept: []");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", file);
        await listener.Line("\"seq\":10,");
        await Set(broker, "threshold", "0.9");
        await listener.Line("\"seq\":30,");
        Assert.DoesNotContain("\"origin\":\"set\"", listener.Output, StringComparison.Ordinal);
        Configuration(broker, mqtt: "  accept: [set]");
        agent.Signal(HangUp);
        await agent.Line("broker session replaced");
        await listener.Line("\"loaded_at\"");
        await agent.Line("connected");
        await SetUntil(broker, listener);
    }

    public void Dispose() => _folder.Dispose();

    private static List<JsonElement> Predictions(ChildProcess listener) => [.. listener.Output.Split('\n')
        .Where(static line => line.StartsWith($"{Root}/belt/prediction {{", StringComparison.Ordinal) && line.EndsWith('}')).Select(AgentProcess.Payload)];

    private static IEnumerable<string> Labels(JsonElement prediction) => prediction.GetProperty("detections").EnumerateArray().Select(d => d.GetProperty("label").GetString()!);

    // The new session subscribes a moment after the reload is said to be done.
    private static async Task SetUntil(Mosquitto broker, ChildProcess listener)
    {
        for (int i = 0; i < 30 && !listener.Output.Contains("\"origin\":\"set\"", StringComparison.Ordinal); i++)
        {
            await Set(broker, "threshold", "0.9");
            long last = Predictions(listener)[^1].GetProperty("seq").GetInt64();
            await listener.Line($"\"seq\":{last + 10},");
        }

        Assert.Contains("\"value\":0.9,\"origin\":\"set\"", listener.Output, StringComparison.Ordinal);
    }

    private static async Task<Dictionary<string, string>> Retained(Mosquitto broker)
    {
        (_, string output) = await ChildProcess.Run(Peer.Program("mosquitto_sub"), "-h", "127.0.0.1", "-p", $"{broker.Port}", "-v", "-t", $"{Root}/#", "--retained-only", "-W", "2");
        return output.Split('\n').Where(static l => l.StartsWith(Root, StringComparison.Ordinal)).ToDictionary(static l => l[..l.IndexOf(' ', StringComparison.Ordinal)], static l => l[(l.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
    }

    private static async Task Set(Mosquitto broker, string key, string payload)
    {
        (int code, string output) = await ChildProcess.Run(
            Peer.Program("mosquitto_pub"), "-h", "127.0.0.1", "-p", $"{broker.Port}", "-V", "5", "-q", "1", "-t", $"{Root}/belt/set/{key}", "-m", payload);
        Assert.True(code == 0, output);
    }
}

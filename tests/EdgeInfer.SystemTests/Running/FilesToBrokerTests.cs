using System.Diagnostics;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary><c>run</c> on pictures and a real broker, from start to SIGTERM.</summary>
public sealed class FilesToBrokerTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static string Picture => TestPictures.FirstGolden();

    [Fact]
    public async Task A_picture_becomes_a_prediction_on_mosquitto_and_the_status_says_what_runs()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", _folder.Configuration(broker.Url, $"{{ files: {Picture}, loop: true }}"));

        JsonElement prediction = AgentProcess.Payload(await listener.Line("edgeinfer/press-3/belt/prediction {"));
        Assert.Equal("edgeinfer/prediction/1", prediction.GetProperty("schema").GetString());
        Assert.Equal(("press-3", "belt"), (prediction.GetProperty("device").GetString(), prediction.GetProperty("pipeline").GetString()));
        Assert.Equal(Path.GetFileName(Picture), prediction.GetProperty("frame_id").GetString());
        Assert.NotEmpty(prediction.GetProperty("detections").EnumerateArray());
        Assert.Equal("parts-detector", prediction.GetProperty("model").GetProperty("name").GetString());
        Assert.Equal(1, prediction.GetProperty("boot").GetInt64());

        JsonElement status = AgentProcess.Payload(await listener.Line("\"state\":\"running\""));
        JsonElement belt = status.GetProperty("pipelines").GetProperty("belt");
        Assert.Equal("online", status.GetProperty("state").GetString());
        Assert.Equal("cpu", belt.GetProperty("provider").GetString());
        Assert.Equal(64, status.GetProperty("models").GetProperty("parts").GetProperty("digest").GetString()!.Length);
        await listener.Line("edgeinfer/press-3/belt/status online");
    }

    [Fact]
    public async Task SIGTERM_ends_it_within_two_seconds_with_its_last_state_delivered()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", _folder.Configuration(broker.Url, "{ synthetic: conveyor, size: 640x480, fps: 5 }"));
        await listener.Line("/belt/prediction {");

        Stopwatch stopping = Stopwatch.StartNew();
        int code = await agent.Terminate(TimeSpan.FromSeconds(10));
        Assert.Equal(0, code);
        Assert.True(stopping.Elapsed < TimeSpan.FromSeconds(2), $"it took {stopping.Elapsed}");
        await listener.Line("\"state\":\"stopped\"");
        await listener.Line("edgeinfer/press-3/belt/status offline");
    }

    [Fact]
    public async Task A_killed_agent_is_declared_offline_by_its_last_will_and_the_next_start_counts_on()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        string configuration = _folder.Configuration(broker.Url, "{ synthetic: conveyor, size: 640x480, fps: 5 }");
        await using (ChildProcess agent = AgentProcess.Start("run", "-c", configuration))
        {
            await listener.Line("/belt/prediction {");
            agent.Signal(9);
            await agent.Exit(ChildProcess.Patience);
        }

        await listener.Line("\"state\":\"offline\"");
        await using ChildProcess next = AgentProcess.Start("run", "-c", configuration);
        Assert.Equal(2, AgentProcess.Payload(await listener.Line("\"boot\":2,\"seq\":1,")).GetProperty("boot").GetInt64());
    }

    [Fact]
    public async Task It_starts_without_a_broker_and_delivers_once_there_is_one()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await broker.Kill();
        await using ChildProcess agent = AgentProcess.Start("run", "-c", _folder.Configuration(broker.Url, $"{{ files: {Picture} }}"));
        await agent.Line("runs as press-3");
        await agent.Line("MQTT:");
        await broker.Restart();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await listener.Line("/belt/prediction {");
    }

    [Fact]
    public async Task A_broker_that_dies_and_returns_gets_what_was_made_meanwhile()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess agent = AgentProcess.Start("run", "-c",
            _folder.Configuration(broker.Url, "{ synthetic: conveyor, size: 320x240, fps: 10 }", "    fps: max\n    publish: { predictions: every }"));
        await using (ChildProcess listener = broker.Subscribe("edgeinfer/+/+/prediction")) await listener.Line("\"seq\":3,");
        await broker.Kill();
        await agent.Line("MQTT:");
        await broker.Restart();
        await using ChildProcess later = broker.Subscribe("edgeinfer/+/+/prediction");
        await later.Line("/belt/prediction {");

        // Live ones first, then those of the outage in order; without a hole among what arrives once the subscriber is there.
        List<long> sequence = [];
        for (int i = 0; i < 40; i++)
        {
            string[] lines = later.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            sequence = [.. lines.Where(l => l.EndsWith('}')).Select(l => AgentProcess.Payload(l).GetProperty("seq").GetInt64()).Distinct()];
            if (sequence.Count >= 5 && sequence.Count == sequence.Max() - sequence.Min() + 1) break;
            await later.Line($"\"seq\":{sequence.Max() + 1},");
        }

        Assert.Equal(sequence.Count, sequence.Max() - sequence.Min() + 1);
        List<long> late = [.. sequence.Where((n, i) => sequence.Take(i).Any(before => before > n))];
        Assert.Equal(late.Order(), late);
    }

    public void Dispose() => _folder.Dispose();
}

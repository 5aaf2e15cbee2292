using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary>What the broker keeps of a device whose configuration has changed while it was off, however it ended.</summary>
public sealed class ReconcileTests : IDisposable
{
    private const int Kill = 9;
    private readonly TestFolder _folder = new();

    private string Configuration(Mosquitto broker, string[] pipelines, string prefix = "edgeinfer", string device = "press-3") => _folder.Write("edgeinfer.yaml", $$"""
        device: { id: {{device}} }
        mqtt: { url: {{broker.Url}}, prefix: {{prefix}} }
        runtime: { state_folder: {{_folder.Path}}/state, cache_folder: {{_folder.Path}}/cache, run_folder: {{_folder.Path}}/run, control: off }
        models: { parts: { path: {{TestFolder.BundledModel}} } }
        pipelines:
        {{string.Concat(pipelines.Select(static name => $"  {name}: {{ source: {{ synthetic: conveyor, size: 160x120, fps: 10 }}, model: parts }}\n"))}}
        """);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_a_pipeline_that_was_removed_while_the_agent_was_off_nothing_stays(bool isKilled)
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using (ChildProcess agent = AgentProcess.Start("run", "-c", Configuration(broker, ["belt", "old"])))
        {
            await Until(broker, topics => topics.Contains("edgeinfer/press-3/old/state/interval") && topics.Contains("edgeinfer/press-3/old/status"));
            if (isKilled) agent.Signal(Kill);
            else agent.Signal(15);
            await agent.Exit(ChildProcess.Patience);
        }

        await using ChildProcess second = AgentProcess.Start("run", "-c", Configuration(broker, ["belt"]));
        HashSet<string> kept = await Until(broker, topics => !topics.Any(t => t.Contains("/old/", StringComparison.Ordinal)));
        Assert.Contains("edgeinfer/press-3/belt/state/enabled", kept);

        // Written once it is done, and not again.
        DateTime written = await Written(content => !content.Contains("/old/", StringComparison.Ordinal));
        await broker.Kill();
        await broker.Restart();
        await Until(broker, topics => topics.Contains("edgeinfer/press-3/belt/state/enabled"));
        Assert.Equal(written, File.GetLastWriteTimeUtc(_folder["state/retained.json"]));
        Assert.Equal(0, await second.Terminate(TimeSpan.FromSeconds(10)));
    }

    [Theory]
    [InlineData("plant/edge", "press-3")]
    [InlineData("edgeinfer", "press-4")]
    public async Task Another_prefix_or_another_id_takes_the_topics_of_the_first_away(string prefix, string device)
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using (ChildProcess agent = AgentProcess.Start("run", "-c", Configuration(broker, ["belt"])))
        {
            await Until(broker, topics => topics.Contains("edgeinfer/press-3/belt/state/interval"));
            agent.Signal(Kill);
            await agent.Exit(ChildProcess.Patience);
        }

        await using ChildProcess second = AgentProcess.Start("run", "-c", Configuration(broker, ["belt"], prefix, device));
        HashSet<string> kept = await Until(broker, topics => topics.Contains($"{prefix}/{device}/belt/state/interval") && !topics.Any(t => t.StartsWith("edgeinfer/press-3/", StringComparison.Ordinal)));
        Assert.Contains($"{prefix}/{device}/status", kept);
    }

    [Fact]
    public async Task What_could_not_be_cleared_without_the_broker_is_cleared_when_it_is_there()
    {
        await using Mosquitto broker = await Mosquitto.Start("persistence true\npersistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true");
        await using (ChildProcess agent = AgentProcess.Start("run", "-c", Configuration(broker, ["belt", "old"])))
        {
            await Until(broker, topics => topics.Contains("edgeinfer/press-3/old/state/interval"));
            agent.Signal(Kill);
            await agent.Exit(ChildProcess.Patience);
        }

        await broker.Kill();
        await using (ChildProcess alone = AgentProcess.Start("run", "-c", Configuration(broker, ["belt"])))
        {
            await alone.Line("runs as press-3");
            alone.Signal(Kill);
            await alone.Exit(ChildProcess.Patience);
        }

        await broker.Restart();
        await using ChildProcess third = AgentProcess.Start("run", "-c", Configuration(broker, ["belt"]));
        await Until(broker, topics => topics.Contains("edgeinfer/press-3/belt/state/enabled") && !topics.Any(t => t.Contains("/old/", StringComparison.Ordinal)));
    }

    public void Dispose() => _folder.Dispose();

    private async Task<DateTime> Written(Func<string, bool> isWanted)
    {
        string file = _folder["state/retained.json"];
        for (int i = 0; i < 100; i++)
        {
            if (isWanted(await File.ReadAllTextAsync(file))) return File.GetLastWriteTimeUtc(file);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"{file} is not as wanted:\n{await File.ReadAllTextAsync(file)}");
        return default;
    }

    /// <summary>Asks the broker what it keeps, again and again.</summary>
    private static async Task<HashSet<string>> Until(Mosquitto broker, Func<HashSet<string>, bool> isWanted)
    {
        HashSet<string> topics = [];
        for (int i = 0; i < 30; i++)
        {
            (_, string output) = await ChildProcess.Run(Peer.Program("mosquitto_sub"), "-h", "127.0.0.1", "-p", $"{broker.Port}", "-F", "%t", "-t", "#", "--retained-only", "-W", "1");
            topics = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
            if (isWanted(topics)) return topics;
        }

        Assert.Fail("the broker keeps:\n" + string.Join('\n', topics.Order(StringComparer.Ordinal)));
        return topics;
    }
}

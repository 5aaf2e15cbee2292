using System.Diagnostics;
using EdgeInfer.Pipeline;
using EdgeInfer.Sinks;
using EdgeInfer.Tests.Architecture;
using EdgeInfer.Tests.Configuration;
using EdgeInfer.Tests.Sources;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Pipeline;

/// <summary>The agent as its supervisor sees it; nobody listens where its broker should be.</summary>
public sealed class AgentConditionTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLogger _log = new();

    private static string Bundled => Path.Combine(RepositoryFolder.Root, "models", "parts-detector");

    private string Text(string model) => $$"""
        device: { id: press-3 }
        mqtt: { url: "mqtt://127.0.0.1:1" }
        runtime: { state_folder: {{_folder.Path}}/state, cache_folder: {{_folder.Path}}/cache, run_folder: {{_folder.Path}}/run, threads: 1 }
        models: { parts: { path: {{model}} } }
        pipelines:
          belt: { source: { synthetic: conveyor, size: 80x64, fps: 50 }, model: parts, fps: max }
          door: { source: { camera: /dev/video99 }, model: parts }
        """;

    [Fact]
    public async Task Ready_comes_without_a_broker_and_without_a_camera_and_both_are_named()
    {
        Dictionary<string, string> files = new()
        {
            ["/proc/self/cgroup"] = "0::/edgeinfer.service",
            ["/sys/fs/cgroup/edgeinfer.service/memory.max"] = "268435456",
            ["/sys/fs/cgroup/edgeinfer.service/memory.current"] = "251658240",
        };
        await using Agent agent = await Agent.StartAsync(ConfigurationText.Good(Text(Bundled)),
            new(TimeProvider.System, new Random(1), _log, "1.0") { SystemText = files.GetValueOrDefault }, TestContext.Current.CancellationToken);
        AgentCondition condition = agent.Condition(s_patience);
        Assert.Equal(["belt", "door"], condition.Pipelines.Select(static p => p.Name));
        Assert.NotEqual("connected", condition.Broker);
        Assert.Empty(condition.Stuck);
        Assert.True(SpinWait.SpinUntil(() => agent.Condition(s_patience).Pipelines[1] is { State: PipelineState.NoSignal, Cause.Where: "/dev/video99" }, s_patience));
        Assert.Equal((268435456, 251658240, 0), (condition.Memory!.LimitBytes, condition.Memory.UsedBytes!.Value, condition.Memory.Kills));
        Assert.Contains("MemoryMax=", condition.Memory.Cause, StringComparison.Ordinal);
        Assert.Equal(condition.Memory, agent.Status().Memory);
        files["/sys/fs/cgroup/edgeinfer.service/memory.current"] = "100000000";
        Assert.Null(agent.Condition(s_patience).Memory!.Cause);
    }

    [Fact]
    public async Task A_model_that_never_finishes_loading_does_not_hold_up_the_start_for_ever()
    {
        // A model that is read from a pipe that nobody writes to.
        string model = _folder.At("model");
        foreach (string file in Directory.EnumerateFiles(Bundled, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(model, Path.GetRelativePath(Bundled, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            if (Path.GetFileName(file) != "model.onnx") File.Copy(file, copy);
        }

        string pipe = Path.Combine(model, "model.onnx");
        using (Process make = Process.Start("mkfifo", pipe)) await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        FakeTimeProvider time = new();
        Task<Agent> starting = Agent.StartAsync(ConfigurationText.Good(Text(model)), new(time, new Random(1), _log, "1.0"), TestContext.Current.CancellationToken);
        while (!starting.IsCompleted)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }

        Agent agent = await starting;
        Assert.Contains("the agent counts as started while pipeline belt still loads its model", _log.Text, StringComparison.Ordinal);
        Assert.All(agent.Condition(s_patience).Pipelines, static p => Assert.Equal(PipelineState.Starting, p.State));
        time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(["belt", "door"], agent.Condition(s_patience).Stuck.Select(static f => f.Where));
    }

    public void Dispose() => _folder.Dispose();
}

using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Commands;

/// <summary>The program started with standard streams closed, as <c>sh</c> does with <c>&gt;&amp;-</c>.</summary>
public sealed class ClosedStreamTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(">&-", 74)]
    [InlineData(">&- 2>&-", 74)]
    [InlineData("<&- >&- 2>&-", 74)]
    [InlineData("2>&- >/dev/null", 0)]
    public async Task A_report_that_nobody_can_read_is_said_by_the_exit_code(string streams, int expected)
    {
        (int code, _) = await ChildProcess.Run(Peer.Program("sh"), "-c", $"exec \"$0\" --version {streams}", PublishedBinary.Path);
        Assert.Equal(expected, code);
    }

    [Fact]
    public async Task The_service_runs_without_any_of_them_and_its_log_lands_in_none_of_its_files()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        string configuration = _folder.Write("edgeinfer.yaml", $$"""
            device: { id: press-3 }
            mqtt: { url: "{{broker.Url}}" }
            runtime: { state_folder: {{_folder.Path}}/state, cache_folder: {{_folder.Path}}/cache, run_folder: {{_folder.Path}}/run, control: 'off' }
            models: { parts: { path: {{TestFolder.BundledModel}} } }
            pipelines: { belt: { source: { synthetic: conveyor, size: 640x480, fps: 5, seed: 1 }, model: parts, publish: { predictions: every } } }
            """);
        await using ChildProcess agent = ChildProcess.Start(Peer.Program("sh"), ["-c", "exec \"$0\" run -c \"$1\" <&- >&- 2>&-", PublishedBinary.Path, configuration]);
        await listener.Line("\"seq\":5,");
        for (int descriptor = 0; descriptor <= 2; descriptor++)
            Assert.Equal("/dev/null", new FileInfo($"/proc/{agent.Id}/fd/{descriptor}").LinkTarget);
        Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));
    }
}

using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Commands;

/// <summary><c>status</c> against a running agent, from this user and from others.</summary>
public sealed class StatusTests : IDisposable
{
    private const string Belt = "{ synthetic: conveyor, size: 320x240, fps: 10 }";

    private readonly TestFolder _folder = new();

    private string Socket => _folder["control.sock"];

    [Fact]
    public async Task It_says_what_is_on_MQTT_and_how_old_frames_are()
    {
        await using Mosquitto broker = await Mosquitto.Start(password: Canary.Password);
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#", Canary.Password);
        string configuration = _folder.Configuration(broker.Url, Belt, "    fps: max", $"  username: edge\n  password: {Canary.Password}");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", configuration);
        await listener.Line("/belt/prediction {");
        JsonElement published = AgentProcess.Payload(await listener.Line("\"state\":\"running\""));

        JsonElement asked = await Ask();
        string[] expected = [.. published.EnumerateObject().Select(p => p.Name)];
        Assert.Equal(expected, asked.EnumerateObject().Select(p => p.Name));
        Assert.Equal(("edgeinfer/status/1", "online", "press-3"), (Text(asked, "schema"), Text(asked, "state"), Text(asked, "device")));
        JsonElement connection = asked.GetProperty("broker");
        Assert.Equal(("connected", broker.Url), (Text(connection, "state"), Text(connection, "url")));
        JsonElement age = asked.GetProperty("pipelines").GetProperty("belt").GetProperty("frame_age_ms");
        Assert.InRange(age.GetProperty("p50").GetDouble(), 0.1, age.GetProperty("max").GetDouble());

        (int code, string output) = await AgentProcess.Run("status", "--socket", Socket);
        Assert.Equal(0, code);
        Assert.Contains("press-3   online", output, StringComparison.Ordinal);
        Assert.Contains($"broker    connected {broker.Url}", output, StringComparison.Ordinal);
        Assert.Contains("belt      running for", output, StringComparison.Ordinal);
        Assert.Contains("320x240 RGB24 10/s", output, StringComparison.Ordinal);
        Assert.Contains("parts = parts-detector", output, StringComparison.Ordinal);
        Assert.All(output.Split('\n'), l => Assert.InRange(l.Length, 0, 100));

        await broker.Kill();
        await agent.Line("MQTT:");
        connection = (await Ask()).GetProperty("broker");
        Assert.NotEqual("connected", Text(connection, "state"));
        Assert.Contains(broker.Url, Text(connection, "cause"), StringComparison.Ordinal);
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
        Assert.False(File.Exists(Socket));
    }

    [Fact]
    public async Task Without_an_agent_it_ends_with_69_and_says_how_to_start_one()
    {
        (int code, string output) = await AgentProcess.Run("status", "--socket", Socket);
        Assert.Equal(69, code);
        Assert.Contains($"{Socket}: no agent answers there", output, StringComparison.Ordinal);
        Assert.Contains("systemctl status edgeinfer", output, StringComparison.Ordinal);
        Assert.Single(output.Split('\n'));
    }

    [Fact]
    public async Task A_killed_agents_socket_says_so_and_the_next_agent_takes_it_over()
    {
        string configuration = _folder.Configuration("embedded://127.0.0.1:" + Mosquitto.FreePort(), Belt);
        await using (ChildProcess agent = AgentProcess.Start("run", "-c", configuration))
        {
            await agent.Line("runs as press-3");
            agent.Signal(9);
            await agent.Exit(ChildProcess.Patience);
        }

        Assert.True(File.Exists(Socket));
        Assert.Equal(69, (await AgentProcess.Run("status", "--socket", Socket)).ExitCode);
        await using ChildProcess next = AgentProcess.Start("run", "-c", configuration);
        await next.Line("runs as press-3");
        Assert.Equal(0, (await AgentProcess.Run("status", "--socket", Socket)).ExitCode);
    }

    [Fact]
    public async Task A_second_agent_names_the_first_and_runs_without_a_socket()
    {
        await using ChildProcess first = AgentProcess.Start("run", "-c", _folder.Configuration("embedded://127.0.0.1:" + Mosquitto.FreePort(), Belt));
        await first.Line("runs as press-3");
        await using ChildProcess second = AgentProcess.Start("run", "-c", _folder.Configuration("embedded://127.0.0.1:" + Mosquitto.FreePort(), Belt));
        await second.Line($"the control socket belongs to process {first.Id} (edgeinfer)");
        await second.Line("runs as press-3");
        Assert.Equal(0, await second.Terminate(TimeSpan.FromSeconds(10)));
        Assert.Equal(0, (await AgentProcess.Run("status", "--socket", Socket)).ExitCode);
    }

    [Fact]
    public async Task Members_of_the_folders_group_are_served_and_others_are_not()
    {
        if (Environment.UserName != "root") Assert.Skip("only root can be another user");
        const string Group = "54321";
        string run = Directory.CreateDirectory(_folder["run"]).FullName;
        Assert.Equal(0, (await ChildProcess.Run(Peer.Program("chgrp"), Group, run)).ExitCode);
        foreach (string open in (string[])[_folder.Path, run]) File.SetUnixFileMode(open, (UnixFileMode)0b111_101_101);
        string socket = Path.Combine(run, "control.sock");
        string configuration = _folder.Configuration("embedded://127.0.0.1:" + Mosquitto.FreePort(), Belt);
        File.WriteAllText(configuration, File.ReadAllText(configuration).Replace(Socket, socket, StringComparison.Ordinal));
        await using ChildProcess agent = AgentProcess.Start("run", "-c", configuration);
        await agent.Line("runs as press-3");

        Assert.Equal(0, (await As("--groups", Group)).ExitCode);
        (int code, string output) = await As("--clear-groups");
        Assert.Equal(69, code);
        Assert.Contains("this user may not ask the agent; run it with sudo, or join the service's group: sudo usermod -aG", output, StringComparison.Ordinal);

        // Past the file's mode: the kernel's word for who is asking still counts.
        File.SetUnixFileMode(socket, (UnixFileMode)0b110_110_110);
        (code, output) = await As("--clear-groups");
        Assert.Equal(69, code);
        Assert.Contains("user 65534 may not command this agent", output, StringComparison.Ordinal);
        await agent.Line("user 65534 (process");

        Task<(int ExitCode, string Output)> As(params string[] groups) => ChildProcess.Run(
            Peer.Program("setpriv"), ["--reuid=65534", "--regid=65534", .. groups, PublishedBinary.Path, "status", "--json", "--socket", socket]);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<JsonElement> Ask()
    {
        (int code, string output) = await AgentProcess.Run("status", "--json", "--socket", Socket);
        Assert.True(code == 0, output);
        return AgentProcess.Payload(output);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}

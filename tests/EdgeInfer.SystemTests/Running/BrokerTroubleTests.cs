using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary>What an operator reads when the broker, the configuration or a model is wrong.</summary>
public sealed class BrokerTroubleTests : IDisposable
{
    private const string Camera = "{ synthetic: conveyor, size: 320x240, fps: 5 }";
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task A_wrong_password_is_named_and_never_shown_and_the_agent_stays()
    {
        await using Mosquitto broker = await Mosquitto.Start(password: "the-right-one");
        string secret = _folder.Write("secret", Canary.Password + "\n");
        File.SetUnixFileMode(secret, UnixFileMode.UserRead);
        string configuration = _folder.Configuration(broker.Url, Camera, mqtt: $"  username: edge\n  password: {{ file: {secret} }}");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", configuration);
        string line = await agent.Line("MQTT:");
        Assert.Contains("password", line, StringComparison.OrdinalIgnoreCase);
        Assert.False(agent.HasExited);
        Canary.AbsentFrom(File.ReadAllText($"/proc/{agent.Id}/cmdline"));
    }

    [Fact]
    public async Task The_right_password_connects()
    {
        await using Mosquitto broker = await Mosquitto.Start(password: Canary.Password);
        string secret = _folder.Write("secret", Canary.Password + "\n");
        File.SetUnixFileMode(secret, UnixFileMode.UserRead);
        string configuration = _folder.Configuration(broker.Url, Camera, mqtt: $"  username: edge\n  password: {{ file: {secret} }}");
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#", Canary.Password);
        await using ChildProcess agent = AgentProcess.Start("run", "-c", configuration);
        await listener.Line("/belt/prediction {");
    }

    [Fact]
    public async Task A_second_agent_with_the_same_client_id_is_named_as_the_takeover_it_is()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        string configuration = _folder.Configuration(broker.Url, Camera);
        await using ChildProcess first = AgentProcess.Start("run", "-c", configuration);
        await first.Line("connected to");
        await using ChildProcess second = AgentProcess.Start("run", "-c", configuration);

        // mosquitto closes without a word: once it may have been stopped, again and again it is this.
        Assert.Contains("MQTT:", await first.Line("the same client id 'edgeinfer-"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_embedded_broker_on_a_port_in_use_ends_it_with_69_and_the_port()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        (int code, string output) = await AgentProcess.Run("run", "-c", _folder.Configuration($"embedded://127.0.0.1:{broker.Port}", Camera));
        Assert.Equal(69, code);
        Assert.Contains($"port {broker.Port} is in use", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_fault_of_a_configuration_is_reported_at_once_with_78()
    {
        string file = _folder.Write("bad.yaml", """
            mqtt: { url: ftp://broker }
            models: { parts: { path: /nowhere } }
            pipelines:
              belt: { source: { camera: /dev/video0 }, model: part, fsp: 5 }
              Press: { source: { synthetic: conveyor }, model: parts, publish: { qos: 7 } }
            """);
        (int code, string output) = await AgentProcess.Run("run", "-c", file);
        Assert.Equal(78, code);
        foreach (string part in new[] { "bad.yaml:1:", "ftp", "fsp", "'fps'", "'parts'", "Press", "qos" }) Assert.Contains(part, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_is_HTML_ends_it_with_65_when_nothing_else_could_run()
    {
        _folder.Write("model/model.onnx", "<!doctype html><html><body>Not Found</body></html>");
        string file = _folder.Configuration("mqtt://127.0.0.1:1", Camera);
        File.WriteAllText(file, File.ReadAllText(file).Replace(TestFolder.BundledModel, _folder["model"], StringComparison.Ordinal));
        (int code, string output) = await AgentProcess.Run("run", "-c", file);
        Assert.Equal(65, code);
        Assert.Contains("HTML", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_bad_model_fails_its_pipeline_and_the_rest_runs()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        _folder.Write("model/model.onnx", "");
        string file = _folder.Configuration(broker.Url, Camera);
        File.WriteAllText(file, File.ReadAllText(file).Replace("models:\n", $"models:\n  broken: {{ path: {_folder["model"]} }}\n", StringComparison.Ordinal)
            .Replace("pipelines:\n", $"pipelines:\n  other:\n    source: {Camera}\n    model: broken\n", StringComparison.Ordinal));
        await using ChildProcess agent = AgentProcess.Start("run", "-c", file);
        await listener.Line("/belt/prediction {");
        await listener.Line("\"no_model\"");
        await listener.Line("edgeinfer/press-3/other/status offline");
    }

    [Fact]
    public async Task A_state_folder_that_cannot_be_made_is_a_warning_and_boots_are_not_counted()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        string file = _folder.Configuration(broker.Url, Camera);
        _folder.Write("state", "a file where the folder should be");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", file);
        await agent.Line("state folder cannot be written");
        Assert.Equal(0, AgentProcess.Payload(await listener.Line("/belt/prediction {")).GetProperty("boot").GetInt64());
    }

    public void Dispose() => _folder.Dispose();
}

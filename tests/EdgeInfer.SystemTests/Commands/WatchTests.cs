using System.Text.Json;
using System.Text.RegularExpressions;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Commands;

/// <summary><c>watch</c> beside a running agent.</summary>
public sealed partial class WatchTests : IDisposable
{
    private const int Interrupt = 2;
    private const string Camera = "{ synthetic: conveyor, size: 640x480, fps: 10, seed: 1 }";
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Predictions_and_the_device_s_states_are_lines_and_Ctrl_C_ends_it_with_0()
    {
        await using Mosquitto broker = await Mosquitto.Start(password: Canary.Password);
        string secret = _folder.Write("secret", Canary.Password + "\n");
        await using ChildProcess watch = AgentProcess.Start("watch", "--broker", broker.Url, "--username", "edge", "--password-file", secret);
        await watch.Line("-- connected to");
        string configuration = _folder.Configuration(broker.Url, Camera, "    publish: { predictions: every }", $"  username: edge\n  password: {{ file: {secret} }}");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", configuration);
        Assert.Matches(Prediction(), await watch.Line("press-3/belt  "));
        Assert.Contains("belt running on cpu", await watch.Line("belt running"), StringComparison.Ordinal);
        await agent.Terminate(ChildProcess.Patience);
        Assert.StartsWith("-- press-3 stopped", await watch.Line("-- press-3 stopped"), StringComparison.Ordinal);

        watch.Signal(Interrupt);
        Assert.Equal(0, await watch.Exit(ChildProcess.Patience));
    }

    [Fact]
    public async Task Json_is_one_message_a_line()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess watch = AgentProcess.Start("watch", "--json", "--broker", broker.Url, "edgeinfer/press-3/belt/prediction");
        await watch.Line("-- connected to");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", _folder.Configuration(broker.Url, Camera));
        using JsonDocument message = JsonDocument.Parse(await watch.Line("{\"schema\":"));
        Assert.Equal("belt", message.RootElement.GetProperty("pipeline").GetString());
        Assert.Equal(0, await watch.Terminate(ChildProcess.Patience));
    }

    [Fact]
    public async Task A_broker_that_goes_away_is_said_once_and_waited_for()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess watch = AgentProcess.Start("watch", "--broker", broker.Url);
        await watch.Line("-- connected to");
        await broker.Kill();
        await watch.Line("connection refused");
        await broker.Restart();
        await using ChildProcess agent = AgentProcess.Start("run", "-c", _folder.Configuration(broker.Url, Camera));
        await watch.Line("press-3/belt  ");
        Assert.Single(watch.Output.Split('\n'), line => line.Contains("connection refused", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_broker_it_ends_with_69_and_says_where_it_looked()
    {
        int port = Mosquitto.FreePort();
        (int code, string output) = await AgentProcess.Run("watch", "--broker", $"mqtt://127.0.0.1:{port}");
        Assert.Equal(69, code);
        Assert.Contains($"mqtt://127.0.0.1:{port}: connection refused", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_ends_it_with_78_and_a_user_in_the_address_is_refused()
    {
        await using Mosquitto broker = await Mosquitto.Start(password: "the-right-one");
        string secret = _folder.Write("secret", Canary.Password);
        (int code, string output) = await AgentProcess.Run("watch", "--broker", broker.Url, "--username", "edge", "--password-file", secret);
        Assert.Equal(78, code);
        Assert.Contains("password", output, StringComparison.Ordinal);

        (code, output) = await AgentProcess.Run("watch", "--broker", $"mqtt://edge:{Canary.Password}@127.0.0.1:{broker.Port}");
        Assert.Equal(78, code);
        Assert.Contains("mqtt://***@127.0.0.1", output, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    [GeneratedRegex(@"^\d\d:\d\d:\d\d\.\d{3}  press-3/belt  (nothing|.+ 0\.\d\d.*)  \d+ ms$")]
    private static partial Regex Prediction();
}

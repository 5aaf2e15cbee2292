using System.Diagnostics;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary><c>run</c> on pictures from commands.</summary>
public sealed class CommandSourceTests : IDisposable
{
    private static readonly string s_picture
        = Directory.GetFiles(Path.Combine(TestFolder.BundledModel, "golden"), "*.jpg").Order(StringComparer.Ordinal).First();

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Pictures_of_a_command_become_predictions_and_what_it_left_undone_is_said()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = Start(broker, $"exec: \"cat {s_picture}; head -c 1000 {s_picture}; exit 4\"");
        JsonElement prediction = AgentProcess.Payload(await listener.Line("/belt/prediction {"));
        Assert.NotEmpty(prediction.GetProperty("detections").EnumerateArray());
        await agent.Line("no frames: exec cat: the command ended with exit code 4, within a picture; it is started again");
        await listener.Line("/belt/prediction {");
    }

    [Fact]
    public async Task A_film_that_is_over_ends_the_source_and_the_service_goes_on()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = Start(broker, $"exec: [cat, {s_picture}], loop: false");
        await listener.Line("/belt/prediction {");
        await listener.Line("the last frame has been read");
        Assert.False(agent.HasExited);
        Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));
    }

    [Fact]
    public async Task A_command_is_clean_of_the_agent_s_files_signals_and_configuration()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        string command = $"cat /proc/self/status > {_folder["status"]}; ls /proc/self/fd > {_folder["files"]}; env > {_folder["environment"]}; exec cat {s_picture}";
        string configuration = _folder.Configuration(broker.Url, $"{{ exec: \"{command}\" }}", "    publish: { predictions: every }");
        await using ChildProcess agent = ChildProcess.Start(PublishedBinary.Path, ["run", "-c", configuration],
            new Dictionary<string, string> { ["EDGEINFER__PIPELINES__BELT__FPS"] = "max", ["LISTEN_FDS"] = "3", ["CAMERA_KEY"] = "kept" });
        await listener.Line("/belt/prediction {");
        string status = File.ReadAllText(_folder["status"]);
        Assert.Contains("SigBlk:\t0000000000000000\n", status, StringComparison.Ordinal);
        Assert.Contains("SigIgn:\t0000000000000000\n", status, StringComparison.Ordinal);
        // The fourth is the folder that ls lists.
        Assert.Equal("0\n1\n2\n3\n", File.ReadAllText(_folder["files"]));
        string environment = File.ReadAllText(_folder["environment"]);
        Assert.DoesNotContain("EDGEINFER__", environment, StringComparison.Ordinal);
        Assert.DoesNotContain("LISTEN_FDS", environment, StringComparison.Ordinal);
        Assert.Contains("CAMERA_KEY=kept", environment, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(15)]
    public async Task A_command_does_not_outlive_the_agent(int signal)
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = Start(broker, $"exec: \"trap '' TERM; echo $$ > {_folder["pid"]}; cat {s_picture}; while :; do sleep 0.1; done\", timeout: 1h");
        await listener.Line("/belt/prediction {");
        string id = File.ReadAllText(_folder["pid"]).Trim();
        Assert.True(IsAlive(id));
        agent.Signal(signal);
        await agent.Exit(ChildProcess.Patience);
        Stopwatch waited = Stopwatch.StartNew();
        while (IsAlive(id))
        {
            Assert.True(waited.Elapsed < ChildProcess.Patience, $"the command {id} outlived the agent");
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_camera_on_a_ribbon_is_read_through_the_board_s_program()
    {
        string program = _folder.Write("bin/rpicam-vid", $"#!/bin/sh\necho \"$*\" > {_folder["arguments"]}\nexec head -c 100000000 /dev/zero\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        string configuration = _folder.Configuration(broker.Url, "{ camera: csi:0, size: 640x480 }", "    publish: { predictions: every }");
        await using ChildProcess agent = ChildProcess.Start(PublishedBinary.Path, ["run", "-c", configuration],
            new Dictionary<string, string> { ["PATH"] = $"{_folder["bin"]}:{Environment.GetEnvironmentVariable("PATH")}" });
        JsonElement frame = AgentProcess.Payload(await listener.Line("/belt/prediction {")).GetProperty("frame");
        Assert.Equal((640, 480), (frame.GetProperty("width").GetInt32(), frame.GetProperty("height").GetInt32()));
        Assert.Equal("--camera 0 --codec yuv420 -t 0 -n --width 640 --height 480 --flush -o -\n", File.ReadAllText(_folder["arguments"]));
    }

    private ChildProcess Start(Mosquitto broker, string source)
        => AgentProcess.Start("run", "-c", _folder.Configuration(broker.Url, $"{{ {source} }}", "    publish: { predictions: every }"));

    // What has ended and waits to be reaped by whoever got it is no longer alive.
    private static bool IsAlive(string id)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{id}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }
}

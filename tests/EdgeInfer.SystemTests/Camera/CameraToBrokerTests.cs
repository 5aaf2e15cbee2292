using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Camera;

/// <summary><c>run</c> on a camera, from frames to a real broker: the published binary under the fake camera.</summary>
public sealed class CameraToBrokerTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Camera_frames_become_predictions_and_an_unplugged_camera_comes_back_as_another()
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "formats MJPG", "sizes 640x480");
        rig.Picture(0, "belt.jpg", await File.ReadAllBytesAsync(TestPictures.FirstGolden()));
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        await using ChildProcess agent = Run(rig, broker, "{ camera: /dev/video0, fps: 15 }");

        JsonElement prediction = AgentProcess.Payload(await listener.Line("/belt/prediction {"));
        Assert.NotEmpty(prediction.GetProperty("detections").EnumerateArray());
        Assert.InRange(prediction.GetProperty("age_ms").GetDouble(), 0, 5000);
        await agent.Line("/dev/video0 gives frames: 640x480 MJPG 15/s");

        rig.Control(0, "unplug");
        JsonElement status = AgentProcess.Payload(await listener.Line("\"no_signal\""));
        Assert.Contains("/dev/video0", status.GetProperty("pipelines").GetProperty("belt").GetProperty("cause").GetString(), StringComparison.Ordinal);

        rig.Plug(0, "formats YUYV", "sizes 320x240");
        rig.Control(0, "ok");
        await agent.Line("/dev/video0 gives frames: 320x240 YUYV 15/s");
        await listener.Line("\"frame\":{\"width\":320,\"height\":240}");
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(2)));
        rig.AssertRules();
    }

    [Fact]
    public async Task A_metadata_node_makes_its_pipeline_failed_with_the_cure_and_the_agent_runs_on()
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "bus usb-1");
        rig.Plug(1, "bus usb-1", "kind metadata");
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/press-3/status");
        await using ChildProcess agent = Run(rig, broker, "{ camera: /dev/video1 }");
        string line = await listener.Line("\"failed\"");
        Assert.Contains("give /dev/video0, which captures pictures", line, StringComparison.Ordinal);
        Assert.False(agent.HasExited);
    }

    public void Dispose() => _folder.Dispose();

    private ChildProcess Run(CameraRig rig, Mosquitto broker, string source) => ChildProcess.Start(
        PublishedBinary.Path, ["run", "-c", _folder.Configuration(broker.Url, source, "    fps: max\n    publish: { predictions: every }")], rig.Environment);
}

using EdgeInfer.SystemTests.Camera;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Commands;

/// <summary><c>init</c> on machines as they come, and what <c>check</c> and <c>run</c> make of its file.</summary>
[Collection("the broker port of this machine")]
public sealed class InitTests : IDisposable
{
    private const string Nothing = "synthetic: conveyor";
    private readonly TestFolder _folder = new();

    private string File => _folder["edgeinfer.yaml"];

    [Fact]
    public async Task On_a_machine_with_nothing_the_file_runs_as_it_is()
    {
        string output = await Init();
        Assert.Contains("cameras   ", output, StringComparison.Ordinal);
        Assert.Contains("  edgeinfer check -c edgeinfer.yaml", output, StringComparison.Ordinal);
        Assert.Contains("  edgeinfer run -c edgeinfer.yaml", output, StringComparison.Ordinal);
        await Check();
        if (!System.IO.File.ReadAllText(File).Contains(Nothing, StringComparison.Ordinal)) Assert.Skip("this machine has a camera of its own");
        Dictionary<string, string> own = new()
        {
            ["EDGEINFER__MQTT__URL"] = $"embedded://127.0.0.1:{Mosquitto.FreePort()}",
            ["EDGEINFER__RUNTIME__STATE_FOLDER"] = _folder["state"],
            ["EDGEINFER__RUNTIME__CACHE_FOLDER"] = _folder["cache"],
        };
        await using ChildProcess agent = ChildProcess.Start(PublishedBinary.Path, ["run", "-c", File], own);
        await agent.Line("gives frames: ");
        Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));
    }

    [Fact]
    public async Task A_camera_becomes_a_pipeline_in_its_best_mode()
    {
        using CameraRig cameras = await CameraRig.Build();
        cameras.Plug(0, "card HD Webcam", "formats MJPG YUYV", "sizes 1920x1080 1280x720 640x480", "rate 30");
        cameras.Plug(1, "kind metadata");
        string output = await Init(cameras.Environment);
        Assert.Contains("/dev/video0 (HD Webcam): MJPG 1280x720 30/s", output, StringComparison.Ordinal);
        Assert.DoesNotContain("/dev/video1", output, StringComparison.Ordinal);
        await Check();
        string yaml = System.IO.File.ReadAllText(File);
        Assert.Contains("\n      camera: /dev/video0 ", yaml, StringComparison.Ordinal);
        Assert.Contains("\n      size: 1280x720 ", yaml, StringComparison.Ordinal);
        Assert.DoesNotContain(Nothing + " ", yaml.Split("# Other sources")[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_camera_that_may_not_be_opened_is_named_with_the_cure_and_what_to_type_then()
    {
        using CameraRig cameras = await CameraRig.Build();
        cameras.Plug(0, "formats MJPG", "sizes 640x480", "rate 15");
        cameras.Control(0, "denied");
        string output = await Init(cameras.Environment);
        Assert.Contains("/dev/video0", output, StringComparison.Ordinal);
        Assert.EndsWith("once the camera above may be opened, have it found: edgeinfer init --force", output, StringComparison.Ordinal);
        Assert.Contains("# Not used: /dev/video0", System.IO.File.ReadAllText(File), StringComparison.Ordinal);
        await Check();
    }

    [Fact]
    public async Task A_broker_on_this_machine_is_found_and_its_password_asked_for()
    {
        if (!IsFree(1883)) Assert.Skip("port 1883 of this machine is taken");
        await using (Mosquitto open = await Mosquitto.StartOnDefaultPort())
        {
            Assert.Contains("mqtt://127.0.0.1:1883: lets anyone in", await Init(), StringComparison.Ordinal);
            Assert.Contains("\n  url: mqtt://127.0.0.1:1883 ", System.IO.File.ReadAllText(File), StringComparison.Ordinal);
            await Check();
        }

        await using Mosquitto closed = await Mosquitto.StartOnDefaultPort(Canary.Password);
        Assert.Contains("mqtt://127.0.0.1:1883: wants a user name and a password", await Init(null, "--force"), StringComparison.Ordinal);
        await Check();
    }

    [Fact]
    public async Task A_file_that_is_there_is_replaced_only_by_force_and_never_cut_short()
    {
        _folder.Write("edgeinfer.yaml", "mine\n");
        (int code, string output) = await Run(null, "init");
        Assert.Equal(64, code);
        Assert.EndsWith("edgeinfer.yaml: is there already and is not replaced; give --force, or another file with -o", output, StringComparison.Ordinal);
        Assert.Equal("mine\n", System.IO.File.ReadAllText(File));
        await Init(null, "--force");
        await Check();
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_named()
    {
        (int code, string output) = await Run(null, "init", "-o", "/proc/edgeinfer.yaml");
        Assert.Equal(74, code);
        Assert.Contains("/proc/edgeinfer.yaml: ", output, StringComparison.Ordinal);
        (code, output) = await Run(null, "init", "-o", "/nowhere/edgeinfer.yaml");
        Assert.Equal((74, "edgeinfer: /nowhere/edgeinfer.yaml: there is no folder /nowhere; make it, or give another file with -o"), (code, output));
    }

    [Fact]
    public async Task A_hyphen_as_file_prints_what_the_file_would_be_and_nothing_else()
    {
        await Init();
        (int code, string output) = await Run(null, "init", "-o", "-");
        Assert.Equal((0, System.IO.File.ReadAllText(File).TrimEnd()), (code, output.TrimEnd()));
        Assert.Equal(["edgeinfer.yaml"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    private async Task<string> Init(IReadOnlyDictionary<string, string>? environment = null, params string[] more)
    {
        (int code, string output) = await Run(environment, ["init", "-o", "edgeinfer.yaml", .. more]);
        Assert.True(code == 0, output);
        return output;
    }

    private async Task Check()
    {
        (int code, string output) = await AgentProcess.Run("check", "-c", File);
        Assert.True(code == 0, output);
        Assert.StartsWith("ok: ", output, StringComparison.Ordinal);
        Assert.EndsWith(" 0 warnings", output, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output)> Run(IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        await using ChildProcess process = ChildProcess.Start(PublishedBinary.Path, arguments, environment, _folder.Path);
        int code = await process.Exit(ChildProcess.Patience);
        return (code, process.Output);
    }

    private static bool IsFree(int port)
    {
        try
        {
            using System.Net.Sockets.TcpListener probe = new(System.Net.IPAddress.Loopback, port);
            probe.Start();
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    public void Dispose() => _folder.Dispose();
}

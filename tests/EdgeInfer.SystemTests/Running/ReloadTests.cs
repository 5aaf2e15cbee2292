using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeInfer.SystemTests.Camera;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary>SIGHUP at the published agent.</summary>
public sealed class ReloadTests : IDisposable
{
    private const int HangUp = 1;
    private readonly TestFolder _folder = new();

    private string Configuration(string broker, string pipelines, int turn = 0, string mqtt = "") => _folder.Write("edgeinfer.yaml", $$"""
        device: { id: press-3, labels: { turn: "{{turn}}" } }
        mqtt: { url: {{broker}}{{mqtt}} }
        runtime: { state_folder: {{_folder.Path}}/state, cache_folder: {{_folder.Path}}/cache, control: off }
        models: { parts: { path: {{TestFolder.BundledModel}} }, copy: { path: {{_folder.Path}}/copy } }
        pipelines:
        {{pipelines}}
        """);

    private static string Pipeline(string name, string source, string model = "parts")
        => $"  {name}: {{ source: {source}, model: {model}, fps: max, publish: {{ predictions: every }} }}\n";

    [Fact]
    public async Task A_hundred_reloads_lose_no_frame_of_what_stays_and_leave_nothing_behind()
    {
        CopyModel();
        string picture = Directory.GetFiles(Path.Combine(TestFolder.BundledModel, "golden"), "*.jpg").Order(StringComparer.Ordinal).First();
        string keep = Pipeline("keep", "{ synthetic: conveyor, size: 160x120, fps: 30 }");
        using CameraRig rig = await CameraRig.Build();
        foreach (int node in new[] { 0, 1 })
        {
            rig.Plug(node, "formats MJPG", "sizes 640x480");
            rig.Picture(node, "belt.jpg", await File.ReadAllBytesAsync(picture));
        }

        string Turning(int turn) => keep
            + Pipeline("watch", "{ camera: /dev/video0, fps: 15 }")
            + Pipeline("reopen", $"{{ camera: /dev/video1, fps: {10 + turn % 2 * 5} }}")
            + Pipeline("swap", $"{{ synthetic: conveyor, size: {(turn % 2 == 0 ? "160x120" : "128x96")}, fps: 20 }}", turn % 2 == 0 ? "parts" : "copy")
            + Pipeline("child", $"{{ exec: \"while cat {picture}; do sleep 0.{1 + turn % 2}; done\", format: mjpeg }}")
            + (turn % 3 == 0 ? Pipeline("guest", "{ synthetic: conveyor, size: 96x96, fps: 10 }") : "");

        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        string file = Configuration(broker.Url, Turning(0));
        await using ChildProcess agent = ChildProcess.Start(PublishedBinary.Path, ["run", "-c", file], rig.Environment);
        await listener.Line("/child/prediction {");
        Footprint before = default;
        for (int turn = 1; turn <= 140; turn++)
        {
            Configuration(broker.Url, Turning(turn), turn);
            agent.Signal(HangUp);
            await listener.Line($"\"turn\":\"{turn}\"");

            // The heap has its size after a few dozen.
            if (turn == 40) before = await Footprint.Settled(agent.Id);
        }

        Footprint after = await Footprint.Settled(agent.Id, before.Threads + 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"before {before}, after 100 reloads {after}");
        Assert.Equal(before.Descriptors, after.Descriptors);
        Assert.Equal(before.Children, after.Children);
        Assert.InRange(after.Threads, 1, before.Threads + 2);

        // One model, ring or pool of frames kept each time would be a hundred of them; the heap's own breathing is some megabytes.
        Assert.InRange(after.OwnKilobytes, 1, before.OwnKilobytes + 16384);
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(20)));
        await listener.Line("\"state\":\"stopped\"");
        foreach (string pipeline in new[] { "keep", "watch", "reopen", "swap", "child", "guest" }) Consecutive(Sequence(listener, pipeline));
        Assert.Single(agent.Output.Split('\n'), line => line.Contains("/dev/video0 gives frames", StringComparison.Ordinal));
        rig.AssertRules();
    }

    [Fact]
    public async Task An_invalid_file_changes_nothing_and_is_named_in_the_log_and_in_the_status()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        string file = Configuration(broker.Url, Pipeline("keep", "{ synthetic: conveyor, size: 160x120, fps: 20 }"));
        await using ChildProcess agent = AgentProcess.Start("run", "-c", file);
        await listener.Line("/keep/prediction {");
        Configuration(broker.Url, Pipeline("keep", $"{{ stream: \"http://u:{Canary.Password}@cam/\" }}", "part"));
        agent.Signal(HangUp);
        string line = await agent.Line("not reloaded");
        Assert.Contains("edgeinfer.yaml:6:", line, StringComparison.Ordinal);
        JsonElement status = AgentProcess.Payload(await listener.Line("\"fault_at\""));
        Assert.Contains("edgeinfer.yaml:6:", status.GetProperty("configuration").GetProperty("fault").GetString()!, StringComparison.Ordinal);
        long last = Sequence(listener, "keep")[^1];
        await listener.Line($"\"seq\":{last + 10},");
        Consecutive(Sequence(listener, "keep"));

        File.Delete(file);
        agent.Signal(HangUp);
        await agent.Line("there is no");
        await listener.Line($"\"seq\":{last + 20},");
    }

    [Fact]
    public async Task Another_broker_with_a_password_takes_over_and_the_password_is_not_seen()
    {
        await using Mosquitto first = await Mosquitto.Start();
        await using Mosquitto second = await Mosquitto.Start(password: Canary.Password);
        string secret = _folder.Write("secret", Canary.Password + "\n");
        await using ChildProcess before = first.Subscribe("edgeinfer/#");
        await using ChildProcess after = second.Subscribe("edgeinfer/#", Canary.Password);
        string keep = Pipeline("keep", "{ synthetic: conveyor, size: 160x120, fps: 30 }");
        await using ChildProcess agent = AgentProcess.Start("run", "-c", Configuration(first.Url, keep));
        await before.Line("\"seq\":20,");
        Configuration(second.Url, keep, 1, $", username: edge, password: {{ file: {secret} }}");
        agent.Signal(HangUp);
        await agent.Line("broker session replaced");
        await before.Line("\"state\":\"stopped\"");
        await before.Line("/keep/status offline");
        await after.Line("\"turn\":\"1\"");
        await after.Line("/keep/prediction {");
        long last = Sequence(after, "keep")[^1];
        await after.Line($"\"seq\":{last + 10},");
        Consecutive([.. Sequence(before, "keep"), .. Sequence(after, "keep")]);
    }

    [Fact]
    public async Task Systemd_is_told_when_a_reload_begins_and_when_it_is_done()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        using ServiceManager systemd = new(_folder["notify"]);
        string file = Configuration(broker.Url, Pipeline("keep", "{ synthetic: conveyor, size: 160x120, fps: 5 }"));
        await using ChildProcess agent = ChildProcess.Start(
            PublishedBinary.Path, ["run", "-c", file], new Dictionary<string, string> { ["NOTIFY_SOCKET"] = _folder["notify"] });
        await systemd.Hears("READY=1");
        agent.Signal(HangUp);
        string[] reloading = (await systemd.Hears("RELOADING=1")).Split('\n');
        Assert.Equal("RELOADING=1", reloading[0]);
        Assert.StartsWith("MONOTONIC_USEC=", reloading[1], StringComparison.Ordinal);

        // CLOCK_MONOTONIC begins with the machine: /proc/uptime counts the same, suspended time aside.
        double uptime = double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);
        Assert.InRange(double.Parse(reloading[1]["MONOTONIC_USEC=".Length..], CultureInfo.InvariantCulture) / 1e6, uptime - 60, uptime + 1);
        await systemd.Hears("READY=1");
        agent.Signal(15);
        await systemd.Hears("STOPPING=1");
    }

    [Fact]
    public async Task Without_a_file_there_is_nothing_to_reload()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        string pictures = Path.Combine(TestFolder.BundledModel, "golden");
        await using ChildProcess agent = ChildProcess.Start(PublishedBinary.Path, ["run", "--files", pictures, "--model", TestFolder.BundledModel, "--broker", broker.Url],
            new Dictionary<string, string> { ["EDGEINFER__RUNTIME__STATE_FOLDER"] = _folder["state"], ["EDGEINFER__RUNTIME__CACHE_FOLDER"] = _folder["cache"], ["EDGEINFER__RUNTIME__CONTROL"] = "off" });
        await agent.Line("runs as");
        agent.Signal(HangUp);
        await agent.Line("there is nothing to reload: it was started by flags");
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(20)));
    }

    public void Dispose() => _folder.Dispose();

    private void CopyModel()
    {
        foreach (string file in Directory.EnumerateFiles(TestFolder.BundledModel, "*", SearchOption.AllDirectories))
            _folder.Copy(file, Path.Combine("copy", Path.GetRelativePath(TestFolder.BundledModel, file)));
    }

    private static IReadOnlyList<long> Sequence(ChildProcess listener, string pipeline) => [.. listener.Output.Split('\n')
        .Where(line => line.Contains($"/{pipeline}/prediction {{", StringComparison.Ordinal)).Select(line => AgentProcess.Payload(line).GetProperty("seq").GetInt64())];

    private static void Consecutive(IReadOnlyList<long> numbers)
    {
        Assert.NotEmpty(numbers);
        Assert.Equal(Enumerable.Range(0, numbers.Count).Select(n => numbers[0] + n), numbers);
    }

    /// <summary>What a process holds of the machine.</summary>
    private readonly record struct Footprint(int Descriptors, int Threads, int Children, long OwnKilobytes)
    {
        /// <summary>
        /// Reads it until two readings of descriptors, threads and children agree, since what is ended goes a little later; of the memory
        /// the least of ten readings, since garbage that waits to be collected is no leak.
        /// </summary>
        /// <param name="process">Its id.</param>
        /// <param name="threads">As many are waited for: a busy machine makes the thread pool take more, which it lets go of after 20 s without work.</param>
        public static async Task<Footprint> Settled(int process, int threads = int.MaxValue)
        {
            using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(500));
            Footprint last = Read(process);
            long least = last.OwnKilobytes;
            for (int i = 0; i < 120; i++)
            {
                await timer.WaitForNextTickAsync();
                Footprint now = Read(process);
                least = Math.Min(least, now.OwnKilobytes);
                bool isSettled = now with { OwnKilobytes = 0 } == last with { OwnKilobytes = 0 };
                last = now with { OwnKilobytes = least };
                if (isSettled && i >= 10 && now.Threads <= threads) break;
            }

            return last;
        }

        private static Footprint Read(int process)
        {
            string[] tasks = Directory.GetDirectories($"/proc/{process}/task");
            int children = tasks.Sum(task => File.Exists($"{task}/children") ? File.ReadAllText($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Length : 0);
            return new(Directory.GetFiles($"/proc/{process}/fd").Length, tasks.Length, children, OwnMemory.Kilobytes(process));
        }
    }
}

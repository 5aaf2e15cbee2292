using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary>The published agent on a device that is too hot: a thermal tree of the test's own, mounted over the kernel's in the agent's own mount namespace.</summary>
public sealed class HeatTests : IDisposable
{
    private const string Kernel = "/sys/class/thermal";
    private const int HangUp = 1;
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task A_hot_device_infers_at_three_quarters_of_its_rate_says_so_and_gives_way_when_it_is_told_to()
    {
        string unshare = Peer.Program("unshare");
        await CanMount(unshare);
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/press-3/#");
        Zone("83400");
        string file = Configuration(broker, "");
        await using ChildProcess agent = ChildProcess.Start(unshare, ["-m", "sh", "-c", $"mount --bind {_folder["thermal"]} {Kernel} && exec {PublishedBinary.Path} run -c {file}"]);

        JsonElement first = Heat(await listener.Line("\"heat\":"));
        Assert.Equal("cpu-thermal", first.GetProperty("hottest").GetProperty("zone").GetString());
        Assert.Equal(83.4, first.GetProperty("hottest").GetProperty("celsius").GetDouble());
        Assert.Equal(1, first.GetProperty("governor").GetProperty("rate").GetDouble());
        Assert.Equal(82, first.GetProperty("governor").GetProperty("limit_celsius").GetDouble());

        await agent.Line("heat: inference goes on at 3/4 of the rate: cpu-thermal: 83.4 °C, above the limit of 82 °C; cool the device");
        JsonElement lowered = Heat(await listener.Line("\"rate\":0.75"));
        Assert.StartsWith("cpu-thermal: 83.4 °C, above the limit of 82 °C; cool the device", lowered.GetProperty("governor").GetProperty("cause").GetString(), StringComparison.Ordinal);
        Zone("79000");
        Assert.InRange(await Rate(listener), 2.6, 3.4);

        // Between the limit and what is cool nothing moves, and the terminal shows why it is slow.
        (int code, string text) = await AgentProcess.Run("status", "--socket", _folder["control.sock"]);
        Assert.Equal(0, code);
        Assert.Contains("inference at 75 % of its rate", text, StringComparison.Ordinal);

        Configuration(broker, "limit: off");
        agent.Signal(HangUp);
        await agent.Line("runtime.heat.limit is off now");
        await agent.Line("configuration reloaded");
        await using ChildProcess later = broker.Subscribe("edgeinfer/press-3/status");
        await later.Line("\"governor\":{\"rate\":1,");
        Assert.InRange(await Rate(listener), 3.5, 4.4);
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
    }

    public void Dispose() => _folder.Dispose();

    private static JsonElement Heat(string line) => AgentProcess.Payload(line).GetProperty("heat");

    // A mount needs root and the kernel's folder: containers have one, the other, or neither.
    private static async Task CanMount(string unshare)
    {
        if (!Directory.Exists(Kernel)) Peer.Missing($"{Kernel} is not there to be mounted over");
        (int code, string text) = await ChildProcess.Run(unshare, "-m", "true");
        if (code != 0) Peer.Missing($"this user may not make a mount namespace: {text}");
    }

    /// <summary>Results a second, by the capture times of twenty.</summary>
    private static async Task<double> Rate(ChildProcess listener)
    {
        long from = Last(listener) + 2;
        await listener.Line($"\"seq\":{from + 20},");
        DateTimeOffset[] times = [.. new[] { from, from + 20 }.Select(seq => AgentProcess.Payload(listener.Output.Split('\n').First(l => l.Contains($"\"seq\":{seq},", StringComparison.Ordinal)))
            .GetProperty("captured_at").GetDateTimeOffset())];
        return 20 / (times[1] - times[0]).TotalSeconds;
    }

    private static long Last(ChildProcess listener) => AgentProcess.Payload(listener.Output.Split('\n').Last(l => l.Contains("/prediction {", StringComparison.Ordinal) && l.EndsWith('}'))).GetProperty("seq").GetInt64();

    private void Zone(string thousandths)
    {
        _folder.Write("thermal/thermal_zone0/type", "cpu-thermal\n");
        _folder.Write("thermal/thermal_zone0/temp", thousandths + "\n");
        _folder.Write("thermal/thermal_zone0/trip_point_0_type", "passive\n");
        _folder.Write("thermal/thermal_zone0/trip_point_0_temp", "85000\n");
    }

    private string Configuration(Mosquitto broker, string heat) => _folder.Write("edgeinfer.yaml", $$"""
        device: { id: press-3 }
        mqtt: { url: {{broker.Url}} }
        runtime: { state_folder: {{_folder.Path}}/state, cache_folder: {{_folder.Path}}/cache, run_folder: {{_folder.Path}}/run, control: {{_folder.Path}}/control.sock, heat: { {{heat}} } }
        models: { parts: { path: {{TestFolder.BundledModel}} } }
        pipelines:
          belt:
            source: { synthetic: conveyor, size: 160x120, fps: 8 }
            model: parts
            fps: 4
            publish: { predictions: every }
        """);
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using EdgeInfer.SystemTests.Camera;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary>Health and metrics of the published program, as Prometheus, promtool and a hostile client find them.</summary>
public sealed class MetricsTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _client = new() { Timeout = ChildProcess.Patience };
    private readonly int _port = Mosquitto.FreePort();

    private string Address => $"127.0.0.1:{_port}";

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Prometheus_scrapes_it_promtool_finds_nothing_and_the_numbers_are_those_of_the_status()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        string[] pictures = Directory.GetFiles(Path.Combine(TestFolder.BundledModel, "golden"), "*.jpg");
        foreach (string picture in pictures) _folder.Copy(picture, $"pictures/{Path.GetFileName(picture)}");
        _folder.Write("pictures/half.jpg", File.ReadAllBytes(pictures[0])[..2000]);
        _folder.Write("pictures/text.jpg", "no picture");
        await using ChildProcess agent = Agent(broker.Url, $"{{ files: {_folder["pictures"]} }}", "    fps: max\n    publish: { predictions: every }");
        Assert.Equal("ok\n", await Ready());

        // The files are read once: from then on nothing counts that a pipeline does.
        JsonElement status = await Status(s => s.GetProperty("pipelines").GetProperty("belt") is var belt && belt.GetProperty("results").GetInt64() == pictures.Length
            && belt.GetProperty("corrupt").GetInt64() == 2 && s.GetProperty("outbox").GetProperty("delivered").GetInt64() == pictures.Length);
        string text = await _client.GetStringAsync($"http://{Address}/metrics", TestContext.Current.CancellationToken);
        Dictionary<string, double> metrics = Samples(text);
        JsonElement belt = status.GetProperty("pipelines").GetProperty("belt");
        JsonElement outbox = status.GetProperty("outbox");
        Assert.Equal(
        [
            Number(status, "boot"), Number(belt, "received"), Number(belt, "received"), Number(belt, "results"), Number(belt, "published"), Number(belt, "provider_nodes"),
            Number(belt, "results"), Number(outbox, "accepted"), Number(outbox, "delivered"), Number(outbox, "quota_bytes"), Number(outbox, "lost"), 1, 1, 1,
        ],
        [
            metrics["edgeinfer_starts_total"], metrics["edgeinfer_frames_received_total{pipeline=\"belt\"}"],
            metrics["edgeinfer_frames_decoded_total{pipeline=\"belt\"}"] + metrics["edgeinfer_frames_skipped_total{pipeline=\"belt\",reason=\"truncated\"}"],
            metrics["edgeinfer_results_total{pipeline=\"belt\",model=\"parts\"}"], metrics["edgeinfer_results_published_total{pipeline=\"belt\",model=\"parts\"}"],
            metrics["edgeinfer_provider_nodes{pipeline=\"belt\",model=\"parts\",provider=\"cpu\"}"],
            metrics["edgeinfer_stage_duration_seconds_count{pipeline=\"belt\",model=\"parts\",stage=\"inference\"}"],
            metrics["edgeinfer_outbox_results_accepted_total"], metrics["edgeinfer_outbox_results_delivered_total"], metrics["edgeinfer_outbox_quota_bytes"],
            metrics["edgeinfer_outbox_results_lost_total"], metrics["edgeinfer_mqtt_connected"], metrics["edgeinfer_ready"],
            metrics["edgeinfer_frames_skipped_total{pipeline=\"belt\",reason=\"damaged\"}"],
        ]);

        await Prometheus.Promtool($"check metrics < {_folder.Write("metrics.txt", text)}");
        await using Prometheus prometheus = await Prometheus.Start(_folder, Address);
        await prometheus.Value("up{job=\"edgeinfer\"}", 1);
        await prometheus.Value("edgeinfer_results_total{pipeline=\"belt\"}", pictures.Length);
        await prometheus.Value("edgeinfer_result_age_seconds_count{pipeline=\"belt\"}", pictures.Length);

        // It asks for OpenMetrics: a text that breaks a rule of that would be an error of the target.
        Assert.Contains("\"lastError\":\"\"", await prometheus.Get("/api/v1/targets"), StringComparison.Ordinal);
        string rules = await prometheus.Get("/api/v1/rules");
        Assert.Contains("EdgeInferPipelineNotRunning", rules, StringComparison.Ordinal);
        Assert.DoesNotContain("\"health\":\"err\"", rules, StringComparison.Ordinal);
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task A_camera_and_a_broker_that_are_not_there_do_not_make_it_unready_and_a_hostile_client_does_not_stop_it()
    {
        await using ChildProcess agent = Agent($"mqtt://127.0.0.1:{Mosquitto.FreePort()}", $"{{ stream: \"http://127.0.0.1:{Mosquitto.FreePort()}/\" }}");
        Assert.Equal("ok\n", await Ready());
        Assert.Equal("ok\n", await _client.GetStringAsync($"http://{Address}/livez", TestContext.Current.CancellationToken));
        Dictionary<string, double> metrics = Samples(await _client.GetStringAsync($"http://{Address}/metrics", TestContext.Current.CancellationToken));
        Assert.Equal(0, metrics["edgeinfer_mqtt_connected"]);
        Assert.Equal(0, metrics["edgeinfer_results_total{pipeline=\"belt\",model=\"parts\"}"]);

        // A head that never ends is given up, and meanwhile others are served.
        using TcpClient slow = new();
        await slow.ConnectAsync(IPAddress.Loopback, _port, TestContext.Current.CancellationToken);
        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow:"), TestContext.Current.CancellationToken);
        Assert.Equal("ok\n", await _client.GetStringAsync($"http://{Address}/readyz", TestContext.Current.CancellationToken));
        using StreamReader answer = new(slow.GetStream());
        Assert.StartsWith("HTTP/1.1 408 ", await answer.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(ChildProcess.Patience, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task A_driver_call_that_does_not_come_back_makes_it_not_alive_until_it_does()
    {
        using CameraRig rig = await CameraRig.Build();
        rig.Plug(0, "formats MJPG", "sizes 640x480");
        rig.Picture(0, "belt.jpg", await File.ReadAllBytesAsync(TestPictures.FirstGolden(), TestContext.Current.CancellationToken));

        // No service manager watches, but its time says what is too long.
        Dictionary<string, string> environment = new(rig.Environment) { ["EDGEINFER__HTTP__LISTEN"] = Address, ["WATCHDOG_USEC"] = "4000000" };
        string configuration = _folder.Configuration($"mqtt://127.0.0.1:{Mosquitto.FreePort()}", "{ camera: /dev/video0, fps: 15 }");
        await using ChildProcess agent = ChildProcess.Start(PublishedBinary.Path, ["run", "-c", configuration], environment);
        await agent.Line("/dev/video0 gives frames");
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await Until("/livez", HttpStatusCode.OK));
        rig.Control(0, "hang");
        (_, string why) = await Until("/livez", HttpStatusCode.ServiceUnavailable);
        Assert.StartsWith("belt: the driver of /dev/video0 has not come back for ", why, StringComparison.Ordinal);
        Assert.Equal("ok\n", (await Until("/readyz", HttpStatusCode.OK)).Text);
        rig.Control(0, "ok");
        await Until("/livez", HttpStatusCode.OK);
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task An_address_in_use_is_one_line_and_the_agent_runs()
    {
        using TcpListener other = new(IPAddress.Loopback, _port);
        other.Start();
        await using ChildProcess agent = Agent("embedded://127.0.0.1:" + Mosquitto.FreePort(), "{ synthetic: conveyor, size: 160x120, fps: 20 }");
        Assert.Contains($"http.listen: {Address}: port {_port} is in use by another program; stop that one", await agent.Line("http.listen"), StringComparison.Ordinal);
        await agent.Line("runs as press-3");
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task The_alert_rules_are_sound_and_fire_when_they_should()
    {
        await Prometheus.Promtool($"check rules {Prometheus.Rules}");
        await Prometheus.Promtool($"test rules {Path.Combine(PublishedBinary.Root, "tests", "prometheus", "alerts.test.yml")}");
    }

    private ChildProcess Agent(string broker, string source, string pipeline = "") => ChildProcess.Start(
        PublishedBinary.Path, ["run", "-c", _folder.Configuration(broker, source, pipeline)], new Dictionary<string, string> { ["EDGEINFER__HTTP__LISTEN"] = Address });

    private async Task<string> Ready() => (await Until("/readyz", HttpStatusCode.OK)).Text;

    /// <summary>Asks until the answer has this status; fails with the last one where it never comes.</summary>
    private async Task<(HttpStatusCode Status, string Text)> Until(string path, HttpStatusCode status)
    {
        string last = "nothing listens";
        using CancellationTokenSource limit = new(ChildProcess.Patience);
        while (!limit.IsCancellationRequested)
        {
            try
            {
                using HttpResponseMessage answer = await _client.GetAsync($"http://{Address}{path}", limit.Token);
                last = await answer.Content.ReadAsStringAsync(limit.Token);
                if (answer.StatusCode == status) return (status, last);
            }
            catch (HttpRequestException)
            {
                // It has only begun.
            }

            await Task.Delay(50);
        }

        Assert.Fail($"{path} is not {status}: {last}");
        return default;
    }

    private async Task<JsonElement> Status(Func<JsonElement, bool> isReached)
    {
        string output = "";
        using CancellationTokenSource limit = new(ChildProcess.Patience);
        while (!limit.IsCancellationRequested)
        {
            (int code, output) = await AgentProcess.Run("status", "--socket", _folder["control.sock"], "--json");
            if (code == 0)
            {
                using JsonDocument status = JsonDocument.Parse(output);
                if (isReached(status.RootElement)) return status.RootElement.Clone();
            }

            await Task.Delay(50);
        }

        Assert.Fail(output);
        return default;
    }

    private static double Number(JsonElement from, string name) => from.GetProperty(name).GetDouble();

    private static Dictionary<string, double> Samples(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static l => l[0] != '#')
        .Select(static l => l.Split(' ')).ToDictionary(static l => l[0], static l => l[1] == "+Inf" ? double.PositiveInfinity : double.Parse(l[1], CultureInfo.InvariantCulture));
}

using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary>The Prometheus configurations of packaging/: of a centre, and of a site that the centre cannot reach.</summary>
public sealed class FleetMetricsTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _client = new() { Timeout = ChildProcess.Patience };

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Promtool_finds_nothing_in_them()
    {
        await Prometheus.Promtool($"check config --syntax-only {Packaged("prometheus-fleet.yml")}");
        await Prometheus.Promtool($"check config --agent --syntax-only {Packaged("prometheus-site.yml")}");
    }

    [Fact]
    public async Task Both_scrape_devices_in_the_same_way()
    {
        string[] jobs = [.. await Task.WhenAll(((string[])["prometheus-fleet.yml", "prometheus-site.yml"]).Select(async f => await File.ReadAllTextAsync(Packaged(f), TestContext.Current.CancellationToken)))];
        Assert.Equal(Job(jobs[0]), Job(jobs[1]));
        Assert.NotEmpty(Job(jobs[0]));
    }

    [Fact]
    public async Task A_site_behind_NAT_writes_its_devices_to_the_centre_under_its_name()
    {
        int device = Mosquitto.FreePort(), centre = Mosquitto.FreePort();
        await using ChildProcess agent = ChildProcess.Start(PublishedBinary.Path,
            ["run", "-c", _folder.Configuration($"mqtt://127.0.0.1:{Mosquitto.FreePort()}", "{ synthetic: conveyor, size: 320x240 }")],
            new Dictionary<string, string> { ["EDGEINFER__HTTP__LISTEN"] = $"127.0.0.1:{device}" });
        await agent.Line("runs as press-3");
        await using ChildProcess receiver = ChildProcess.Start(Peer.Program("prometheus"),
            ["--web.enable-remote-write-receiver", $"--config.file={_folder.Write("centre.yml", "{}\n")}", $"--storage.tsdb.path={_folder["centre"]}", $"--web.listen-address=127.0.0.1:{centre}"]);
        await receiver.Line("Server is ready to receive web requests");
        await using ChildProcess site = ChildProcess.Start(Peer.Program("prometheus"),
        [
            "--enable-feature=agent", $"--config.file={Site(device, centre)}", $"--storage.agent.path={_folder["site"]}", $"--web.listen-address=127.0.0.1:{Mosquitto.FreePort()}",
        ]);

        JsonElement ready = await Series(centre, "edgeinfer_ready");
        JsonElement labels = ready.GetProperty("metric");
        Assert.Equal(("oslo", "127.0.0.1", "edgeinfer"), (Text(labels, "site"), Text(labels, "instance"), Text(labels, "job")));
        Assert.Equal("1", ready.GetProperty("value")[1].GetString());
        await Series(centre, "up");
        await Series(centre, "edgeinfer_result_age_seconds_count");

        // What is dropped to save series is not there, and what the rules need is.
        Assert.Equal(0, (await Query(centre, "edgeinfer_stage_duration_seconds_bucket")).GetArrayLength());
        Assert.NotEqual(0, (await Query(centre, "edgeinfer_result_age_seconds_bucket")).GetArrayLength());
    }

    private static string Packaged(string name) => Path.Combine(PublishedBinary.Root, "packaging", name);

    private static string Job(string text) => string.Join('\n', text.Split('\n').SkipWhile(static l => l != "  - job_name: edgeinfer").TakeWhile(static l => l.Length > 0)
        .Where(static l => !l.TrimStart().StartsWith('#')));

    private string Site(int device, int centre)
    {
        _folder.Write("devices/oslo.yml", $"- targets: [\"127.0.0.1:{device}\"]\n");
        string text = File.ReadAllText(Packaged("prometheus-site.yml"));
        foreach ((string from, string to) in (ReadOnlySpan<(string, string)>)
        [
            ("https://metrics.centre.example/", $"http://127.0.0.1:{centre}/"), ("/etc/prometheus/devices/", $"{_folder.Path}/devices/"),
            ("/etc/prometheus/centre-password", _folder.Write("password", "any")), ("scrape_interval: 60s", "scrape_interval: 1s\n  scrape_timeout: 1s"),
        ])
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        return _folder.Write("site.yml", text);
    }

    /// <summary>Asks until there is one series; fails where it never comes.</summary>
    private async Task<JsonElement> Series(int port, string query)
    {
        using CancellationTokenSource limit = new(ChildProcess.Patience);
        while (!limit.IsCancellationRequested)
        {
            JsonElement result = await Query(port, query);
            if (result.GetArrayLength() > 0) return Assert.Single(result.EnumerateArray());
            await Task.Delay(100);
        }

        Assert.Fail($"{query} never came");
        return default;
    }

    private async Task<JsonElement> Query(int port, string query)
    {
        using JsonDocument answer = JsonDocument.Parse(await _client.GetStringAsync(
            $"http://127.0.0.1:{port}/api/v1/query?query={Uri.EscapeDataString(query)}", TestContext.Current.CancellationToken));
        return answer.RootElement.GetProperty("data").GetProperty("result").Clone();
    }

    private static string? Text(JsonElement from, string name) => from.GetProperty(name).GetString();
}

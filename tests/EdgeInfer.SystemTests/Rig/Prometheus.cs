using System.Globalization;
using System.Text.Json;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>Debian's Prometheus on a free loopback port, with one target that it scrapes each second, and the alert rules that ship.</summary>
internal sealed class Prometheus : IAsyncDisposable
{
    private readonly HttpClient _client;
    private readonly ChildProcess _process;

    private Prometheus(ChildProcess process, int port)
    {
        _process = process;
        _client = new() { BaseAddress = new($"http://127.0.0.1:{port}"), Timeout = ChildProcess.Patience };
    }

    /// <summary>The alert rules that ship.</summary>
    public static string Rules => Path.Combine(PublishedBinary.Root, "packaging", "prometheus-alerts.yml");

    /// <summary>Starts it.</summary>
    /// <param name="folder">For its configuration and its data.</param>
    /// <param name="target">Host and port to scrape.</param>
    public static async Task<Prometheus> Start(TestFolder folder, string target)
    {
        int port = Mosquitto.FreePort();
        string configuration = folder.Write("prometheus.yml", $$"""
            global: { scrape_interval: 1s, evaluation_interval: 1s }
            rule_files: [{{Rules}}]
            scrape_configs:
              - job_name: edgeinfer
                static_configs: [{ targets: ["{{target}}"] }]
            """);
        ChildProcess process = ChildProcess.Start(Peer.Program("prometheus"),
            [$"--config.file={configuration}", $"--storage.tsdb.path={folder["tsdb"]}", $"--web.listen-address=127.0.0.1:{port}"]);
        await process.Line("Server is ready to receive web requests");
        return new(process, port);
    }

    /// <summary>Runs <c>promtool</c>; fails where it finds anything.</summary>
    /// <param name="script">A line for the shell that begins with its arguments.</param>
    public static async Task Promtool(string script)
    {
        (int code, string output) = await ChildProcess.Run("/bin/sh", "-c", $"{Peer.Program("promtool")} {script}");
        Assert.True(code == 0, output);
    }

    /// <summary>Asks until the answer has one series of this value; fails with the last answer where it never comes.</summary>
    public async Task Value(string query, double value)
    {
        string last = "";
        using CancellationTokenSource limit = new(ChildProcess.Patience);
        while (!limit.IsCancellationRequested)
        {
            last = await Get($"/api/v1/query?query={Uri.EscapeDataString(query)}");
            using JsonDocument answer = JsonDocument.Parse(last);
            JsonElement result = answer.RootElement.GetProperty("data").GetProperty("result");
            if (result.GetArrayLength() == 1 && double.Parse(result[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture) == value) return;
            await Task.Delay(100);
        }

        Assert.Fail($"{query} is not {value}: {last}; the targets: {await Get("/api/v1/targets")}");
    }

    /// <summary>An answer of its API.</summary>
    public Task<string> Get(string path) => _client.GetStringAsync(path, TestContext.Current.CancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _process.DisposeAsync();
    }
}

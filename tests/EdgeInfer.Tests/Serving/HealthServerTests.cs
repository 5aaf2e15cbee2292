using System.Net;
using System.Net.Sockets;
using System.Text;
using EdgeInfer.Pipeline;
using EdgeInfer.Serving;
using EdgeInfer.Tests.Sources;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Serving;

/// <summary>The listener on loopback, as clients find it.</summary>
public sealed class HealthServerTests : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly RecordingLogger _log = new();
    private readonly FakeTimeProvider _time = new();
    private readonly HttpClient _client = new() { Timeout = s_patience };
    private HealthServer _server = null!;
    private AgentReadings? _agent = SampleReadings.Agent();
    private string? _stuck;
    private bool _isStopping;

    public async ValueTask InitializeAsync()
    {
        _server = Server(new(IPAddress.Loopback, 0));
        IPEndPoint bound = await _server.Listening.WaitAsync(s_patience);
        _client.BaseAddress = new($"http://{bound}");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Health_is_200_with_ok_or_503_with_one_line_that_says_why_not()
    {
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await Get("/livez"));
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await Get("/readyz"));
        _agent = null;
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "the agent starts: its models are being loaded\n"), await Get("/readyz"));
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await Get("/livez"));
        (_agent, _stuck) = (SampleReadings.Agent(), "pipeline belt:\nstuck");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "pipeline belt: stuck\n"), await Get("/livez"));
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await Get("/readyz"));
        _isStopping = true;
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "the agent stops\n"), await Get("/readyz"));
    }

    [Theory]
    [InlineData(null, "text/plain; version=0.0.4; charset=utf-8", false)]
    [InlineData("application/openmetrics-text; version=1.0.0, text/plain; q=0.5", "application/openmetrics-text; version=1.0.0; charset=utf-8", true)]
    public async Task Metrics_come_in_the_form_that_was_asked_for(string? accept, string contentType, bool isOpen)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/metrics");
        if (accept is not null) request.Headers.Add("Accept", accept);
        using HttpResponseMessage answer = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, contentType), (answer.StatusCode, answer.Content.Headers.ContentType!.ToString()));
        Assert.Equal(Encoding.UTF8.GetByteCount(text), answer.Content.Headers.ContentLength);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        Assert.Empty(answer.Headers.Server);
        Assert.Equal(12, Exposition.Read(text, isOpen).Samples["edgeinfer_starts_total"]);
    }

    [Fact]
    public async Task Scrapes_side_by_side_and_one_after_the_other_are_all_whole()
    {
        for (int round = 0; round < 3; round++)
        {
            string[] all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _client.GetStringAsync("/metrics", TestContext.Current.CancellationToken)));
            Assert.All(all, text => Exposition.Read(text, isOpenMetrics: false));
        }
    }

    [Theory]
    [InlineData("GET", "/", 404)]
    [InlineData("GET", "/metrics/", 404)]
    [InlineData("GET", "/Metrics", 404)]
    [InlineData("GET", "/metrics/../livez", 200)]
    [InlineData("GET", "/metrics?name=x", 200)]
    [InlineData("POST", "/nowhere", 404)]
    [InlineData("POST", "/metrics", 405)]
    [InlineData("DELETE", "/livez", 405)]
    [InlineData("OPTIONS", "/readyz", 405)]
    [InlineData("BREW", "/readyz", 405)]
    public async Task Other_paths_are_not_found_and_other_methods_are_not_allowed(string method, string path, int status)
    {
        using HttpRequestMessage request = new(new(method), path);
        using HttpResponseMessage answer = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(status == 405 ? ["GET", "HEAD"] : [], answer.Content.Headers.Allow);
    }

    [Theory]
    [InlineData("/livez")]
    [InlineData("/readyz")]
    [InlineData("/metrics")]
    public async Task HEAD_gets_the_head_of_what_GET_would(string path)
    {
        string answer = await Raw($"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Length: 0\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_too_large_is_refused_and_the_line_closed()
    {
        Assert.StartsWith("HTTP/1.1 414 ", await Raw($"GET /{new string('a', 2000)} HTTP/1.1\r\nHost: x\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431 ", await Raw($"GET /livez HTTP/1.1\r\nHost: x\r\nX: {new string('a', 9000)}\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431 ", await Raw($"GET /livez HTTP/1.1\r\nHost: x\r\n{string.Concat(Enumerable.Range(0, 50).Select(n => $"X{n}: 1\r\n"))}\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 ", await Raw("nonsense\r\n\r\n"), StringComparison.Ordinal);

        // HTTP/2 with prior knowledge is no version that is spoken here.
        Assert.DoesNotContain("200", await Raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await Get("/livez"));
    }

    [Fact]
    public async Task Silent_connections_take_no_more_than_their_number_and_give_it_back()
    {
        List<TcpClient> silent = [];
        for (int i = 0; i < HealthServer.MostConnections; i++)
        {
            // Answered once: before that it need not be counted yet.
            silent.Add(await Connect());
            NetworkStream line = silent[^1].GetStream();
            await line.WriteAsync("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
            Assert.True(await line.ReadAsync(new byte[1], TestContext.Current.CancellationToken) > 0);
        }

        string refused = await Raw("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        Assert.Empty(refused);
        foreach (TcpClient each in silent) each.Dispose();
        string answer = "";
        for (int i = 0; i < 1000 && answer.Length == 0; i++) answer = await Raw("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_in_use_is_one_fault_and_served_once_it_is_free()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        IPEndPoint address = (IPEndPoint)other.LocalEndpoint;
        await using HealthServer server = Server(address);
        string line = _log.WaitFor("in use");
        Assert.Equal($"http.listen: {address}: port {address.Port} is in use by another program; stop that one, or write another port in http.listen; "
            + "until then it is tried again and the agent runs without health and metrics", line);
        other.Stop();
        while (!server.Listening.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(60));
            await Task.Yield();
        }

        Assert.Equal(address.Port, (await server.Listening).Port);
        Assert.Equal(1, _log.Text.Split('\n').Count(static l => l.Contains("in use", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_address_of_another_machine_is_a_fault_that_names_it()
    {
        // RFC 5737: of nobody.
        await using HealthServer server = Server(new(IPAddress.Parse("192.0.2.1"), 8080));
        Assert.StartsWith("http.listen: 192.0.2.1:8080: this machine does not have that address; write 127.0.0.1", _log.WaitFor("192.0.2.1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_end_waits_for_no_client()
    {
        using TcpClient silent = await Connect();
        await _server.DisposeAsync().AsTask().WaitAsync(s_patience, TestContext.Current.CancellationToken);
        Assert.Empty(await End(silent));
        await _server.DisposeAsync();
    }

    private HealthServer Server(IPEndPoint address)
        => new(address, new("1.2.3", () => _agent, () => _isStopping, () => _stuck), _time, new Random(1), _log);

    private async Task<(HttpStatusCode Status, string Text)> Get(string path)
    {
        using HttpResponseMessage answer = await _client.GetAsync(path, TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private async Task<TcpClient> Connect()
    {
        TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, _client.BaseAddress!.Port, TestContext.Current.CancellationToken);
        return client;
    }

    private async Task<string> Raw(string request)
    {
        using TcpClient client = await Connect();
        try
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // Closed before it was written: what was answered comes all the same.
        }

        return await End(client);
    }

    /// <summary>All that comes until the other side ends the connection, one way or the other.</summary>
    private static async Task<string> End(TcpClient client)
    {
        StringBuilder text = new();
        byte[] buffer = new byte[4096];
        try
        {
            int read;
            while ((read = await client.GetStream().ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0) text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // Reset.
        }

        return text.ToString();
    }
}

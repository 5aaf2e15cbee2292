using System.Security.Cryptography;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>The repository as plain files behind Debian's nginx: TLS by a private authority, users, client certificates, redirects, ranges under an ETag, and what is said where something is wrong.</summary>
public sealed class WebServerTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly TestCertificates _plant = new("Plant CA");
    private readonly int _port = Mosquitto.FreePort();
    private readonly PartsPublisher _publisher;
    private Mosquitto? _broker;
    private Nginx? _nginx;
    private ChildProcess? _agent;
    private ChildProcess? _listener;
    private int _reports;

    public WebServerTests()
    {
        _publisher = new(_folder);
        Certificate("server", "127.0.0.1");
        _plant.Client().Dispose();
    }

    public async ValueTask InitializeAsync()
    {
        _broker = await Mosquitto.Start();
        _listener = _broker.Subscribe("edgeinfer/press-3/update/#");
        await _publisher.Init();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess? process in new[] { _agent, _listener })
            if (process is not null) await process.DisposeAsync();
        if (_nginx is not null) await _nginx.DisposeAsync();
        if (_broker is not null) await _broker.DisposeAsync();
        _plant.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_release_comes_whole_over_TLS_and_a_redirect_though_the_server_is_killed_and_the_agent_stopped_in_the_midst_of_a_file()
    {
        // As with the storage of a cloud: the server itself is of updates.ca, and the one that it sends on to is of an authority that the system trusts.
        using TestCertificates cloud = new("Cloud CA");
        cloud.Server().Dispose();
        Dictionary<string, string> system = new() { ["SSL_CERT_FILE"] = cloud.AuthorityFile, ["SSL_CERT_DIR"] = _folder.Path };
        Certificate("front", "localhost");
        int front = Mosquitto.FreePort();
        string users = _folder.Write("users", $"press-3:{{PLAIN}}{Canary.Password}\n");
        _nginx = await Nginx.Start(
            Nginx.Server(front, _plant, "front", $"auth_basic x; auth_basic_user_file {users}; location / {{ try_files /none @files; }} location @files {{ return 302 https://127.0.0.1:{_port}$request_uri; }}")
            + Nginx.Server(_port, cloud, "server", $"root {_publisher.Repository}; location /blobs/ {{ limit_rate 100k; }}"));
        await _publisher.Pack(1);
        await _publisher.Publish();
        await _publisher.Rollout(1);

        string url = $"https://localhost:{front}", password = _folder.Write("password", Canary.Password);
        string root = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(_publisher.Root)));
        string[] enrol = ["enroll", "--repository", url, "--root-sha256", root, "--model", "parts", "--state-folder", _folder["state"], "--ca", _plant.AuthorityFile];
        (int code, string said) = await AgentProcess.Run(enrol);
        Assert.True(code == 69, said);
        Assert.Contains("does not give this to everybody (401); give --username and --password-file", said, StringComparison.Ordinal);
        await using (ChildProcess enrolled = ChildProcess.Start(PublishedBinary.Path, [.. enrol, "--username", "press-3", "--password-file", password], system))
        {
            code = await enrolled.Exit(ChildProcess.Patience);
            said = enrolled.Output;
        }

        Assert.True(code == 0, said);
        string updates = $"repository: \"{url}/\", ca: {_plant.AuthorityFile}, username: press-3, password: {{ file: {password} }}";
        Assert.Contains($"updates: {{ {updates} }}", said, StringComparison.Ordinal);

        string configuration = _publisher.Device(_broker!, updates);
        _agent = await PartsPublisher.Start(configuration, system);
        await UntilThere(50_000);
        await _nginx.KillWorker();
        await UntilThere(150_000);
        Assert.Equal(0, await _agent.Terminate(ChildProcess.Patience));
        await _agent.DisposeAsync();
        _agent = await PartsPublisher.Start(configuration, system);
        await UntilCommitted();

        string[] rests = await _nginx.Lines($"206 GET /blobs/sha256/{_publisher.GraphDigest(1)} ", 2);
        Assert.All(rests, static line => Assert.Matches("range=\"bytes=[1-9][0-9]*-\" if_range=\"\\\\x22[0-9a-f-]+\\\\x22\" user=\"-\"", line));
        Assert.Equal(_publisher.Graph(1), await File.ReadAllBytesAsync(_folder[$"state/blobs/sha256/{_publisher.GraphDigest(1)}"]));
        await _nginx.Line("302 GET /metadata/timestamp.json range=\"-\" if_range=\"-\" user=\"press-3\"");
        Assert.Equal(0, await _agent.Terminate(ChildProcess.Patience));
    }

    [Fact]
    public async Task Each_trouble_with_the_server_is_one_line_of_the_status_and_passes_when_it_is_mended()
    {
        Certificate("expired", "127.0.0.1", 2020);
        Certificate("other", "other.test");
        using TestCertificates elsewhere = new("Other CA");
        elsewhere.Client("stranger").Dispose();
        File.Copy(elsewhere["client.pem"], _folder["own.pem"]);
        File.Copy(elsewhere["client.key"], _folder["own.key"]);
        string files = $"root {_publisher.Repository};", users = _folder.Write("users", "press-3:{PLAIN}other\n");
        _nginx = await Nginx.Start(Nginx.Server(_port, _plant, "expired", files));
        _agent = await PartsPublisher.Start(_publisher.Device(
            _broker!, $"repository: \"https://127.0.0.1:{_port}\", root: {_publisher.Root}, ca: {_plant.AuthorityFile}, certificate: own.pem, key: own.key, username: press-3, password: {Canary.Password}"));

        await Says("is valid from 2010-01-01 to 2020-01-01, and it is ");
        await Says("the server's certificate is for other.test, not for 127.0.0.1; ", Nginx.Server(_port, _plant, "other", files));
        await Says("the server does not give this to everybody (401); check the user and the password", Nginx.Server(_port, _plant, "server", $"{files} auth_basic x; auth_basic_user_file {users};"));
        string asked = Nginx.Server(_port, _plant, "server", $"{files} ssl_client_certificate {_plant.AuthorityFile}; ssl_verify_client on;");
        await Says("the server answered 400, as one does that does not take the client certificate it was shown (CN=stranger, valid to 2048-01-01)", asked);

        File.Copy(_plant["client.key"], _folder["own.key"], overwrite: true);
        File.Copy(_plant["client.pem"], _folder["own.pem"], overwrite: true);
        await Hint();
        await _nginx.Line("200 GET /metadata/timestamp.json range=\"-\" if_range=\"-\" user=\"press-3\" client=\"CN=press-3\"");
        await Until(static trouble => trouble.Length == 0);
        Assert.DoesNotContain("nothing new is learnt", await Status(), StringComparison.Ordinal);
        Assert.Equal(0, await _agent.Terminate(ChildProcess.Patience));
    }

    private async Task Says(string what, string? servers = null)
    {
        if (servers is not null)
        {
            await _nginx!.Reload(servers);
            await Hint();
        }

        await Until(trouble => trouble.Contains(what, StringComparison.Ordinal));
        string status = await Status();
        string line = Assert.Single(status.Split('\n'), static l => l.StartsWith("  nothing new is learnt", StringComparison.Ordinal));
        Assert.StartsWith($"  nothing new is learnt (network): https://127.0.0.1:{_port}/metadata/", line, StringComparison.Ordinal);
        Assert.Contains(what, line, StringComparison.Ordinal);
        Canary.AbsentFrom(status);
    }

    // Each report is looked at once: what was mended is told by the one after those that tell of the trouble.
    private async Task Until(Func<string, bool> isTrouble)
    {
        while (true)
        {
            JsonElement report = AgentProcess.Payload((await _listener!.Lines("update/status/parts ", _reports + 1))[_reports]);
            _reports++;
            if (isTrouble(report.TryGetProperty("repository", out JsonElement trouble) ? trouble.GetString()! : "")) return;
        }
    }

    private async Task<string> Status()
    {
        (int code, string status) = await AgentProcess.Run("update", "status", "--socket", _folder["control.sock"]);
        Assert.True(code == 0, status);
        return status;
    }

    private Task Hint() => ChildProcess.Run(
        Peer.Program("mosquitto_pub"), "-h", "127.0.0.1", "-p", $"{_broker!.Port}", "-q", "1", "-t", "edgeinfer/press-3/update/desired", "-m", """{"model":"parts","serial":1}""");

    private void Certificate(string name, string host, int notAfterYear = 2048)
    {
        _plant.Server(host, notAfterYear: notAfterYear).Dispose();
        if (name == "server") return;
        File.Move(_plant["server.pem"], _plant[name + ".pem"]);
        File.Move(_plant["server.key"], _plant[name + ".key"]);
        _plant.Server().Dispose();
    }

    private async Task UntilCommitted() => await _listener!.Line("\"state\":\"committed\"");

    private async Task UntilThere(long bytes)
    {
        TimeProvider time = TimeProvider.System;
        long since = time.GetTimestamp();
        FileInfo part = new(_folder[$"state/staging/{_publisher.GraphDigest(1)}.part"]);
        for (; !part.Exists || part.Length < bytes; part.Refresh())
        {
            Assert.True(time.GetElapsedTime(since) < ChildProcess.Patience, $"not so much has come; the agent said:\n{_agent!.Output}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, CancellationToken.None);
        }
    }
}

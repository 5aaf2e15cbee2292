using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>
/// Debian's nginx with one worker and its log on the standard output: <c>status method uri range="…" if_range="…" user="…" client="…"</c>, a line as
/// each request ends.
/// </summary>
internal sealed class Nginx : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-nginx-");
    private readonly ChildProcess _process;
    private int _workers = 1;

    private Nginx(string servers)
    {
        Write(servers);
        _process = ChildProcess.Start(Peer.Program("nginx"), ["-e", "stderr", "-p", _folder.FullName, "-c", Configuration]);
    }

    /// <summary>Starts it.</summary>
    /// <param name="servers">Its <c>server</c> blocks.</param>
    public static async Task<Nginx> Start(string servers)
    {
        Nginx nginx = new(servers);
        await nginx._process.Line("start worker process ");
        return nginx;
    }

    /// <summary>A <c>server</c> block with TLS.</summary>
    /// <param name="port">On the loopback.</param>
    /// <param name="own">Whose <c>{certificate}.pem</c> and <c>.key</c> it shows.</param>
    /// <param name="certificate">Name of the files.</param>
    /// <param name="lines">What else it has.</param>
    public static string Server(int port, TestCertificates own, string certificate, string lines)
        => $"server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {own[certificate + ".pem"]}; ssl_certificate_key {own[certificate + ".key"]}; {lines} }}\n";

    /// <summary>A line of its log.</summary>
    public Task<string> Line(string text) => _process.Line(text);

    /// <summary>So many lines of its log.</summary>
    public Task<string[]> Lines(string text, int count) => _process.Lines(text, count);

    /// <summary>Serves something else from now on; what the old worker had is over then.</summary>
    public async Task Reload(string servers)
    {
        Write(servers);
        string old = await Worker();
        _process.Signal(1);
        await _process.Lines("start worker process ", ++_workers);
        await _process.Line($"worker process {old} exited");
    }

    /// <summary>Ends its worker with all connections in their midst; another one takes its place.</summary>
    public async Task KillWorker()
    {
        (int code, string output) = await ChildProcess.Run(Peer.Program("kill"), "-9", await Worker());
        Assert.True(code == 0, output);
        await _process.Lines("start worker process ", ++_workers);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Delete(true);
    }

    private string Configuration => Path.Combine(_folder.FullName, "nginx.conf");

    private async Task<string> Worker() => (await _process.Lines("start worker process ", _workers))[^1].Split(' ')[^1];

    private void Write(string servers) => File.WriteAllText(Configuration, $$"""
        {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
        worker_processes 1;
        daemon off;
        error_log stderr notice;
        pid {{_folder.FullName}}/nginx.pid;
        events { worker_connections 64; }
        http {
          log_format asked '$status $request_method $uri range="$http_range" if_range="$http_if_range" user="$remote_user" client="$ssl_client_s_dn"';
          access_log /dev/stdout asked;
          default_type application/octet-stream;
          client_body_temp_path {{_folder.FullName}}/body; proxy_temp_path {{_folder.FullName}}/proxy; fastcgi_temp_path {{_folder.FullName}}/fastcgi; uwsgi_temp_path {{_folder.FullName}}/uwsgi; scgi_temp_path {{_folder.FullName}}/scgi;
          {{servers}}
        }
        """);
}

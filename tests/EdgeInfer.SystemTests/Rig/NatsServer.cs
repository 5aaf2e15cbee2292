namespace EdgeInfer.SystemTests.Rig;

/// <summary>Debian's nats-server with its port for MQTT 3.1.1, which needs JetStream, on free loopback ports.</summary>
internal sealed class NatsServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-nats-");
    private readonly string _configuration;
    private ChildProcess? _process;

    private NatsServer(int port, string extra)
    {
        Port = port;
        _configuration = Path.Combine(_folder.FullName, "nats.conf");
        File.WriteAllText(_configuration, $$"""
            server_name: edge
            listen: 127.0.0.1:{{Mosquitto.FreePort()}}
            jetstream { store_dir: "{{_folder.FullName}}/jetstream" }
            mqtt { host: 127.0.0.1, port: {{port}} }
            {{extra}}
            """);
    }

    /// <summary>The port it listens on for MQTT.</summary>
    public int Port { get; }

    /// <summary>Its address.</summary>
    public string Url => $"mqtt://127.0.0.1:{Port}";

    /// <summary>Starts a server.</summary>
    /// <param name="extra">Lines for its configuration.</param>
    public static async Task<NatsServer> Start(string extra = "")
    {
        NatsServer server = new(Mosquitto.FreePort(), extra);
        await server.Restart();
        return server;
    }

    /// <summary>Starts it again on the same port.</summary>
    public async Task Restart()
    {
        _process = ChildProcess.Start(Peer.Program("nats-server"), ["-c", _configuration]);
        await _process.Line("Server is ready");
    }

    /// <summary>Kills it.</summary>
    public async Task Kill()
    {
        if (_process is null) return;
        _process.Signal(9);
        await _process.Exit(ChildProcess.Patience);
        await _process.DisposeAsync();
        _process = null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Kill();
        _folder.Delete(true);
    }
}

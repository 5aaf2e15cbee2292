using System.Net;
using System.Net.Sockets;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>Debian's mosquitto on a free loopback port, and its subscriber.</summary>
internal sealed class Mosquitto : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-mosquitto-");
    private readonly string _configuration;
    private ChildProcess? _process;

    private Mosquitto(int port, string extra)
    {
        Port = port;
        _configuration = Path.Combine(_folder.FullName, "mosquitto.conf");
        string access = extra.Contains("password_file", StringComparison.Ordinal) ? "allow_anonymous false" : "allow_anonymous true";
        File.WriteAllText(_configuration, $"listener {port} 127.0.0.1\n{access}\npersistence false\nlog_dest stderr\nlog_type all\n{extra.Replace("{folder}", _folder.FullName, StringComparison.Ordinal)}\n");
    }

    /// <summary>The port it listens on.</summary>
    public int Port { get; }

    /// <summary>Its temporary folder.</summary>
    public string Folder => _folder.FullName;

    /// <summary>Its address.</summary>
    public string Url => $"mqtt://127.0.0.1:{Port}";

    /// <summary>Starts a broker.</summary>
    /// <param name="extra">Lines for its configuration; <c>{folder}</c> is its temporary folder.</param>
    /// <param name="password">With a user named edge and this password.</param>
    public static Task<Mosquitto> Start(string extra = "", string? password = null) => Start(FreePort(), extra, password);

    /// <summary>Starts a broker where everybody looks for one: 1883, which must be free.</summary>
    public static Task<Mosquitto> StartOnDefaultPort(string? password = null) => Start(1883, "", password);

    private static async Task<Mosquitto> Start(int port, string extra, string? password)
    {
        if (password is not null) extra += "\npassword_file {folder}/passwords";
        Mosquitto broker = new(port, extra);
        if (password is not null)
        {
            string file = Path.Combine(broker._folder.FullName, "passwords");
            (int code, string output) = await ChildProcess.Run(Peer.Program("mosquitto_passwd"), "-c", "-b", file, "edge", password);
            Assert.True(code == 0, output);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            File.SetUnixFileMode(broker._folder.FullName, (UnixFileMode)0b111_101_101);
        }

        await broker.Restart();
        return broker;
    }

    /// <summary>Starts it again on the same port.</summary>
    public async Task Restart()
    {
        _process = ChildProcess.Start(Peer.Program("mosquitto"), ["-c", _configuration]);
        await _process.Line("running");
    }

    /// <summary>Stops it in its tracks: connections stay open and nothing answers.</summary>
    public void Freeze() => _process!.Signal(19);

    /// <summary>Lets it go on.</summary>
    public void Thaw() => _process!.Signal(18);

    /// <summary>Makes it read its passwords and access lists again.</summary>
    public async Task Reload()
    {
        _process!.Signal(1);
        await _process.Line("Reloading config");
    }

    /// <summary>What it has logged since it was last started.</summary>
    public string Log => _process!.Output;

    /// <summary>Stops it in order: it keeps what <c>persistence true</c> keeps.</summary>
    public async Task Stop()
    {
        Assert.Equal(0, await _process!.Terminate(ChildProcess.Patience));
        await _process.DisposeAsync();
        _process = null;
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

    /// <summary>A subscriber that prints one <c>topic payload</c> a line.</summary>
    public ChildProcess Subscribe(string topic, string? password = null)
    {
        List<string> arguments = ["-h", "127.0.0.1", "-p", $"{Port}", "-V", "5", "-q", "1", "-v", "-t", topic];
        if (password is not null) arguments.AddRange(["-u", "edge", "-P", password]);
        return ChildProcess.Start(Peer.Program("mosquitto_sub"), arguments);
    }

    /// <summary>A port nobody listens on.</summary>
    public static int FreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Kill();
        _folder.Delete(true);
    }
}

using EdgeInfer.SystemTests.Rig;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>Files of releases in Debian's docker-registry with TLS, users and client certificates: pushed by the publisher's verb, fetched by a device.</summary>
public sealed class RegistryTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly TestCertificates _plant = new("Plant CA");
    private readonly int _port = Mosquitto.FreePort();
    private readonly PartsPublisher _publisher;
    private Registry? _registry;
    private Mosquitto? _broker;
    private ChildProcess? _server;
    private ChildProcess? _agent;
    private ChildProcess? _listener;

    public RegistryTests()
    {
        _publisher = new(_folder);
        _plant.Server().Dispose();
        _plant.Client("publisher", "publisher").Dispose();
        _plant.Client().Dispose();
    }

    private string Registry => $"https://{_registry!.Address}/fleet/models";

    public async ValueTask InitializeAsync()
    {
        _broker = await Mosquitto.Start();
        _registry = await Rig.Registry.StartSecured(_plant);
        await _publisher.Init();
        await _publisher.Pack(1);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess? process in new[] { _agent, _server, _listener })
            if (process is not null) await process.DisposeAsync();
        if (_broker is not null) await _broker.DisposeAsync();
        if (_registry is not null) await _registry.DisposeAsync();
        _plant.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_is_pushed_is_fetched_by_a_device_and_nobody_else_gets_in()
    {
        string password = _folder.Write("password", Canary.Password), wrong = _folder.Write("wrong", "other");
        string[] tls = ["--registry", Registry, "--registry-ca", _plant.AuthorityFile, "--registry-certificate", _plant["publisher.pem"], "--registry-key", _plant["publisher.key"]];
        await Refused("which this system does not trust; set --registry-ca", "--registry", Registry);
        await Refused("the server wants a client certificate; set --registry-certificate and --registry-key", tls[..4]);
        await Refused("the registry wants a user who may push to fleet/models (401); log in as", tls);
        await Refused("the registry wants a user who may push to fleet/models (401); check --registry-username", [.. tls, "--registry-username", "ci", "--registry-password-file", wrong]);
        Assert.Single(Directory.GetFiles(Path.Combine(_publisher.Repository, "metadata"), "*.snapshot.json"));

        string[] push = ["publish", .. tls, "--registry-username", "ci", "--registry-password-file", password, "--no-blobs"];
        (int code, string said) = await _publisher.Run(push);
        Assert.True(code == 0, said);
        Assert.Contains($"published models/parts/1 as oci://{_registry!.Address}/fleet/models:parts-1", said, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(_publisher.Repository, "blobs", "sha256")));

        // Of the second release only graph and contract are new, and the config that names them.
        int before = Uploads();
        await _publisher.Pack(2);
        (code, said) = await _publisher.Run(push);
        Assert.True(code == 0, said);
        Assert.Equal(3, Uploads() - before);
        await _publisher.Rollout(2);

        _server = AgentProcess.Start("release", "serve", "--dir", _folder["release"], "--listen", $"127.0.0.1:{_port}");
        await _server.Line("serving ");
        _listener = _broker!.Subscribe("edgeinfer/press-3/update/#");
        _agent = await PartsPublisher.Start(_publisher.Device(
            _broker, $"repository: \"http://127.0.0.1:{_port}\", root: {_publisher.Root}, registry: \"{Registry}\", ca: {_plant.AuthorityFile}, certificate: {_plant["client.pem"]}, key: {_plant["client.key"]}, registry_username: edge, registry_password: {{ file: {password} }}"));
        await _listener.Line("\"state\":\"committed\"");
        Assert.Equal(_publisher.Graph(2), await File.ReadAllBytesAsync(_folder[$"state/blobs/sha256/{_publisher.GraphDigest(2)}"]));
        Assert.Equal(0, await _agent.Terminate(ChildProcess.Patience));
    }

    private int Uploads() => _registry!.Log.Split('\n').Count(static l => l.Contains("PUT /v2/fleet/models/blobs/uploads/", StringComparison.Ordinal) && l.Contains("\" 201 ", StringComparison.Ordinal));

    private async Task Refused(string what, params string[] arguments)
    {
        (int code, string said) = await _publisher.Run(["publish", .. arguments]);
        Assert.True(code == 69, said);
        Assert.Contains(what, Assert.Single(said.Split('\n')), StringComparison.Ordinal);
    }
}

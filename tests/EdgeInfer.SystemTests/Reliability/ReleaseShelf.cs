using System.Collections.Concurrent;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>Tests of the store of managed models: they share what was published once, and run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ManagedStoreTests : ICollectionFixture<ReleaseShelf>
{
    /// <summary>Its name.</summary>
    public const string Name = "managed store";
}

/// <summary>
/// What the tests of the store begin with, made once a run by the published program: a model that a device begins with, two releases of it, the
/// repository after each of them, and the state folder of a device that has taken each. The model has one operator, so that storage is what is at work.
/// </summary>
public sealed class ReleaseShelf : IAsyncLifetime
{
    /// <summary>The model's name in the store.</summary>
    public const string ModelName = "parts";

    private const string Passphrase = "correct horse battery staple";
    private const byte DocumentationField = 0x32;

    private readonly TestFolder _folder = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<IReadOnlyList<StorageCall>>>> _calls = new();
    private readonly Dictionary<long, (ChildProcess Server, string Url)> _servers = [];

    /// <summary>The fleet's root of trust.</summary>
    public string Root => Path.Combine(Repository(1), "metadata", "1.root.json");

    /// <summary>The files of a generation as they were published; of 0, as the device began.</summary>
    public string Model(long seq) => _folder[$"model-{seq}"];

    /// <summary>The repository when a release was the newest.</summary>
    public string Repository(long seq) => _folder[$"upto-{seq}/repository"];

    /// <summary>The same over HTTP.</summary>
    public string Url(long seq) => _servers[seq].Url;

    /// <summary>The state folder of a device on which a release serves, and nothing is under way.</summary>
    public string State(long seq) => _folder[$"counted-{(seq == 1 ? "install" : "apply")}/state"];

    /// <summary>The signed manifest of a release.</summary>
    public byte[] Manifest(long seq) => File.ReadAllBytes(Assert.Single(Directory.GetFiles(Path.Combine(Repository(2), "targets", "models", ModelName), $"*.{seq}")));

    /// <summary>Every call that changes the store in an operation that nothing disturbs; found out once.</summary>
    internal Task<IReadOnlyList<StorageCall>> Calls(string operation) => _calls.GetOrAdd(operation, static (name, shelf) => new(() => shelf.Count(name)), this).Value;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        string passphrase = _folder.Write("passphrase", Passphrase), release = _folder["release"];
        foreach (long seq in new long[] { 0, 1, 2 }) Make(Model(seq), seq);
        Make(_folder["reference"], null);
        await Run("init", "--url", "http://127.0.0.1:1", "--passphrase-file", passphrase);
        foreach (long seq in new long[] { 1, 2 })
        {
            string golden = Path.Combine(TestFolder.BundledModel, "golden", "belt-27.jpg");
            (int code, string said) = await AgentProcess.Run("release", "golden", Model(seq), "--reference", _folder["reference"], "--input", golden);
            Assert.True(code == 0, said);
            await Run("pack", Model(seq), "--name", ModelName, "--seq", $"{seq}");
            await Run("publish", "--passphrase-file", passphrase);
            await Run("rollout", ModelName, "--to", $"{seq}", "--passphrase-file", passphrase);
            Directory.CreateDirectory(Path.GetDirectoryName(Repository(seq))!);
            await CopyTree(Path.Combine(release, "repository"), Repository(seq));
            File.Copy(Path.Combine(release, "release.json"), _folder[$"upto-{seq}/release.json"]);
            await Serve(seq);
        }

        await Calls("install");
        await Calls("apply");

        async Task Run(params string[] arguments)
        {
            (int code, string said) = await AgentProcess.Run(["release", .. arguments, "--dir", release]);
            Assert.True(code == 0, said);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach ((ChildProcess server, _) in _servers.Values) await server.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Copies a folder with its rights, times and second names.</summary>
    internal static async Task CopyTree(string from, string to)
    {
        (int code, string said) = await ChildProcess.Run(Peer.Program("cp"), "-a", from, to);
        Assert.True(code == 0, said);
    }

    private async Task<IReadOnlyList<StorageCall>> Count(string name)
    {
        StoreOperation operation = StoreOperation.Of(name, this);
        await using ManagedDevice device = new(this, _folder[$"counted-{name}"]);
        await operation.Arrange(device);
        await operation.Complete(device);
        // What nothing names any more is removed behind the word.
        for (int i = -1, now = 0; i != now; now = device.Faults.Calls().Count)
        {
            i = now;
            await device.Ends(TimeSpan.FromMilliseconds(500));
        }

        await device.Kill();
        return device.Faults.Calls();
    }

    private async Task Serve(long seq)
    {
        int port = Mosquitto.FreePort();
        ChildProcess server = AgentProcess.Start("release", "serve", "--dir", Path.GetDirectoryName(Repository(seq))!, "--listen", $"127.0.0.1:{port}");
        _servers[seq] = (server, $"http://127.0.0.1:{port}");
        await server.Line("serving ");
    }

    // Graphs that compute the same and differ in their documentation string, so that no two releases share it.
    private static void Make(string folder, long? seq)
    {
        Directory.CreateDirectory(folder);
        byte[] graph = File.ReadAllBytes(Path.Combine(PublishedBinary.Root, "tests", "EdgeInfer.Tests", "Inference", "Graphs", "conv.onnx"));
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), seq is { } number ? [.. graph, DocumentationField, 1, (byte)('0' + number)] : graph);
        File.WriteAllText(Path.Combine(folder, "model.yaml"), $$"""
            name: pulse
            version: 1.{{seq ?? 0}}.0
            task: raw
            input: { color: rgb, resize: stretch, kernel: nearest, scale: 1/255 }
            """);
    }
}

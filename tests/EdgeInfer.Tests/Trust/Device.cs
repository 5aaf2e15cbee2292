using System.Text.Json;
using EdgeInfer.Tests.Sources;
using EdgeInfer.Trust;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Trust;

/// <summary>A device with a state folder that lasts, and a client that is opened anew for each refresh, as after a restart.</summary>
internal sealed class Device : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RepositorySimulator _repository;

    public Device(RepositorySimulator repository, byte[]? root = null)
    {
        _repository = repository;
        Pin = RootPin.OfBytes(root ?? repository.Files["metadata/1.root.json"]);
        Store = new TrustStore(_folder.At("tuf"));
    }

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public RootPin Pin { get; set; }

    public TrustStore Store { get; }

    public FakeTimeProvider Time { get; } = new(RepositorySimulator.Day0);

    public TrustClient Client { get; private set; } = null!;

    /// <summary>What is on the disk, as "root 2, snapshot 1".</summary>
    public string Trusted => string.Join(", ", Directory.Exists(Store.Folder)
        ? Directory.EnumerateFiles(Store.Folder, "*.json", SearchOption.AllDirectories).Select(f => $"{Path.GetFileNameWithoutExtension(f)} {VersionIn(f)}").Order(StringComparer.Ordinal) : []);

    public UpdateClock Clock() => new(Store, Time, RepositorySimulator.Day0.AddYears(-1));

    public TrustClient Open() => Client = TrustClient.Open(Store, Pin, Clock());

    public ValueTask Refresh() => Open().Refresh(_repository, Stop);

    /// <summary>Refreshes, finds and reads.</summary>
    public async Task<byte[]?> Download(string path)
    {
        await Refresh();
        return await Client.Find(path, Stop) is SignedTarget target ? await Client.ReadTarget(target, 1 << 20, Stop) : null;
    }

    public long? Version(string role)
    {
        string path = At(role);
        return File.Exists(path) ? VersionIn(path) : null;
    }

    public string At(string role) => Path.Combine(Store.Folder, role + ".json");

    public void Dispose() => _folder.Dispose();

    private static long VersionIn(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.GetProperty("signed").GetProperty("version").GetInt64();
    }
}

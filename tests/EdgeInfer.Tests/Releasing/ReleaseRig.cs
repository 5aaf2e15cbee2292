using EdgeInfer.Releasing;
using EdgeInfer.Trust;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Releasing;

/// <summary>A release folder for one test, gone afterwards, with a clock that stands still.</summary>
internal sealed class ReleaseRig : IDisposable
{
    public const int FewRounds = 1000;

    public static readonly DateTimeOffset Start = new(2027, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public ReleaseRig(InitOptions? options = null, FakeTimeProvider? time = null)
    {
        Time = time ?? new(Start);
        Folder = new(Path.Combine(Outer, "release"));
        Settings = ReleaseInit.Run(Folder, (options ?? new()) with { Rounds = FewRounds }, Passphrases, Time);
    }

    public string Outer { get; } = Directory.CreateTempSubdirectory("edgeinfer-release-").FullName;

    public ReleaseFolder Folder { get; }

    public ReleaseSettings Settings { get; }

    public FakeTimeProvider Time { get; }

    public FixedPassphrases Passphrases { get; } = new();

    public ReleaseDesk Open() => ReleaseDesk.Open(Folder, [], Passphrases, Time);

    public T Do<T>(Func<ReleaseDesk, T> work)
    {
        using ReleaseDesk desk = Open();
        return work(desk);
    }

    /// <summary>Takes a private half away, as its keeper does.</summary>
    public string TakeAway(string name)
    {
        string taken = Path.Combine(Outer, name + ".taken");
        File.Move(Path.Combine(Folder.Root, "keys", name + ".pem"), taken);
        return taken;
    }

    public void Dispose() => Directory.Delete(Outer, recursive: true);
}

/// <summary>One passphrase for every key, but for those of whom it is not known.</summary>
internal sealed class FixedPassphrases : IPassphrases
{
    public HashSet<string> Unknown { get; } = [];

    /// <summary>Names that somebody was asked for.</summary>
    public List<string> Required { get; } = [];

    public string? Find(string keyName) => Unknown.Contains(keyName) ? null : "correct horse";

    public string Require(string keyName, bool isNew)
    {
        Required.Add(keyName);
        return "correct horse";
    }
}

/// <summary>A device that looks at a folder of files.</summary>
internal sealed class LookingDevice(string state, string repository, string rootSha256, TimeProvider time) : IRoleSource
{
    private readonly TrustStore _store = new(state);

    public string Repository { get; set; } = repository;

    /// <summary>Files asked for so far.</summary>
    public List<string> Asked { get; } = [];

    public async Task<TrustClient> Look()
    {
        // As after a restart: what it knows lies in its state folder.
        TrustClient client = TrustClient.Open(_store, RootPin.OfSha256(rootSha256), new(_store, time, DateTimeOffset.UnixEpoch));
        await client.Refresh(this, CancellationToken.None);
        return client;
    }

    public ValueTask<byte[]?> Fetch(string name, int maxBytes, CancellationToken stop)
    {
        Asked.Add(name);
        string path = Path.Combine(Repository, name);
        return ValueTask.FromResult(File.Exists(path) ? File.ReadAllBytes(path) : null);
    }
}

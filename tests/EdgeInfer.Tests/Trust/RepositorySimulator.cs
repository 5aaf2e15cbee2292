using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using EdgeInfer.Trust;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust;

/// <summary>A repository in memory that signs whatever a test makes of it, right or wrong, and notes what it was asked for.</summary>
internal sealed class RepositorySimulator : IRoleSource
{
    public static readonly DateTimeOffset Day0 = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private int _keys;

    /// <summary>Version 1 of everything, with one Ed25519 key a role.</summary>
    public RepositorySimulator()
    {
        Root = new RootDocument(0, Safe, new Dictionary<string, TrustKey>(), RoleName.TopLevel.ToDictionary(r => r, _ => new RoleKeys([], 1)));
        foreach (string role in RoleName.TopLevel) AddKey(role);
        Targets["targets"] = new TargetsDocument(0, Safe, new Dictionary<string, TargetFile>());
        Publish("root", "targets", "snapshot", "timestamp");
    }

    public static DateTimeOffset Safe => Day0.AddDays(30);

    public RootDocument Root { get; set; }

    public TimestampDocument Timestamp { get; set; } = new(0, Safe, new MetaFile(1));

    public SnapshotDocument Snapshot { get; set; } = new(0, Safe, new Dictionary<string, MetaFile>());

    /// <summary>Of the role "targets" and all delegated ones.</summary>
    public Dictionary<string, TargetsDocument> Targets { get; } = [];

    public Dictionary<string, List<IRoleSigner>> Signers { get; } = [];

    public Dictionary<string, byte[]> Files { get; } = [];

    public List<string> Requests { get; } = [];

    /// <summary>Whether timestamp and snapshot give lengths and digests.</summary>
    public bool GivesHashes { get; set; }

    /// <summary>What a source does instead of answering, by name of the file.</summary>
    public Dictionary<string, Func<int, byte[]?>> Tricks { get; } = [];

    /// <summary>What was asked for below metadata/, without the root that is not there.</summary>
    public IEnumerable<string> MetadataRequests => Requests.Where(r => r.StartsWith("metadata/", StringComparison.Ordinal)).Select(r => r["metadata/".Length..^".json".Length]);

    public ValueTask<byte[]?> Fetch(string name, int maxBytes, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        Requests.Add(name);
        return ValueTask.FromResult(Tricks.TryGetValue(name, out Func<int, byte[]?>? trick) ? trick(maxBytes) : Files.GetValueOrDefault(name));
    }

    public Ed25519Signer NewSigner() => new(SHA256.HashData(Encoding.ASCII.GetBytes($"key {_keys++}")));

    public IRoleSigner AddKey(string role, IRoleSigner? signer = null, bool signs = true)
    {
        signer ??= NewSigner();
        Root = Root with
        {
            Keys = new Dictionary<string, TrustKey>(Root.Keys) { [signer.Key.Id] = signer.Key },
            Roles = new Dictionary<string, RoleKeys>(Root.Roles) { [role] = Root.Roles[role] with { KeyIds = [.. Root.Roles[role].KeyIds, signer.Key.Id] } },
        };
        if (signs) SignersOf(role).Add(signer);
        return signer;
    }

    public void SetThreshold(string role, int threshold)
        => Root = Root with { Roles = new Dictionary<string, RoleKeys>(Root.Roles) { [role] = Root.Roles[role] with { Threshold = threshold } } };

    /// <summary>Takes all keys of a role away and gives it as many new ones.</summary>
    public void RotateKeys(string role)
    {
        int count = Root.Roles[role].KeyIds.Count;
        ClearKeys(role);
        for (int i = 0; i < count; i++) AddKey(role);
    }

    public void ClearKeys(string role)
    {
        Root = Root with { Roles = new Dictionary<string, RoleKeys>(Root.Roles) { [role] = Root.Roles[role] with { KeyIds = [] } } };
        SignersOf(role).Clear();
    }

    /// <summary>Lets a role delegate to another one with a key of its own for this delegation.</summary>
    public IRoleSigner Delegate(string by, string name, string[]? paths, bool isTerminating = false, string[]? prefixes = null, int threshold = 1)
    {
        IRoleSigner signer = NewSigner();
        Delegations before = Targets[by].Delegations ?? new Delegations(new Dictionary<string, TrustKey>(), []);
        DelegatedRole role = new(name, new RoleKeys([signer.Key.Id], threshold), isTerminating, paths, prefixes);
        Targets[by] = Targets[by] with
        {
            Delegations = new Delegations(new Dictionary<string, TrustKey>(before.Keys) { [signer.Key.Id] = signer.Key }, [.. before.Roles.Where(r => r.Name != name), role]),
        };
        SignersOf(name).Add(signer);
        if (!Targets.ContainsKey(name)) Targets[name] = new TargetsDocument(0, Safe, new Dictionary<string, TargetFile>());
        return signer;
    }

    /// <summary>Adds a target and its file.</summary>
    public void AddTarget(string role, string path, byte[] content, params string[] algorithms)
    {
        if (algorithms.Length == 0) algorithms = ["sha256"];
        Dictionary<string, string> hashes = algorithms.ToDictionary(a => a, a => Convert.ToHexStringLower(a == "sha256" ? SHA256.HashData(content) : SHA512.HashData(content)));
        Targets[role] = Targets[role] with { Targets = new Dictionary<string, TargetFile>(Targets[role].Targets) { [path] = new TargetFile(content.Length, hashes) } };
        foreach (string hash in hashes.Values) Files[RoleName.TargetsFile(path, hash)] = content;
    }

    /// <summary>Raises each role's version by one, signs it, and lets its parent name it; the parent is not published unless it is named after it.</summary>
    public void Publish(params string[] roles)
    {
        foreach (string role in roles)
        {
            switch (role)
            {
                case "root":
                    Root = Root with { Version = Root.Version + 1 };
                    Put(Root, role, Root.Version, Root.Version);
                    break;
                case "timestamp":
                    Timestamp = Timestamp with { Version = Timestamp.Version + 1 };
                    Put(Timestamp, role, Timestamp.Version, null);
                    break;
                case "snapshot":
                    Snapshot = Snapshot with { Version = Snapshot.Version + 1 };
                    Timestamp = Timestamp with { Snapshot = Put(Snapshot, role, Snapshot.Version, Consistent(Snapshot.Version)) };
                    break;
                default:
                    TargetsDocument document = Targets[role] = Targets[role] with { Version = Targets[role].Version + 1 };
                    SetMeta(role, Put(document, role, document.Version, Consistent(document.Version)));
                    break;
            }
        }
    }

    public void SetMeta(string role, MetaFile meta) => Snapshot = Snapshot with { Meta = new Dictionary<string, MetaFile>(Snapshot.Meta) { [role + ".json"] = meta } };

    public void RemoveMeta(string role) => Snapshot = Snapshot with { Meta = Snapshot.Meta.Where(m => m.Key != role + ".json").ToDictionary() };

    /// <summary>Changes a published file, signed or not.</summary>
    public void Edit(string file, Action<JsonObject> change)
    {
        JsonObject json = JsonNode.Parse(Files[file])!.AsObject();
        change(json);
        Files[file] = Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    public List<IRoleSigner> SignersOf(string role) => Signers.TryGetValue(role, out List<IRoleSigner>? signers) ? signers : Signers[role] = [];

    private long? Consistent(long version) => Root.IsConsistent ? version : null;

    private MetaFile Put(RoleDocument document, string role, long version, long? versionInName)
    {
        byte[] content = RoleEnvelope.Sign(document, SignersOf(role)).Write();
        Files[RoleName.MetadataFile(role, versionInName)] = content;
        return GivesHashes
            ? new MetaFile(version, content.Length, new Dictionary<string, string> { ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content)) })
            : new MetaFile(version);
    }
}

using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>A publisher's keys, each opened when it is first needed and wiped at the end.</summary>
/// <param name="known">Every key that the release folder knows of.</param>
/// <param name="folders">Where private halves may lie; the first that has one counts. At least one.</param>
/// <param name="passphrases">What opens them.</param>
/// <param name="time">Clock.</param>
internal sealed class KeyRing(IReadOnlyList<KnownKey> known, IReadOnlyList<string> folders, IPassphrases passphrases, TimeProvider time) : IDisposable
{
    private const int LongestBytes = 64 << 10;

    private readonly Dictionary<string, IRoleSigner> _opened = new(StringComparer.Ordinal);
    private readonly List<PrivateKey> _own = [];

    /// <summary>Takes a key that was just made or named.</summary>
    public void Add(IRoleSigner signer)
    {
        _opened[signer.Key.Id] = signer;
        if (signer is PrivateKey own) _own.Add(own);
    }

    /// <summary>A key's name; the first digits of its id where it is not known here.</summary>
    public string NameOf(string keyId) => known.FirstOrDefault(k => k.KeyId == keyId)?.Name ?? keyId[..Math.Min(keyId.Length, 12)];

    /// <summary>What signs with a key; null where it is not at hand: its private half lies elsewhere, or nobody says its passphrase.</summary>
    /// <param name="key">The key.</param>
    /// <param name="mayAsk">Whether somebody may be asked for the passphrase.</param>
    /// <exception cref="FaultException">It is at hand and cannot be opened.</exception>
    public IRoleSigner? Find(TrustKey key, bool mayAsk)
    {
        if (_opened.TryGetValue(key.Id, out IRoleSigner? opened)) return opened;
        if (known.FirstOrDefault(k => k.KeyId == key.Id) is not { } about) return null;
        if (about.Signer is { } command) return _opened[key.Id] = new OuterSigner(key, command, new(time));
        if (PathOf(about.Name) is not { } path) return null;
        if ((mayAsk ? passphrases.Require(about.Name, isNew: false) : passphrases.Find(about.Name)) is not { } passphrase) return null;
        PrivateKey read = PrivateKeyPem.Read(Read(path), passphrase, path);
        if (read.Key.Id != key.Id)
        {
            read.Dispose();
            throw FaultException.Of(FaultKind.Data, path, $"this is another key than the '{about.Name}' of this release folder", "put the right file there, or name the folder with --keys DIR");
        }

        Add(read);
        return read;
    }

    /// <summary>Keys that together reach a role's threshold, and those beyond it that nobody has to be asked for.</summary>
    /// <param name="role">The role's name, for the fault.</param>
    /// <param name="keys">Keys by id.</param>
    /// <param name="demand">The role's keys and threshold.</param>
    /// <exception cref="FaultException">Too few are at hand.</exception>
    public IReadOnlyList<IRoleSigner> Require(string role, IReadOnlyDictionary<string, TrustKey> keys, RoleKeys demand)
    {
        TrustKey[] possible = [.. demand.KeyIds.Where(keys.ContainsKey).Select(id => keys[id])];
        List<IRoleSigner> signers = [.. possible.Select(k => Find(k, mayAsk: false)).OfType<IRoleSigner>()];
        foreach (TrustKey key in possible)
        {
            if (signers.Count >= demand.Threshold) break;
            if (!signers.Any(s => s.Key.Id == key.Id) && IsHere(key) && Find(key, mayAsk: true) is { } asked) signers.Add(asked);
        }

        if (signers.Count >= demand.Threshold) return signers;
        string[] absent = [.. possible.Where(k => !signers.Any(s => s.Key.Id == k.Id)).Select(k => NameOf(k.Id))];
        throw FaultException.Of(
            FaultKind.NoInput, string.Join(", ", folders), $"the role {role} needs {demand.Threshold} signature{(demand.Threshold == 1 ? "" : "s")}, and {signers.Count} can be made; not here: {string.Join(", ", absent)}",
            $"put {string.Join(" or ", absent.Select(static n => n + ".pem"))} there, or name the folder with --keys DIR");
    }

    /// <summary>Whether a role's threshold is reached without asking anybody.</summary>
    public bool CanSign(IReadOnlyDictionary<string, TrustKey> keys, RoleKeys demand)
        => demand.KeyIds.Where(keys.ContainsKey).Count(id => Find(keys[id], mayAsk: false) is not null) >= demand.Threshold;

    /// <summary>Whether a role's threshold can be reached, though somebody may have to be asked.</summary>
    public bool AreHere(IReadOnlyDictionary<string, TrustKey> keys, RoleKeys demand)
        => demand.KeyIds.Where(keys.ContainsKey).Count(id => _opened.ContainsKey(id) || IsHere(keys[id])) >= demand.Threshold;

    /// <summary>Where a new key goes that takes the place of one: to the same keeper.</summary>
    /// <param name="oldId">The old one.</param>
    public string FolderBeside(string oldId) => PathOf(NameOf(oldId)) is { } path ? Path.GetDirectoryName(path)! : folders[0];

    /// <summary>Where a key's private half lies; null where it is not here.</summary>
    public string? PathOf(string name) => folders.Select(f => FileOf(f, name)).FirstOrDefault(File.Exists);

    /// <summary>The file of a key in a folder.</summary>
    public static string FileOf(string folder, string name) => Path.Combine(folder, name + ".pem");

    /// <summary>The text of a private half.</summary>
    /// <exception cref="FaultException">It cannot be read.</exception>
    public static string Read(string path)
    {
        try
        {
            return System.Text.Encoding.UTF8.GetString(BoundedFile.Read(path, LongestBytes));
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, path, "");
            throw FaultException.Of(BoundedFile.KindOf(e), path, what, cure, e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PrivateKey key in _own) key.Dispose();
    }

    private bool IsHere(TrustKey key) => known.FirstOrDefault(k => k.KeyId == key.Id) is { } about && (about.Signer is not null || PathOf(about.Name) is not null);
}

/// <summary>A key that a command signs with; each signature is verified before it is used.</summary>
/// <param name="key">Its public half.</param>
/// <param name="command">The command.</param>
/// <param name="runner">Runs it.</param>
internal sealed class OuterSigner(TrustKey key, string command, SignerCommand runner) : IRoleSigner
{
    /// <inheritdoc/>
    public TrustKey Key => key;

    /// <inheritdoc/>
    public byte[] Sign(byte[] message)
    {
        byte[] signature = runner.Sign(command, key.Id, message);
        return key.Verifies(message, signature) ? signature : throw FaultException.Of(
            FaultKind.Data, $"signer '{OneLine.Of(command)}'", $"what it wrote is no signature by key {key.Id[..12]}",
            "it has to sign its standard input with that key: Ed25519 as 64 bytes, ECDSA with SHA-256 as DER");
    }
}

using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>A key that a command signs with.</summary>
/// <param name="Command">The command.</param>
/// <param name="PublicFile">PEM of its public half.</param>
internal sealed record OuterKey(string Command, string PublicFile);

/// <summary>Makes keys, or takes up those that lie elsewhere or that a verb made which broke off.</summary>
/// <param name="folder">Where private halves go.</param>
/// <param name="begun">Keys that are made and named nowhere yet.</param>
/// <param name="kind">What is made.</param>
/// <param name="rounds">Rounds of what makes guessing a passphrase slow.</param>
/// <param name="passphrases">What they are encrypted with.</param>
/// <param name="time">Clock.</param>
internal sealed class KeyMaking(string folder, NewKeys begun, PrivateKeyKind kind, int rounds, IPassphrases passphrases, TimeProvider time)
{
    private const int LongestPem = 64 << 10;

    /// <summary>Makes several keys; no file is written before all passphrases are known and all public halves are read.</summary>
    /// <param name="names">Their names.</param>
    /// <param name="outer">Those that lie elsewhere, by name.</param>
    /// <returns>What is to be noted of each, and what signs with it.</returns>
    /// <exception cref="FaultException">The folder lies in a work tree, a passphrase is missing, a file is there already.</exception>
    public IReadOnlyList<(KnownKey Known, IRoleSigner Signer)> Make(IReadOnlyList<string> names, IReadOnlyDictionary<string, OuterKey> outer)
    {
        if (outer.Keys.FirstOrDefault(k => !names.Contains(k)) is { } stray)
            throw FaultException.Of(FaultKind.Usage, "--signer", $"there will be no key {Quoted.Text(stray)}", $"the keys are {string.Join(", ", names)}");
        string[] own = [.. names.Where(n => !outer.ContainsKey(n))];
        if (own.Length > 0) WorkTree.Refuse(folder);
        string[] left = [.. own.Where(IsBegun)], fresh = [.. own.Except(left)];
        RefuseStrangers(fresh);
        Dictionary<string, TrustKey> publics = outer.ToDictionary(static o => o.Key, static o => PrivateKeyPublicHalf.Read(Text(o.Value.PublicFile), o.Value.PublicFile));
        Dictionary<string, string> secrets = fresh.ToDictionary(static n => n, n => passphrases.Require(n, isNew: true));
        Dictionary<string, PrivateKey> taken = left.ToDictionary(static n => n, n => TakeUp(n, KeyRing.FileOf(folder, n), begun.IdOf(KeyRing.FileOf(folder, n))!));
        begun.Begin();
        List<(KnownKey, IRoleSigner)> made = [];
        foreach (string name in names)
        {
            KeyPurpose purpose = KeyName.PurposeOf(name)!.Value;
            if (outer.TryGetValue(name, out OuterKey? elsewhere))
            {
                made.Add((new(name, purpose, publics[name].Id, elsewhere.Command), new OuterSigner(publics[name], elsewhere.Command, new(time))));
                continue;
            }

            if (taken.TryGetValue(name, out PrivateKey? key))
            {
                made.Add((new(name, purpose, key.Key.Id, null), key));
                continue;
            }

            key = PrivateKey.Create(kind);
            string file = KeyRing.FileOf(folder, name);
            ReleaseFolder.MakePrivate(folder);
            begun.Add(file, key.Key.Id);
            ReleaseFolder.WritePrivate(file, Encoding.ASCII.GetBytes(PrivateKeyPem.Write(key, secrets[name], rounds)));
            made.Add((new(name, purpose, key.Key.Id, null), key));
        }

        return made;
    }

    /// <summary>Takes up a key that a verb made which broke off, with the passphrase that it was made with.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="file">Its private half.</param>
    /// <param name="keyId">Its id.</param>
    /// <exception cref="FaultException">It cannot be opened, or is another than was noted or is wanted now.</exception>
    public PrivateKey TakeUp(string name, string file, string keyId)
    {
        PrivateKey key;
        try
        {
            key = PrivateKeyPem.Read(KeyRing.Read(file), passphrases.Require(name, isNew: false), file);
        }
        catch (FaultException e) when (e.Fault.Where == file)
        {
            throw FaultException.Of(e.Fault.Kind, file, $"a command that broke off made this key, and it does not count yet; {e.Fault.What}", "give the passphrase that it was made with; or remove this file and repeat the command, which makes another key", e);
        }

        if (key.Key.Id == keyId && key.Key.Type == (kind == PrivateKeyKind.Ed25519 ? "ed25519" : "ecdsa")) return key;
        bool isOther = key.Key.Id != keyId;
        string type = key.Key.Type;
        key.Dispose();
        throw isOther
            ? FaultException.Of(FaultKind.Usage, file, $"this is another key than the '{name}' that a command made which broke off", "put the right file there; or move this one away and repeat the command, which makes another key")
            : FaultException.Of(FaultKind.Usage, "--key-type", $"a command that broke off made {file}, and that is of type {type}", $"give --key-type {type}; or remove this file and repeat the command, which makes another key");
    }

    private bool IsBegun(string name) => File.Exists(KeyRing.FileOf(folder, name)) && begun.IdOf(KeyRing.FileOf(folder, name)) is not null;

    private void RefuseStrangers(string[] names)
    {
        string[] strange = [.. names.Select(n => KeyRing.FileOf(folder, n)).Where(File.Exists)];
        if (strange.Length == 0) return;
        string others = strange.Length == 1 ? "" : $" (and {string.Join(", ", strange.Skip(1).Select(Path.GetFileName))})";
        throw FaultException.Of(
            FaultKind.Usage, strange[0], $"this file is there already{others}, and keys are never replaced",
            $"name another folder with --keys DIR; or, where no fleet trusts {(strange.Length == 1 ? "it" : "them")}, remove {string.Join(" and ", strange)}");
    }

    private static string Text(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(BoundedFile.Read(path, LongestPem));
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, path, "name the PEM file of the public half with --public-key");
            throw FaultException.Of(BoundedFile.KindOf(e), "--public-key", what, cure, e);
        }
    }
}

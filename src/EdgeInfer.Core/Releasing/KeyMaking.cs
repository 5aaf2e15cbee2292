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

/// <summary>Makes keys, or takes up those that lie elsewhere.</summary>
/// <param name="folder">Where private halves go.</param>
/// <param name="kind">What is made.</param>
/// <param name="rounds">Rounds of what makes guessing a passphrase slow.</param>
/// <param name="passphrases">What they are encrypted with.</param>
/// <param name="time">Clock.</param>
internal sealed class KeyMaking(string folder, PrivateKeyKind kind, int rounds, IPassphrases passphrases, TimeProvider time)
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
        foreach (string name in own)
            if (File.Exists(KeyRing.FileOf(folder, name))) throw FaultException.Of(FaultKind.Usage, KeyRing.FileOf(folder, name), "this file is there already, and keys are never replaced", "name another folder with --keys DIR");
        Dictionary<string, TrustKey> publics = outer.ToDictionary(static o => o.Key, static o => PrivateKeyPublicHalf.Read(Text(o.Value.PublicFile), o.Value.PublicFile));
        Dictionary<string, string> secrets = own.ToDictionary(static n => n, n => passphrases.Require(n, isNew: true));
        List<(KnownKey, IRoleSigner)> made = [];
        foreach (string name in names)
        {
            KeyPurpose purpose = KeyName.PurposeOf(name)!.Value;
            if (outer.TryGetValue(name, out OuterKey? elsewhere))
            {
                made.Add((new(name, purpose, publics[name].Id, elsewhere.Command), new OuterSigner(publics[name], elsewhere.Command, new(time))));
                continue;
            }

            PrivateKey key = PrivateKey.Create(kind);
            ReleaseFolder.MakePrivate(folder);
            ReleaseFolder.WritePrivate(KeyRing.FileOf(folder, name), Encoding.ASCII.GetBytes(PrivateKeyPem.Write(key, secrets[name], rounds)));
            made.Add((new(name, purpose, key.Key.Id, null), key));
        }

        return made;
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

using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>Which key is to be replaced, and by what.</summary>
/// <param name="Purpose">What it is for.</param>
internal sealed record RotateOptions(KeyPurpose Purpose)
{
    /// <summary>The key's name; null where there is one of its purpose.</summary>
    public string? Key { get; init; }

    /// <summary>What is made.</summary>
    public PrivateKeyKind Kind { get; init; }

    /// <summary>Rounds of what makes guessing a passphrase slow.</summary>
    public int Rounds { get; init; } = PrivateKeyPem.Rounds;

    /// <summary>Whether the old key is gone, or must not be used.</summary>
    public bool IsOldLost { get; init; }

    /// <summary>The new key, where it lies elsewhere.</summary>
    public OuterKey? Outer { get; init; }
}

/// <summary><c>release rotate</c>: another key in the place of one, for everything that it signs.</summary>
internal static class ReleaseRotate
{
    /// <summary>Replaces a key.</summary>
    /// <returns>Names of the old and the new key.</returns>
    /// <exception cref="FaultException">There is no such key, or one that has to sign is not at hand.</exception>
    public static (string Old, string New) Run(ReleaseDesk desk, RotateOptions options)
    {
        RootDocument root = desk.Published.Root.Document;
        TargetsDocument targets = desk.Published.Targets.Document;
        string old = OldKey(desk, options);
        if (options.Purpose == KeyPurpose.Root && options.IsOldLost && root.Roles[RoleName.Root].KeyIds.Count - 1 < root.Roles[RoleName.Root].Threshold)
            throw FaultException.Of(FaultKind.Usage, "--lost", "without this key no root can be signed, and devices take none that is not", "enrol the devices again with a new release folder");

        string name = KeyName.Next(options.Purpose, [.. desk.Settings.KnownKeys.Select(static k => k.Name)]);
        Dictionary<string, OuterKey> outer = options.Outer is { } elsewhere ? new() { [name] = elsewhere } : [];

        // Before a key is made: root's keepers have to be there.
        _ = desk.Keys.Require(RoleName.Root, root.Keys, root.Roles[RoleName.Root]);
        (KnownKey known, IRoleSigner signer) = new KeyMaking(desk.Keys.FolderBeside(old), options.Kind, options.Rounds, desk.Passphrases, desk.Time).Make([name], outer)[0];
        desk.Keys.Add(signer);

        // First, so that no key signs that the folder does not know of.
        (desk.Settings with { KnownKeys = [.. desk.Settings.KnownKeys, known] }).Write(desk.Folder.SettingsPath);
        RepositoryEdit edit = desk.Edit();
        edit.AreOldKeysLost = options.IsOldLost;
        if (root.Keys.ContainsKey(old)) edit.Root = root with { Keys = Replaced(root.Keys, old, signer.Key), Roles = root.Roles.ToDictionary(static r => r.Key, r => Replaced(r.Value, old, signer.Key.Id), StringComparer.Ordinal) };
        Delegations? delegations = targets.Delegations;
        if (delegations?.Keys.ContainsKey(old) == true)
        {
            DelegatedRole[] roles = [.. delegations.Roles.Select(r => r with { Keys = Replaced(r.Keys, old, signer.Key.Id) })];
            delegations = delegations with { Keys = Replaced(delegations.Keys, old, signer.Key), Roles = roles };
            foreach (DelegatedRole role in targets.Delegations!.Roles.Where(r => r.Keys.KeyIds.Contains(old)))
                edit.Change(role.Name, (role.Name == RoleLifetimes.Models ? desk.Published.Models : desk.Published.Rollout).Document);
        }

        if (options.Purpose == KeyPurpose.Root || delegations != targets.Delegations) edit.Change(RoleName.Targets, targets with { Delegations = delegations });
        edit.Commit();
        return (desk.Keys.NameOf(old), name);
    }

    private static string OldKey(ReleaseDesk desk, RotateOptions options)
    {
        bool isSplit = options.Purpose is KeyPurpose.Models or KeyPurpose.Online;
        if (options.Purpose != KeyPurpose.Root && isSplit != desk.Settings.IsSeparate)
        {
            throw FaultException.Of(
                FaultKind.Usage, "--role", $"this release folder has no key '{options.Purpose.Word()}'",
                desk.Settings.IsSeparate ? "give root, models or online" : "give root or ci");
        }

        IReadOnlyList<string> ids = options.Purpose switch
        {
            KeyPurpose.Root => desk.Published.Root.Document.Roles[RoleName.Root].KeyIds,
            KeyPurpose.Models => PublishedRoles.KeysOf(desk.Published.Targets.Document, RoleLifetimes.Models).Demand.KeyIds,
            _ => desk.Published.Root.Document.Roles[RoleName.Timestamp].KeyIds,
        };
        string[] names = [.. ids.Select(desk.Keys.NameOf)];
        if (options.Key is null && ids.Count == 1) return ids[0];
        if (options.Key is null) throw FaultException.Of(FaultKind.Usage, "--role", $"there are {ids.Count} keys of it", $"say which one with --key: {string.Join(", ", names)}");
        int at = Array.IndexOf(names, options.Key);
        return at >= 0 ? ids[at] : throw FaultException.Of(FaultKind.Usage, "--key", $"{Quoted.Text(options.Key)} signs nothing as {options.Purpose.Word()}", $"there is {string.Join(", ", names)}");
    }

    private static Dictionary<string, TrustKey> Replaced(IReadOnlyDictionary<string, TrustKey> keys, string old, TrustKey next)
        => keys.Values.Select(k => k.Id == old ? next : k).ToDictionary(static k => k.Id, StringComparer.Ordinal);

    private static RoleKeys Replaced(RoleKeys keys, string old, string next)
        => keys with { KeyIds = [.. keys.KeyIds.Select(id => id == old ? next : id)] };
}

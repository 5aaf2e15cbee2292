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

        // Before a key is made: root's keepers have to be there.
        _ = desk.Keys.Require(RoleName.Root, root.Keys, root.Roles[RoleName.Root]);
        (KnownKey known, IRoleSigner signer) = NewKey(desk, options, old);
        desk.Keys.Add(signer);
        RepositoryEdit edit = desk.Edit();
        edit.AreOldKeysLost = options.IsOldLost;
        if (root.Keys.ContainsKey(old)) edit.Root = root with { Keys = Replaced(root.Keys, old, signer.Key), Roles = root.Roles.ToDictionary(static r => r.Key, r => Replaced(r.Value, old, signer.Key.Id), StringComparer.Ordinal) };
        Delegations? delegations = targets.Delegations;
        string delegated = OldDelegated(desk, options.Purpose, old);
        if (delegated != signer.Key.Id && delegations?.Keys.ContainsKey(delegated) == true)
        {
            DelegatedRole[] roles = [.. delegations.Roles.Select(r => r with { Keys = Replaced(r.Keys, delegated, signer.Key.Id) })];
            delegations = delegations with { Keys = Replaced(delegations.Keys, delegated, signer.Key), Roles = roles };
            foreach (DelegatedRole role in targets.Delegations!.Roles.Where(r => r.Keys.KeyIds.Contains(delegated)))
                edit.Change(role.Name, (role.Name == RoleLifetimes.Models ? desk.Published.Models : desk.Published.Rollout).Document);
        }

        if (options.Purpose == KeyPurpose.Root || delegations != targets.Delegations) edit.Change(RoleName.Targets, targets with { Delegations = delegations });
        edit.Commit(() => Note(desk, known));
        return (desk.Keys.NameOf(old), known.Name);
    }

    // Once all is signed, so that a signer that fails leaves nothing that names the key; and before anything is written, so that nothing is published
    // by a key that the folder does not know of.
    private static void Note(ReleaseDesk desk, KnownKey key)
    {
        IEnumerable<KnownKey> others = desk.Settings.KnownKeys.Where(k => k.KeyId != key.KeyId || k.Purpose != key.Purpose);
        (desk.Settings with { KnownKeys = [.. others, key] }).Write(desk.Folder.SettingsPath);
        desk.Folder.RotateKeys.End();
    }

    private static (KnownKey Known, IRoleSigner Signer) NewKey(ReleaseDesk desk, RotateOptions options, string old)
    {
        NewKeys begun = desk.Folder.RotateKeys;
        string folder = desk.Keys.FolderBeside(old);
        KeyMaking making = new(folder, begun, options.Kind, options.Rounds, desk.Passphrases, desk.Time);
        if (options.Outer is null && LeftOver(desk, options.Purpose) is { Signer: null } left && desk.Keys.PathOf(left.Name) is { } path)
            return (left, making.TakeUp(left.Name, path, left.KeyId));

        HashSet<string> taken = [.. desk.Settings.KnownKeys.Select(static k => k.Name)];
        string name = KeyName.Next(options.Purpose, taken);
        if (options.Outer is { } outer) return making.Make([name], new Dictionary<string, OuterKey> { [name] = outer })[0];

        // A file that no rotation here has made is somebody else's: that name is taken too.
        while (desk.Keys.PathOf(name) is { } there && (there != KeyRing.FileOf(folder, name) || begun.IdOf(there) is null))
        {
            taken.Add(name);
            name = KeyName.Next(options.Purpose, taken);
        }

        return making.Make([name], new Dictionary<string, OuterKey>())[0];
    }

    // The newest key of a purpose that does not count: a rotation broke off after release.json had named it and before the last of what it wrote.
    private static KnownKey? LeftOver(ReleaseDesk desk, KeyPurpose purpose)
        => desk.Settings.KnownKeys.LastOrDefault(k => k.Purpose == purpose) is { } newest && !Counting(desk, purpose).Contains(newest.KeyId) ? newest : null;

    // Where a rotation broke off between the timestamp and root, roles are delegated to another key than root's.
    private static string OldDelegated(ReleaseDesk desk, KeyPurpose purpose, string old) => purpose is KeyPurpose.Ci or KeyPurpose.Online
        ? PublishedRoles.KeysOf(desk.Published.Targets.Document, RoleLifetimes.Rollout).Demand.KeyIds[0]
        : old;

    private static IReadOnlyList<string> Counting(ReleaseDesk desk, KeyPurpose purpose) => purpose switch
    {
        KeyPurpose.Root => desk.Published.Root.Document.Roles[RoleName.Root].KeyIds,
        KeyPurpose.Models => PublishedRoles.KeysOf(desk.Published.Targets.Document, RoleLifetimes.Models).Demand.KeyIds,
        _ => desk.Published.Root.Document.Roles[RoleName.Timestamp].KeyIds,
    };

    private static string OldKey(ReleaseDesk desk, RotateOptions options)
    {
        bool isSplit = options.Purpose is KeyPurpose.Models or KeyPurpose.Online;
        if (options.Purpose != KeyPurpose.Root && isSplit != desk.Settings.IsSeparate)
        {
            throw FaultException.Of(
                FaultKind.Usage, "--role", $"this release folder has no key '{options.Purpose.Word()}'",
                desk.Settings.IsSeparate ? "give root, models or online" : "give root or ci");
        }

        IReadOnlyList<string> ids = Counting(desk, options.Purpose);
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

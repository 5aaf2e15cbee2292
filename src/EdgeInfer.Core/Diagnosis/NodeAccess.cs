using System.Globalization;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Diagnosis;

/// <summary>Who may open a device node, and whether the service's user is among them.</summary>
/// <param name="Mode">Permission bits as ls prints them: <c>rw-rw----</c>.</param>
/// <param name="Owner">Name of the owner.</param>
/// <param name="Group">Name of the group.</param>
/// <param name="MayOpen">Whether the service's user may read and write it.</param>
/// <param name="Cure">How it gets to; null where it may.</param>
internal sealed record NodeAccess(string Mode, string Owner, string Group, bool MayOpen, string? Cure)
{
    /// <summary>Judges a node by its permission bits.</summary>
    /// <param name="path">The node.</param>
    /// <param name="rights">What the file system says of it.</param>
    /// <param name="user">The service's user.</param>
    /// <param name="accounts">Names.</param>
    /// <param name="opened">What trying to open it as this user gave, where that was tried: lists of control may allow more than the bits.</param>
    public static NodeAccess Of(string path, FileRights rights, ServiceUser user, Accounts accounts, bool? opened = null)
    {
        bool may = opened ?? Allows(rights, user.Id, user.Groups);
        string group = accounts.Group(rights.Group);
        return new(Text(rights.Mode), accounts.User(rights.Owner), group, may, may ? null : CureOf(path, rights, user, group));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Mode} {Owner}:{Group}";

    private static bool Allows(FileRights rights, uint user, IReadOnlySet<uint> groups)
    {
        const UnixFileMode ForOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        const UnixFileMode ForGroup = UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
        const UnixFileMode ForOthers = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (user == 0) return true;
        UnixFileMode wanted = user == rights.Owner ? ForOwner : groups.Contains(rights.Group) ? ForGroup : ForOthers;
        return (rights.Mode & wanted) == wanted;
    }

    private static string CureOf(string path, FileRights rights, ServiceUser user, string group)
    {
        const UnixFileMode ForGroup = UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
        // Membership in root's group is no cure.
        if (rights.Group == 0 || (rights.Mode & ForGroup) != ForGroup)
        {
            return string.Create(CultureInfo.InvariantCulture,
                $"let a udev rule give it to a group, such as KERNEL==\"{Path.GetFileName(path)}\", GROUP=\"{(group == "root" ? "video" : group)}\", MODE=\"0660\" in /etc/udev/rules.d/99-edgeinfer.rules");
        }

        string again = user.IsSelf ? "log in again" : "start the service again";
        return user.Members.Contains(rights.Group)
            ? $"{again}: {user.Name} is in the group {group}, but was not yet when it logged in"
            : $"sudo usermod -aG {group} {user.Name}, and {again}";
    }

    private static string Text(UnixFileMode mode)
    {
        const string Bits = "rwxrwxrwx";
        return string.Create(Bits.Length, (int)mode, static (text, bits) =>
        {
            for (int i = 0; i < text.Length; i++) text[i] = (bits & (0x100 >> i)) != 0 ? Bits[i] : '-';
        });
    }
}

using System.Globalization;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis;

/// <summary>The users and groups of /etc/passwd and /etc/group, as far as a service's own account is kept there.</summary>
/// <param name="files">The system.</param>
internal sealed class Accounts(SystemFiles files)
{
    private const string ServiceName = "edgeinfer";

    private readonly List<string[]> _users = [.. files.Lines("/etc/passwd").Select(static l => l.Split(':')).Where(static f => f.Length >= 4)];
    private readonly List<string[]> _groups = [.. files.Lines("/etc/group").Select(static l => l.Split(':')).Where(static f => f.Length >= 3)];

    /// <summary>A user's name; the number where it has none.</summary>
    public string User(uint id) => _users.FirstOrDefault(f => Number(f[2]) == id)?[0] ?? id.ToString(CultureInfo.InvariantCulture);

    /// <summary>A group's name; the number where it has none.</summary>
    public string Group(uint id) => _groups.FirstOrDefault(f => Number(f[2]) == id)?[0] ?? id.ToString(CultureInfo.InvariantCulture);

    /// <summary>A group's number; null where there is no such group.</summary>
    public uint? GroupId(string name) => _groups.FirstOrDefault(f => f[0] == name) is { } found ? Number(found[2]) : null;

    /// <summary>The user that the service runs as: <c>edgeinfer</c> where there is one, else whoever runs this program.</summary>
    public ServiceUser Service()
    {
        (uint id, HashSet<uint> groups) = Self();
        if (_users.FirstOrDefault(static f => f[0] == ServiceName) is { } written && Number(written[2]) is { } service)
        {
            HashSet<uint> members = Memberships(written);
            bool isSelf = service == id;
            return new(ServiceName, service, isSelf ? groups : members, isSelf, members) { PrimaryGroup = Number(written[3]) };
        }

        string[]? own = _users.FirstOrDefault(f => Number(f[2]) == id);
        return new(User(id), id, groups, true, own is null ? groups : Memberships(own)) { PrimaryGroup = own is null ? null : Number(own[3]) };
    }

    // What the files say, which may be newer than what a process that runs was given at its login.
    private HashSet<uint> Memberships(string[] user)
    {
        HashSet<uint> groups = [];
        if (Number(user[3]) is { } primary) groups.Add(primary);
        foreach (string[] group in _groups)
            if (group.Length >= 4 && group[3].Split(',').Contains(user[0]) && Number(group[2]) is { } id) groups.Add(id);
        return groups;
    }

    private (uint Id, HashSet<uint> Groups) Self()
    {
        uint id = 0;
        HashSet<uint> groups = [];
        foreach (string line in files.Lines("/proc/self/status"))
        {
            string[] words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            // Real, effective, saved, file system.
            if (words is ["Uid:", _, var user, ..]) id = Number(user) ?? 0;
            else if (words is ["Gid:", _, var group, ..] && Number(group) is { } gid) groups.Add(gid);
            else if (words is ["Groups:", ..]) groups.UnionWith(words.Skip(1).Select(Number).OfType<uint>());
        }

        return (id, groups);
    }

    private static uint? Number(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) ? id : null;
}

/// <summary>The user whose rights decide what the service can open.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its number.</param>
/// <param name="Groups">The groups it has at work.</param>
/// <param name="IsSelf">Whether this program runs as that user.</param>
/// <param name="Members">The groups it would have after the next login.</param>
internal sealed record ServiceUser(string Name, uint Id, IReadOnlySet<uint> Groups, bool IsSelf, IReadOnlySet<uint> Members)
{
    /// <summary>The group of its own; null where it is not known.</summary>
    public uint? PrimaryGroup { get; init; }
}

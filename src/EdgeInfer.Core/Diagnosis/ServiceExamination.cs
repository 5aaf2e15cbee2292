using EdgeInfer.Diagnostics;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Diagnosis;

/// <summary>The user that the service runs as, whose rights everything else is judged by.</summary>
/// <param name="user">That user.</param>
/// <param name="accounts">Names.</param>
/// <param name="rights">Owner, group and mode of a path.</param>
internal sealed class ServiceExamination(ServiceUser user, Accounts accounts, Func<string, FileRights?> rights)
{
    /// <summary>Examines the user.</summary>
    /// <param name="configuration">The configuration's file; null where there is none.</param>
    public Section Examine(string? configuration)
    {
        SectionBuilder section = new("service", "Service user");
        string[] groups = [.. user.Groups.Select(accounts.Group).Order(StringComparer.Ordinal)];
        section.Fact("user", user.Name);
        section.Fact("groups", groups);
        string what = $"{user.Name}, in {(groups.Length == 1 ? "the group" : "the groups")} {string.Join(", ", groups)}";
        if (user.Id == 0) section.Add(Finding.Info(FindingId.UserIsRoot, $"{what}: may open everything", "", "a user of its own is safer: sudo useradd --system --groups video edgeinfer, and User=edgeinfer in the unit"));
        else section.Add(Finding.Ok(FindingId.UserKnown, what));
        if (!user.IsSelf) section.Add(Finding.Info(FindingId.UserRightsComputed, $"rights are computed for {user.Name}, not tried: access lists (setfacl) and the unit's own limits are not seen"));
        if (configuration is not null && rights(configuration) is { } found && !MayRead(found))
        {
            string group = user.PrimaryGroup is { } id ? accounts.Group(id) : user.Name;
            section.Add(Finding.Problem(FindingId.UserMayNotReadConfiguration, FaultKind.Configuration, $"user {user.Name} may not read the configuration", configuration,
                $"sudo chown root:{group} {configuration} && sudo chmod 640 {configuration}"));
        }

        return section.Build();
    }

    private bool MayRead(FileRights found)
    {
        if (user.Id == 0) return true;
        UnixFileMode wanted = user.Id == found.Owner ? UnixFileMode.UserRead : user.Groups.Contains(found.Group) ? UnixFileMode.GroupRead : UnixFileMode.OtherRead;
        return (found.Mode & wanted) != 0;
    }
}

using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>What became of a role.</summary>
/// <param name="Role">The role.</param>
/// <param name="Expires">Until when it holds now.</param>
/// <param name="IsSigned">Whether it was signed anew; else it is due, and its keys are not at hand.</param>
internal sealed record Refreshed(string Role, DateTimeOffset Expires, bool IsSigned);

/// <summary><c>release refresh</c>: signs anew what would expire, from cron.</summary>
internal static class ReleaseRefresh
{
    /// <summary>Signs snapshot and timestamp, and whatever has no more than a third of its time left where its keys are at hand without asking.</summary>
    /// <returns>What was signed, and what should have been.</returns>
    /// <exception cref="Diagnostics.FaultException">The keys of snapshot or timestamp are not at hand.</exception>
    public static IReadOnlyList<Refreshed> Run(ReleaseDesk desk)
    {
        DateTimeOffset now = desk.Time.GetUtcNow();
        PublishedRoles published = desk.Published;
        RootDocument root = published.Root.Document;
        RepositoryEdit edit = desk.Edit();
        List<Refreshed> done = [];
        if (RoleLifetimes.IsDue(RoleName.Root, root.Expires, now))
        {
            bool canSign = desk.Keys.CanSign(root.Keys, root.Roles[RoleName.Root]);
            if (canSign) edit.Root = root;
            Note(RoleName.Root, root.Expires, canSign);
        }

        Targets(RoleName.Targets, published.Targets.Document, root.Keys, root.Roles[RoleName.Targets]);
        foreach ((string role, TargetsDocument document) in (IEnumerable<(string, TargetsDocument)>)[(RoleLifetimes.Models, published.Models.Document), (RoleLifetimes.Rollout, published.Rollout.Document)])
        {
            (IReadOnlyDictionary<string, TrustKey> keys, RoleKeys demand) = PublishedRoles.KeysOf(published.Targets.Document, role);
            Targets(role, document, keys, demand);
        }

        edit.Commit();
        Note(RoleName.Snapshot, default, isSigned: true);
        Note(RoleName.Timestamp, default, isSigned: true);
        return done;

        void Targets(string role, TargetsDocument document, IReadOnlyDictionary<string, TrustKey> keys, RoleKeys demand)
        {
            if (!RoleLifetimes.IsDue(role, document.Expires, now)) return;
            bool canSign = desk.Keys.CanSign(keys, demand);
            if (canSign) edit.Change(role, document);
            Note(role, document.Expires, canSign);
        }

        void Note(string role, DateTimeOffset expires, bool isSigned) => done.Add(new(role, isSigned ? now + RoleLifetimes.Of(role) : expires, isSigned));
    }
}

using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Trust;

/// <summary>The order in which roles are searched for a target: depth first, each before those that it delegates to, in the order of its delegations (5.6.7).</summary>
/// <param name="path">The target.</param>
internal sealed class TargetWalk(string path)
{
    private readonly Stack<(DelegatedRole Role, Delegations Of)> _open = new();
    private readonly HashSet<string> _visited = new(StringComparer.Ordinal);

    /// <summary>Looks at a role; where it does not have the target, those that it trusts for the path come next.</summary>
    public TargetFile? Visit(TargetsDocument document)
    {
        if (document.Targets.TryGetValue(path, out TargetFile? target)) return target;
        if (document.Delegations is not Delegations delegations) return null;
        List<DelegatedRole> next = [];
        foreach (DelegatedRole role in delegations.Roles)
        {
            if (!role.Covers(path)) continue;
            next.Add(role);
            if (!role.IsTerminating) continue;
            // Whatever would have come later, here or in a role above, has no say on this path.
            _open.Clear();
            break;
        }

        for (int i = next.Count - 1; i >= 0; i--) _open.Push((next[i], delegations));
        return null;
    }

    /// <summary>The next role; null where all have been searched.</summary>
    /// <exception cref="UpdateException">More than <see cref="RoleLimits.Delegations"/> would be (<see cref="UpdateCode.Size"/>).</exception>
    public (DelegatedRole Role, Delegations Of)? Next()
    {
        while (_open.TryPop(out (DelegatedRole Role, Delegations Of) next))
        {
            if (!_visited.Add(next.Role.Name)) continue;
            if (_visited.Count > RoleLimits.Delegations)
                throw UpdateException.Of(UpdateCode.Size, OneLine.Short(path), string.Create(CultureInfo.InvariantCulture, $"more than {RoleLimits.Delegations} roles would have to be searched"));
            return next;
        }

        return null;
    }
}

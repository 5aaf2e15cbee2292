using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>How long signed metadata hold, by role.</summary>
internal static class RoleLifetimes
{
    /// <summary>The delegated role of model releases.</summary>
    public const string Models = "models";

    /// <summary>The delegated role that says who gets which.</summary>
    public const string Rollout = "rollout";

    /// <summary>From signing to expiry.</summary>
    public static TimeSpan Of(string role) => TimeSpan.FromDays(role switch
    {
        RoleName.Root => 365,
        RoleName.Targets or Models => 180,
        RoleName.Timestamp => 7,
        _ => 30,
    });

    /// <summary>Whether so little is left that it is time to sign again: one third.</summary>
    public static bool IsDue(string role, DateTimeOffset expires, DateTimeOffset now) => expires - now <= Of(role) / 3;
}

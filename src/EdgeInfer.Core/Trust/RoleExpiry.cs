using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Trust;

/// <summary>When metadata that this device holds expire.</summary>
/// <param name="Role">The role.</param>
/// <param name="Expires">From then on no update is taken until it is signed again; serving goes on.</param>
/// <param name="IsDue">Whether a third of its time or less is left, so that somebody should sign.</param>
internal sealed record RoleExpiry(string Role, DateTimeOffset Expires, bool IsDue)
{
    /// <summary>Of a document at a time.</summary>
    public static RoleExpiry Of(string role, RoleDocument document, DateTimeOffset now)
    {
        TimeSpan whole = document.SignedAt is DateTimeOffset signedAt && signedAt < document.Expires ? document.Expires - signedAt : Usual(role);
        return new(role, document.Expires, document.Expires - now <= whole / 3);
    }

    // What our publisher signs for; a document that says when it was signed is taken at its word.
    private static TimeSpan Usual(string role) => TimeSpan.FromDays(role switch
    {
        RoleName.Root => 365,
        RoleName.Timestamp => 7,
        RoleName.Snapshot or "rollout" => 30,
        _ => 180,
    });
}

namespace EdgeInfer.Delivery;

/// <summary>Why results were lost: the words of <c>edgeinfer/gap/1</c>.</summary>
internal static class LossReason
{
    /// <summary>There was no more room.</summary>
    public const string Quota = "quota";

    /// <summary>They waited for longer than they may.</summary>
    public const string Expired = "expired";

    /// <summary>The broker refuses them for good.</summary>
    public const string Refused = "refused";

    /// <summary>They are larger than the broker takes.</summary>
    public const string TooLarge = "too_large";

    /// <summary>They were in memory when the power went.</summary>
    public const string PowerCut = "power_cut";

    /// <summary>They were in a database that was damaged.</summary>
    public const string StoreBroken = "store_broken";

    /// <summary>They came faster than they could be kept.</summary>
    public const string Overload = "overload";

    /// <summary>Whether it is one of these.</summary>
    public static bool IsKnown(string reason) => reason is Quota or Expired or Refused or TooLarge or PowerCut or StoreBroken or Overload;
}

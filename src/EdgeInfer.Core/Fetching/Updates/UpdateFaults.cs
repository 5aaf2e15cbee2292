using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching.Updates;

/// <summary>Gives what goes wrong on the way the code that a fleet is told.</summary>
internal static class UpdateFaults
{
    /// <summary>A request that was given up as what stops an update.</summary>
    public static UpdateException Of(TransferException e) => UpdateException.Of(e.Code, e.Fault.Where, e.Fault.What, e.Fault.Cure, e);

    /// <summary>A file that is not taken as what stops an update.</summary>
    public static UpdateException Of(DownloadException e)
    {
        (UpdateCode code, string cure) = e.Failure switch
        {
            DownloadFailure.TooManyBytes => (UpdateCode.Size, "publish the release again: what lies there is another file"),
            // A mirror that is behind or an upload that is not over; a final answer would outlive it.
            DownloadFailure.TooFewBytes => (UpdateCode.Network, "publish the release again if this stays; it is tried again by itself"),
            _ => (UpdateCode.Network, "see whether the network wants a sign-in, and check updates.repository; it is tried again by itself"),
        };
        return UpdateException.Of(code, e.Fault.Where, e.Fault.What, cure, e);
    }
}

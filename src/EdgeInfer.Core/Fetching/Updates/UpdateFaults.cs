using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching.Updates;

/// <summary>Gives what goes wrong on the way the code that a fleet is told.</summary>
internal static class UpdateFaults
{
    /// <summary>A request that was given up as what stops an update.</summary>
    public static UpdateException Of(FaultException e) => e switch
    {
        UpdateException already => already,
        { InnerException: TransferException transfer } => With(transfer.Code, e.Fault, e.Fault.Cure, e),
        _ => With(UpdateCode.Network, e.Fault, e.Fault.Cure, e),
    };

    /// <summary>A file that is not taken as what stops an update.</summary>
    public static UpdateException Of(DownloadException e)
    {
        (UpdateCode code, string cure) = e.Failure switch
        {
            DownloadFailure.WrongDigest => (UpdateCode.Digest, "publish the release again: what lies there is damaged, or was changed"),
            DownloadFailure.TooManyBytes => (UpdateCode.Size, "publish the release again: what lies there is another file"),
            // A mirror that is behind or an upload that is not over; a final answer would outlive it.
            DownloadFailure.TooFewBytes => (UpdateCode.Network, "publish the release again if this stays; it is tried again by itself"),
            DownloadFailure.WebPage => (UpdateCode.Network, "see whether the network wants a sign-in, and check updates.repository; it is tried again by itself"),
            DownloadFailure.NoSpace => (UpdateCode.Space, "make room; it is tried again by itself"),
            _ => (UpdateCode.Space, "check the disk; it is tried again by itself"),
        };
        return With(code, e.Fault, cure, e);
    }

    private static UpdateException With(UpdateCode code, Fault fault, string cure, Exception inner) => UpdateException.Of(code, fault.Where, fault.What, cure, inner);
}

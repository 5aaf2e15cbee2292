using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>Why a file that a server gives is not taken.</summary>
internal enum DownloadFailure
{
    /// <summary>It has more bytes than expected or than are taken at all.</summary>
    TooManyBytes,

    /// <summary>The server says that it has fewer bytes than expected.</summary>
    TooFewBytes,

    /// <summary>It is a web page.</summary>
    WebPage,
}

/// <summary>A file that is not taken.</summary>
internal sealed class DownloadException(DownloadFailure failure, Fault fault) : Exception(fault.ToString())
{
    /// <summary>Why.</summary>
    public DownloadFailure Failure { get; } = failure;

    /// <summary>What to say.</summary>
    public Fault Fault { get; } = fault;
}

namespace EdgeInfer.Fetching;

/// <summary>What has come of a file so far, with a line about where it came from; both outlive the process.</summary>
internal interface IDownloadPart
{
    /// <summary>Bytes that are here.</summary>
    long Length { get; }

    /// <summary>What <see cref="Restart"/> was given; empty where the bytes cannot be gone on with.</summary>
    string Note { get; }

    /// <summary>Begins with no bytes.</summary>
    /// <param name="note">What has to be known to go on: printable ASCII, at most 400 characters.</param>
    void Restart(string note);

    /// <summary>Adds bytes at the end.</summary>
    void Append(ReadOnlySpan<byte> bytes);
}

namespace EdgeInfer.Sources.Streams;

/// <summary>How the reading of one part of a multipart stream ended.</summary>
internal enum PartOutcome
{
    /// <summary>A whole picture.</summary>
    Picture,

    /// <summary>A whole part whose type says that it is no picture; passed over.</summary>
    NoPicture,

    /// <summary>A picture of no bytes, or of bytes that are none.</summary>
    Corrupt,

    /// <summary>A whole picture for which no buffer was free.</summary>
    NoBuffer,

    /// <summary>Bytes that belong to no part; the stream goes on at the next boundary.</summary>
    Stray,

    /// <summary>The server ended the stream between two parts.</summary>
    Closed,

    /// <summary>The server ended the stream within a part.</summary>
    ClosedWithin,

    /// <summary>A part that is larger than a frame may be.</summary>
    TooLarge,

    /// <summary>A part whose header does not end.</summary>
    HeaderTooLong,

    /// <summary>Bytes without end that hold no boundary.</summary>
    NoBoundary,
}

namespace EdgeInfer.Preprocessing;

/// <summary>How reading one frame ended. A bad frame is a value: nothing is thrown for it.</summary>
public enum DecodeOutcome
{
    /// <summary>The tensor is filled.</summary>
    Ok,

    /// <summary>There are no bytes.</summary>
    Empty,

    /// <summary>The bytes are of no picture format that is known here.</summary>
    NotAPicture,

    /// <summary>The bytes end before the picture does.</summary>
    Truncated,

    /// <summary>The bytes contradict themselves.</summary>
    Corrupt,

    /// <summary>A valid picture of a kind that no decoder here reads.</summary>
    Unsupported,

    /// <summary>More pixels or bytes than the limits allow; nothing was allocated.</summary>
    TooLarge,

    /// <summary>The model takes one size only (<c>resize: none</c>) and the picture has another.</summary>
    WrongSize,
}

/// <summary>What a picture may cost at most; checked against its header before anything is allocated.</summary>
/// <param name="MaxPixels">Pixels of the picture as stored.</param>
/// <param name="MaxBytes">Memory that decoding it takes, the decoder's own working memory included.</param>
public readonly record struct PreprocessorLimits(long MaxPixels, long MaxBytes)
{
    /// <summary>64 megapixels, 1 GiB.</summary>
    public static PreprocessorLimits Default => new(64L << 20, 1L << 30);
}

namespace EdgeInfer.Fetching;

/// <summary>What has come of a file so far, and the validator under which the server promises that the rest belongs to it. One thread at a time.</summary>
internal interface IPart
{
    /// <summary>Where the bytes are gathered, for words.</summary>
    string Path { get; }

    /// <summary>The server's validator of the bytes that are here; empty where there is none.</summary>
    string Validator { get; }

    /// <summary>Bytes that are here.</summary>
    long Length { get; }

    /// <summary>Takes up what an earlier attempt left, if it can be gone on with; drops it otherwise.</summary>
    void TakeUp();

    /// <summary>Begins with no bytes, under a validator.</summary>
    void Begin(string validator);

    /// <summary>Adds bytes behind those that are here.</summary>
    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>The connection has ended: what came is kept.</summary>
    void Pause();

    /// <summary>Reads the bytes that are here.</summary>
    Stream Read();

    /// <summary>Removes the bytes and what is known of them.</summary>
    void Drop();

    /// <summary>The bytes are the file: what is kept of where they came from is of no more use.</summary>
    void Settle();
}

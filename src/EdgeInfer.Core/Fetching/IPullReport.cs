namespace EdgeInfer.Fetching;

/// <summary>Is told how a model comes along, on one thread at a time.</summary>
internal interface IPullReport
{
    /// <summary>Something worth a line.</summary>
    void Say(string line);

    /// <summary>A file begins, or goes on after a break.</summary>
    /// <param name="name">Its name in the model's folder.</param>
    /// <param name="received">Bytes that are here already.</param>
    /// <param name="total">All its bytes; null where the server does not say.</param>
    void Begin(string name, long received, long? total);

    /// <summary>How many of the file's bytes are here now.</summary>
    void Received(long bytes);

    /// <summary>The file is here and is what it should be.</summary>
    void End();
}

namespace EdgeInfer.Pipeline;

/// <summary>Takes what came from the broker about model updates. Returns at once; any thread.</summary>
internal interface IUpdateInbox
{
    /// <summary>The managed models.</summary>
    IReadOnlyCollection<string> Models { get; }

    /// <summary>Somebody says that there is something.</summary>
    /// <param name="model">The model that it is about; null for any.</param>
    void Hint(string? model);

    /// <summary>A release that waits for approval is released.</summary>
    /// <param name="model">The model.</param>
    /// <param name="seq">The number that is meant; null for whichever waits.</param>
    void Install(string model, long? seq);

    /// <summary>Another broker is to learn everything.</summary>
    void Announce();
}

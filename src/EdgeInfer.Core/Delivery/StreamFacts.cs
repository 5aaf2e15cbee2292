namespace EdgeInfer.Delivery;

/// <summary>What goes first out of the outbox and last out of its quota, lowest first.</summary>
internal enum DeliveryClass
{
    /// <summary>Results of frames.</summary>
    Prediction,

    /// <summary>Life of objects.</summary>
    Event,

    /// <summary>States of model updates.</summary>
    Update,
}

/// <summary>A stream of messages with one count (<c>seq</c>): a pipeline, or one of several models of a pipeline.</summary>
/// <param name="Name">The pipeline, or pipeline and model with a slash between.</param>
/// <param name="Topic">Where its messages go.</param>
/// <param name="HistoryTopic">Where those go that are late.</param>
/// <param name="Class">Its importance.</param>
internal sealed record StreamFacts(string Name, string Topic, string HistoryTopic, DeliveryClass Class);

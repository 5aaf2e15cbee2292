using EdgeInfer.Results;

namespace EdgeInfer.Sinks;

/// <summary>Where a pipeline's results go.</summary>
internal interface IPredictionSink : IDisposable
{
    /// <summary>Counts since the start. Any thread.</summary>
    SinkCounts Counts { get; }

    /// <summary>Takes a result; done with it when the call returns. Called on the pipeline's thread, never blocks, never throws.</summary>
    void Accept(Prediction prediction);

    /// <summary>The pipeline stops: sends what is held back.</summary>
    void Flush();
}

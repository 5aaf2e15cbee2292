using EdgeInfer.Diagnostics;
using EdgeInfer.Results;

namespace EdgeInfer.Pipeline;

/// <summary>How long frames of one pipeline waited and took to decode; its thread adds, any thread reads.</summary>
internal sealed class FrameDurations
{
    /// <summary>From its capture until the pipeline took a frame: the device, the line, and the wait for the frame before.</summary>
    public DurationHistogram Capture { get; } = new(DurationHistogram.AgeBounds);

    /// <summary>From bytes to pixels; once a frame, for all models together.</summary>
    public DurationHistogram Decode { get; } = new(DurationHistogram.StageBounds);
}

/// <summary>How long the stages of one model of a pipeline took; the pipeline's thread adds, any thread reads.</summary>
internal sealed class ModelDurations
{
    /// <summary>From pixels to the tensor.</summary>
    public DurationHistogram Preprocess { get; } = new(DurationHistogram.StageBounds);

    /// <summary>The model's own run, the wait for its turn left out.</summary>
    public DurationHistogram Inference { get; } = new(DurationHistogram.StageBounds);

    /// <summary>From tensors to results.</summary>
    public DurationHistogram Postprocess { get; } = new(DurationHistogram.StageBounds);

    /// <summary>What the sink did: whether it is news, the JSON, the copy into the ring.</summary>
    public DurationHistogram Publish { get; } = new(DurationHistogram.StageBounds);

    /// <summary>From a frame's capture to its result, everything included but publishing.</summary>
    public DurationHistogram Age { get; } = new(DurationHistogram.AgeBounds);

    /// <summary>Counts a result.</summary>
    /// <param name="result">The result, with its times.</param>
    /// <param name="published">What handing it on took.</param>
    public void Add(Prediction result, TimeSpan published)
    {
        Preprocess.AddMilliseconds(result.Timing.PreprocessMilliseconds);
        Inference.AddMilliseconds(result.Timing.InferenceMilliseconds);
        Postprocess.AddMilliseconds(result.Timing.PostprocessMilliseconds);
        Age.AddMilliseconds(result.AgeMilliseconds);
        Publish.Add(published);
    }
}

using EdgeInfer.Signals;

namespace EdgeInfer.Results;

/// <summary>One object found.</summary>
/// <param name="Class">Class index as the model counts.</param>
/// <param name="Score">0 to 1.</param>
/// <param name="X">Left edge in upright source pixels, clipped to the frame.</param>
/// <param name="Y">Top edge in upright source pixels, clipped to the frame.</param>
/// <param name="Width">Width in source pixels.</param>
/// <param name="Height">Height in source pixels.</param>
public readonly record struct Detection(int Class, float Score, float X, float Y, float Width, float Height);

/// <summary>One class with its score.</summary>
/// <param name="Class">Class index as the model counts.</param>
/// <param name="Score">0 to 1.</param>
public readonly record struct ClassScore(int Class, float Score);

/// <summary>Milliseconds spent in each stage of one frame.</summary>
public struct StageTimes
{
    /// <summary>From bytes to pixels.</summary>
    public double DecodeMilliseconds;

    /// <summary>From pixels to the tensor.</summary>
    public double PreprocessMilliseconds;

    /// <summary>The model's own run, the wait for its turn left out.</summary>
    public double InferenceMilliseconds;

    /// <summary>From tensors to detections.</summary>
    public double PostprocessMilliseconds;
}

/// <summary>
/// The result of one frame, filled anew for each: its lists keep their capacity, so that a steady pipeline allocates nothing.
/// The pipeline owns it; whoever is handed it must be done before returning.
/// </summary>
public sealed class Prediction
{
    /// <summary>Objects, best first; for detection models.</summary>
    public List<Detection> Detections { get; } = new(64);

    /// <summary>Classes, best first; for classification models.</summary>
    public List<ClassScore> Classes { get; } = new(16);

    /// <summary>Outputs as they are (<c>task: raw</c>): name and element count; the numbers follow in <see cref="RawValues"/>.</summary>
    public List<(string Name, int Count)> RawOutputs { get; } = new(4);

    /// <summary>The numbers of <see cref="RawOutputs"/>, one output after the other.</summary>
    public List<float> RawValues { get; } = [];

    /// <summary>Count within the pipeline since the agent's start, from 1.</summary>
    public long Sequence { get; set; }

    /// <summary>The frame's facts.</summary>
    public FrameInfo Frame;

    /// <summary>Width of the upright picture in pixels.</summary>
    public int FrameWidth { get; set; }

    /// <summary>Height of the upright picture in pixels.</summary>
    public int FrameHeight { get; set; }

    /// <summary>Milliseconds from capture to the end of postprocessing.</summary>
    public double AgeMilliseconds { get; set; }

    /// <summary>Milliseconds per stage.</summary>
    public StageTimes Timing;

    /// <summary>Empties the lists for the next frame.</summary>
    public void Clear()
    {
        Detections.Clear();
        Classes.Clear();
        RawOutputs.Clear();
        RawValues.Clear();
        Timing = default;
    }
}

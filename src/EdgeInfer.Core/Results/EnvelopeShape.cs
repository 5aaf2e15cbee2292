using EdgeInfer.Models;

namespace EdgeInfer.Results;

/// <summary>Which part of a prediction a task fills.</summary>
internal static class EnvelopeShape
{
    /// <summary>The shape of a task's results.</summary>
    public static ResultShape Of(ModelTask task) => task switch
    {
        ModelTask.Detect => ResultShape.Detections,
        ModelTask.Classify => ResultShape.Classes,
        _ => ResultShape.Values,
    };
}

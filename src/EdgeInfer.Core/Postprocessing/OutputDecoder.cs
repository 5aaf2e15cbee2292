using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Results;
using EdgeInfer.Signals;

namespace EdgeInfer.Postprocessing;

/// <summary>Turns a model's outputs into results. One per pipeline, one thread at a time; a steady pipeline allocates nothing here.</summary>
internal abstract class OutputDecoder
{
    /// <summary>The decoder of a model's head.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">What the pipeline wants.</param>
    /// <exception cref="FaultException">Outputs that do not fit the head, or labels that the model does not have.</exception>
    public static OutputDecoder Create(Model model, DecoderOptions options)
    {
        if (model.Output.Outputs.Count == 0) throw Misfit(model, "the model has no outputs");
        return model.Output.Decoder switch
        {
            DecoderKind.Raw => new RawDecoder(model),
            DecoderKind.Classification => new ClassificationDecoder(model, options),
            DecoderKind.Yolov8 => new Yolov8Decoder(model, options),
            DecoderKind.Yolox => new YoloxDecoder(model, options),
            DecoderKind.FastestDet => new FastestDetDecoder(model, options),
            DecoderKind.Ssd => new SsdDecoder(model, options),
            DecoderKind kind => throw new ArgumentOutOfRangeException(nameof(model), kind, "no such decoder"),
        };
    }

    /// <summary>Reads one run's outputs.</summary>
    /// <param name="outputs">In the order of <see cref="OutputContract.Outputs"/>.</param>
    /// <param name="geometry">How the picture was put into the tensor.</param>
    /// <param name="result">Its lists are filled anew; nothing else of it is touched.</param>
    /// <exception cref="FaultException">An output of open shape came out in a shape that the head cannot have.</exception>
    public void Decode(IReadOnlyList<TensorBuffer> outputs, in PictureGeometry geometry, Prediction result)
    {
        result.Detections.Clear();
        result.Classes.Clear();
        result.RawOutputs.Clear();
        result.RawValues.Clear();
        Fill(outputs, geometry, result);
    }

    /// <summary>Another score threshold for the classes without one of their own. Between two frames; allocates nothing.</summary>
    public virtual void UseThreshold(double threshold)
    {
        // Raw outputs have none.
    }

    /// <summary>Reads one run's outputs into empty lists.</summary>
    protected abstract void Fill(IReadOnlyList<TensorBuffer> outputs, in PictureGeometry geometry, Prediction result);

    /// <summary>The fault of outputs that do not fit the head.</summary>
    protected static FaultException Misfit(Model model, string what)
        => FaultException.Of(FaultKind.Data, model.Name, what, "correct output.decoder or labels in model.yaml");

    /// <summary>A declared shape as the contract prints it.</summary>
    protected static string Text(IReadOnlyList<long> shape) => $"[{string.Join(", ", shape.Select(static d => d < 0 ? "?" : d.ToString(System.Globalization.CultureInfo.InvariantCulture)))}]";
}

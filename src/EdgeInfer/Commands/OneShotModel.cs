using EdgeInfer.Inference;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;
using EdgeInfer.Postprocessing;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands;

/// <summary>A model that one command runs on a few inputs, on the CPU, leaving nothing behind.</summary>
internal sealed class OneShotModel : IDisposable
{
    private readonly ModelSession _session;

    private OneShotModel(Model model, DecoderOptions decoder, string? library, ILogger logger)
    {
        InferenceRuntime runtime = new(RuntimeOptionsFor.OneShot(library), TimeProvider.System, logger);
        _session = runtime.Open(model);
        try
        {
            Stages = new(_session, decoder, TimeProvider.System, logger);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    /// <summary>A frame's way through it.</summary>
    public FrameStages Stages { get; }

    /// <summary>Loads and binds a model.</summary>
    /// <param name="path">A folder or an .onnx file.</param>
    /// <param name="decoder">Thresholds.</param>
    /// <param name="library">The native ONNX Runtime to use; null for the one that comes with EdgeInfer.</param>
    /// <param name="logger">What an operator should know.</param>
    /// <exception cref="Diagnostics.FaultException">What is wrong with the model.</exception>
    public static OneShotModel Open(string path, DecoderOptions decoder, string? library, ILogger logger) => new(ModelLoader.Load(path), decoder, library, logger);

    /// <inheritdoc/>
    public void Dispose()
    {
        Stages.Dispose();
        _session.Dispose();
    }
}

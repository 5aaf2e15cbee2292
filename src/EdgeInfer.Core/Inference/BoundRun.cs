using EdgeInfer.Diagnostics;
using EdgeInfer.Signals;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference;

/// <summary>
/// One pipeline's way to run a shared model: its own tensors, bound once. Fill <see cref="Input"/>, call <see cref="Run"/>, read
/// <see cref="Outputs"/> before the next run. A run allocates no managed memory unless <see cref="HasOpenOutputs"/>. One thread at a time.
/// </summary>
internal sealed class BoundRun : IDisposable
{
    private readonly ModelSession _session;
    private readonly TensorSet _inputs;
    private readonly TensorSet _outputs;
    private readonly RunOptions _options;
    private OrtIoBinding _binding;
    private bool _isDisposed;

    internal BoundRun(ModelSession session)
    {
        _session = session;
        _inputs = new TensorSet([session.Plan.Picture, .. session.Plan.Others]);
        _outputs = new TensorSet(session.Plan.Outputs);
        _options = new RunOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        _binding = Bind();
        HasOpenOutputs = session.Plan.Outputs.Any(static output => output.Shape is null);
    }

    /// <summary>The picture input.</summary>
    public TensorBuffer Input => _inputs[0];

    /// <summary>Every input: the picture first, then those that the contract does not speak of, filled with zeros.</summary>
    public IReadOnlyList<TensorBuffer> Inputs => _inputs.Buffers;

    /// <summary>The contract's outputs, in its order; overwritten by the next run.</summary>
    public IReadOnlyList<TensorBuffer> Outputs => _outputs.Buffers;

    /// <summary>
    /// Whether an output's shape depends on the picture. Such outputs live in ONNX Runtime's memory and are copied after each run, at the cost of
    /// managed memory for the views on them (<c>bench</c> states it).
    /// </summary>
    public bool HasOpenOutputs { get; private set; }

    /// <summary>Waits for its turn and runs the model.</summary>
    /// <returns>Milliseconds of the run itself, the wait for the turn left out.</returns>
    /// <exception cref="FaultException">The model failed.</exception>
    public double Run()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _session.Turns.Enter();
        try
        {
            long start = _session.Surroundings.Time.GetTimestamp();
            RunBound();
            if (HasOpenOutputs) CopyOpenOutputs();
            return _session.Surroundings.Time.GetElapsedTime(start).TotalMilliseconds;
        }
        catch (OnnxRuntimeException e)
        {
            _session.Surroundings.Devices.Failed(_session.Report.Used, _session.Surroundings.Device, _session.Model.Name, SessionFaults.Words(e));
            throw SessionFaults.Running(_session.Model.Name, e);
        }
        finally
        {
            _session.Turns.Leave();
        }
    }

    /// <summary>Frees the tensors; the session goes with its last run where it was disposed before.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _binding.Dispose();
        _options.Dispose();
        _inputs.Dispose();
        _outputs.Dispose();
        _session.Release();
    }

    private void RunBound()
    {
        try
        {
            _session.Native.RunWithBinding(_options, _binding);
        }
        catch (OnnxRuntimeException e) when (IsOtherShape(e) && _session.Plan.HasUndeclared)
        {
            // An output that looked fixed when it was tried out is not: from here on it is copied.
            for (int i = 0; i < _outputs.Buffers.Count; i++)
            {
                if (_session.Plan.Undeclared[i]) _outputs.Open(i);
            }

            HasOpenOutputs = true;
            _binding.Dispose();
            _binding = Bind();
            _session.Native.RunWithBinding(_options, _binding);
        }
    }

    private void CopyOpenOutputs()
    {
        using IDisposableReadOnlyCollection<OrtValue> values = _binding.GetOutputValues();
        for (int i = 0; i < values.Count; i++)
        {
            if (_outputs.IsOpen(i)) _outputs.CopyFrom(i, values[i]);
        }
    }

    private OrtIoBinding Bind()
    {
        OrtIoBinding binding = _session.Native.CreateIoBinding();
        _inputs.BindAsInputs(binding);
        _outputs.BindAsOutputs(binding);
        return binding;
    }

    private static bool IsOtherShape(OnnxRuntimeException error) => error.Message.Contains("shape", StringComparison.OrdinalIgnoreCase);
}

using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference;

/// <summary>What a session needs of its process.</summary>
/// <param name="Time">Times runs.</param>
/// <param name="Devices">Told of runs that fail.</param>
/// <param name="Device">Which of its provider's devices the session is on.</param>
internal sealed record SessionSurroundings(TimeProvider Time, DeviceWatch Devices, int Device = 0);

/// <summary>
/// A loaded model, shared by every pipeline that names it: one set of weights, one run at a time, in the order asked for.
/// It has run once before anyone gets it. Disposed before its runs are, it lives on until the last of them is gone.
/// </summary>
internal sealed class ModelSession : IDisposable
{
    private readonly InferenceSession _session;
    private int _holders = 1;
    private int _isDisposed;

    /// <summary>Takes over a session and runs it once; on failure the session is disposed.</summary>
    /// <exception cref="FaultException">The graph does not fit the contract, or its first run fails.</exception>
    internal ModelSession(Model model, InferenceSession session, ProviderReport report, SessionSurroundings surroundings)
    {
        Model = model;
        Report = report;
        Surroundings = surroundings;
        _session = session;
        try
        {
            Plan = BindingPlan.Make(model, session);
            using BoundRun run = Bind();
            run.Run();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What the model is.</summary>
    public Model Model { get; }

    /// <summary>What runs it, and why not what was asked for.</summary>
    public ProviderReport Report { get; }

    /// <summary>Runs that wait for their turn.</summary>
    public int Waiting => Turns.Waiting;

    internal BindingPlan Plan { get; }

    internal Turnstile Turns { get; } = new();

    internal SessionSurroundings Surroundings { get; }

    internal InferenceSession Native => _session;

    /// <summary>Memory and bindings for one pipeline.</summary>
    /// <exception cref="ObjectDisposedException">Another session has taken its place, and nobody holds this one any more.</exception>
    public BoundRun Bind()
    {
        int holders;
        do
        {
            holders = Volatile.Read(ref _holders);
            ObjectDisposedException.ThrowIf(holders == 0, this);
        }
        while (Interlocked.CompareExchange(ref _holders, holders + 1, holders) != holders);

        try
        {
            return new BoundRun(this);
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>Lets go of the model.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0) Release();
    }

    internal void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0) _session.Dispose();
    }
}

namespace EdgeInfer.Inference;

/// <summary>
/// One at a time, in the order of arrival. A plain lock may let a fast pipeline overtake a waiting one for ever; here nobody waits for more
/// than one turn of each other. Allocates nothing once its threads have waited once.
/// </summary>
internal sealed class Turnstile
{
    private readonly object _gate = new();
    private long _nextTicket;
    private long _serving;

    /// <summary>Threads that wait for their turn.</summary>
    public int Waiting
    {
        get { lock (_gate) return (int)Math.Max(0, _nextTicket - _serving - 1); }
    }

    /// <summary>Waits for the turn of this thread.</summary>
    public void Enter()
    {
        lock (_gate)
        {
            long ticket = _nextTicket++;
            while (ticket != _serving) Monitor.Wait(_gate);
        }
    }

    /// <summary>Gives the turn on to whoever came next.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            _serving++;
            // All are woken, since each waits for a ticket of its own; there are as many as pipelines on one model.
            Monitor.PulseAll(_gate);
        }
    }
}

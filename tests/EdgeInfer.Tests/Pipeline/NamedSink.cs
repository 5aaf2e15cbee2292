using EdgeInfer.Results;
using EdgeInfer.Sinks;

namespace EdgeInfer.Tests.Pipeline;

/// <summary>Keeps the numbers of results, each with the name that its sink was made for.</summary>
internal sealed class NamedSink
{
    private readonly Lock _lock = new();
    private readonly List<(string Name, long Number)> _seen = [];
    private readonly SemaphoreSlim _arrived = new(0);

    public Action<long> Meanwhile { get; init; } = static _ => { };

    public (string[] Names, long[] Numbers) Seen
    {
        get { lock (_lock) return ([.. _seen.Select(static s => s.Name)], [.. _seen.Select(static s => s.Number)]); }
    }

    public IPredictionSink Of(string name) => new One(this, name);

    public bool Reached(string name, int count, TimeSpan patience)
    {
        while (Seen.Names.Count(p => p == name) < count)
            if (!_arrived.Wait(patience)) return false;
        return true;
    }

    private sealed class One(NamedSink all, string name) : IPredictionSink
    {
        private long _count;

        public SinkCounts Counts => new(_count, _count, 0);

        public void Accept(Prediction prediction)
        {
            lock (all._lock) all._seen.Add((name, prediction.Sequence));
            _count++;
            all.Meanwhile(prediction.Sequence);
            all._arrived.Release();
        }

        public void Flush()
        {
        }

        public void Dispose()
        {
        }
    }
}

namespace EdgeInfer.Gate;

/// <summary>
/// Decides how long a probe measures and what counts: the calmest of three rounds. The probe gives way to live pipelines, so that a busy
/// moment makes a round slow; a slow model makes all of them slow.
/// </summary>
/// <param name="time">Clock.</param>
internal sealed class LatencyRounds(TimeProvider time)
{
    private const int Rounds = 3;

    /// <summary>Of 20 one may be slow.</summary>
    private const int LeastRuns = 20;

    private const int MostRuns = 200;
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(2);

    // A model of seconds a frame is measured once: what is exceeded there is not exceeded by accident.
    private static readonly TimeSpan s_enough = TimeSpan.FromSeconds(20);

    private readonly List<(double Frame, double Inference)> _round = [];
    private readonly long _since = time.GetTimestamp();
    private long _roundSince = time.GetTimestamp();
    private int _rounds;

    /// <summary>Runs so far.</summary>
    public int Runs { get; private set; }

    /// <summary>Milliseconds that 95 of 100 frames of the calmest round kept within.</summary>
    public double P95 { get; private set; } = double.PositiveInfinity;

    /// <summary>The same of the model's own run, in that round.</summary>
    public double InferenceP95 { get; private set; }

    /// <summary>Adds a run.</summary>
    /// <param name="frameMilliseconds">From pixels to results.</param>
    /// <param name="inferenceMilliseconds">The model's own share.</param>
    /// <returns>Whether another is wanted.</returns>
    public bool Add(double frameMilliseconds, double inferenceMilliseconds)
    {
        Runs++;
        _round.Add((frameMilliseconds, inferenceMilliseconds));
        if (_round.Count < LeastRuns || (_round.Count < MostRuns && time.GetElapsedTime(_roundSince) < s_round)) return true;
        double frame = P95Of(_round.Select(static r => r.Frame));
        if (frame < P95) (P95, InferenceP95) = (frame, P95Of(_round.Select(static r => r.Inference)));
        _round.Clear();
        _roundSince = time.GetTimestamp();
        return ++_rounds < Rounds && time.GetElapsedTime(_since) < s_enough;
    }

    // The nearest rank: of 20 the 19th.
    private static double P95Of(IEnumerable<double> milliseconds)
    {
        double[] sorted = [.. milliseconds.Order()];
        return sorted[(int)Math.Ceiling(0.95 * sorted.Length) - 1];
    }
}

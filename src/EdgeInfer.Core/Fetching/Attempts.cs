using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>Repeats what a network broke: after a growing pause, and only so often without anything gained in between.</summary>
internal sealed class Attempts(FetchLimits limits, TimeProvider time, Random random, IPullReport report)
{
    /// <summary>Runs an attempt until it succeeds.</summary>
    /// <param name="attempt">Throws <see cref="TransferException"/>.</param>
    /// <param name="gained">Grows while attempts bring something.</param>
    /// <param name="stop">Ends the pause.</param>
    /// <exception cref="FaultException">The last failure, when it is no passing one or attempts bring nothing.</exception>
    public async Task<T> Run<T>(Func<CancellationToken, Task<T>> attempt, Func<long> gained, CancellationToken stop)
    {
        Backoff pauses = new(limits.FirstPause, limits.LongestPause, random, limits.Jitter);
        long before = gained();
        int barren = 0;
        for (int count = 1; ; count++)
        {
            try
            {
                return await attempt(stop).ConfigureAwait(false);
            }
            catch (TransferException e)
            {
                barren = gained() > before ? 0 : barren + 1;
                before = gained();
                if (!e.IsPassing || barren == limits.Attempts || count == limits.AttemptsInAll) throw e.ToFault();
                if (barren == 0) pauses.Reset();
                TimeSpan pause = pauses.Next() + Told(e);
                report.Say($"{e.Fault.Where}: {e.Fault.What}; trying again in {pause.TotalSeconds:0.#} s");
                await Task.Delay(pause, time, stop).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The same for what is had whole or not at all.</summary>
    public Task<T> Run<T>(Func<CancellationToken, Task<T>> attempt, CancellationToken stop) => Run(attempt, static () => 0, stop);

    // On top of the pause: all that were told the same moment would come back in it.
    private TimeSpan Told(TransferException e)
    {
        TimeSpan told = e.RetryAfter ?? TimeSpan.Zero;
        return told < limits.LongestRetryAfter ? told : limits.LongestRetryAfter;
    }
}

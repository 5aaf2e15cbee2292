using System.Diagnostics;
using System.Globalization;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>Draws from a table of faults, goes through what was drawn, and reports.</summary>
internal static class Sample
{
    /// <summary>What a loaded machine may add to a time that is held.</summary>
    public static readonly TimeSpan Slack = TimeSpan.FromSeconds(1.5);

    /// <summary>As many of a table as a campaign goes through, in an order drawn by its seed.</summary>
    public static T[] Of<T>(Campaign campaign, IEnumerable<T> all)
    {
        T[] shuffled = [.. all];
        campaign.Random.Shuffle(shuffled);
        return shuffled[..Math.Min(campaign.Count, shuffled.Length)];
    }

    /// <summary>Does the same with each of several things, a few at a time; every failure is told.</summary>
    public static async Task InLanes<T>(Campaign campaign, IReadOnlyCollection<T> things, int lanes, Func<T, Task> act)
    {
        Queue<T> left = new(things);
        List<Exception> failures = [];
        async Task Lane()
        {
            while (true)
            {
                T next;
                lock (left)
                {
                    if (!left.TryDequeue(out next!)) return;
                }

                long began = Stopwatch.GetTimestamp();
                try
                {
                    await act(next);
                }
#pragma warning disable CA1031 // The rest is run all the same, and each failure is told at the end.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    lock (failures) failures.Add(new InvalidOperationException($"{next}: {e.Message}", e));
                }

                TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(began).TotalSeconds,6:0.0} s  {next}"));
            }
        }

        await Task.WhenAll(Enumerable.Range(0, lanes).Select(_ => Task.Run(Lane)));
        if (failures.Count > 0) Assert.Fail($"{failures.Count} of {things.Count} failed (seed {campaign.Seed}):\n{string.Join("\n\n", failures.Select(f => f.Message))}");
    }

    /// <summary>Waits for something that nothing announces.</summary>
    public static async Task Until(Func<bool> condition, string what, TimeSpan patience)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!condition())
        {
            if (waited.Elapsed > patience) Assert.Fail($"{what}: not within {patience.TotalSeconds:0.#} s");
            await Task.Delay(20);
        }
    }
}

using System.Diagnostics;
using System.Globalization;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>
/// How much of a table of faults one run goes through: all of it with <c>EDGEINFER_RELIABILITY=full</c>, else a sample drawn by the
/// seed in <c>EDGEINFER_RELIABILITY_SEED</c>.
/// </summary>
internal static class Sample
{
    /// <summary>What a loaded machine may add to a time that is held.</summary>
    public static readonly TimeSpan Slack = TimeSpan.FromSeconds(1.5);

    /// <summary>Whether everything is to be run.</summary>
    public static bool IsFull => Environment.GetEnvironmentVariable("EDGEINFER_RELIABILITY") == "full";

    /// <summary>What draws the sample.</summary>
    public static int Seed => int.TryParse(Environment.GetEnvironmentVariable("EDGEINFER_RELIABILITY_SEED"), CultureInfo.InvariantCulture, out int seed) ? seed : 5;

    /// <summary>All of a table, or some of it.</summary>
    public static T[] Of<T>(IEnumerable<T> all, int inCi)
    {
        T[] shuffled = [.. all];
        new Random(Seed).Shuffle(shuffled);
        return IsFull ? shuffled : shuffled[..Math.Min(inCi, shuffled.Length)];
    }

    /// <summary>Does the same with each of several things, a few at a time; every failure is told.</summary>
    public static async Task InLanes<T>(IEnumerable<T> things, int lanes, Func<T, Task> act)
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
        if (failures.Count > 0) Assert.Fail($"{failures.Count} failed (seed {Seed}):\n{string.Join("\n\n", failures.Select(f => f.Message))}");
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

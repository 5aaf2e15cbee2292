using System.Collections.Concurrent;
using System.Globalization;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>Tests of storage run one after the other: they load the disk, and each is timed by a machine that it has to itself.</summary>
[CollectionDefinition(Name)]
public sealed class StorageTests
{
    /// <summary>Its name.</summary>
    public const string Name = "storage";
}

/// <summary>
/// How many faults a test gives, and which: a sample from a fixed seed in everyday runs; the full count with EDGEINFER_RELIABILITY=full.
/// EDGEINFER_RELIABILITY_SEED and EDGEINFER_RELIABILITY_COUNT say otherwise, and EDGEINFER_RELIABILITY_SLICE takes a part (see tests/reliability.sh).
/// </summary>
internal sealed class Campaign
{
    private const int EverydaySeed = 1;
    private readonly string _name;

    private Campaign(string name, int seed, int count)
    {
        (_name, Seed, Count) = (name, seed, count);
        Random = new Random(seed);
    }

    /// <summary>The seed; in every failure, so that it can be done again.</summary>
    public int Seed { get; }

    /// <summary>How many faults.</summary>
    public int Count { get; }

    /// <summary>Every choice comes from here.</summary>
    public Random Random { get; }

    /// <summary>Whether all of it is asked for.</summary>
    public static bool IsFull => Environment.GetEnvironmentVariable("EDGEINFER_RELIABILITY") == "full";

    /// <summary>A campaign.</summary>
    /// <param name="name">Its name in the results.</param>
    /// <param name="sample">Faults of an everyday run.</param>
    /// <param name="full">Faults of a full one.</param>
    public static Campaign Of(string name, int sample, int full)
        => new(name, Setting("EDGEINFER_RELIABILITY_SEED") ?? EverydaySeed, Setting("EDGEINFER_RELIABILITY_COUNT") ?? (IsFull ? full : sample));

    /// <summary>Says what came of it: on the test's output, and in artifacts/reliability for whoever writes the table.</summary>
    public void Report(string result)
    {
        string line = $"{_name}: seed {Seed}, {Count}: {result}";
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        string folder = Path.Combine(PublishedBinary.Root, "artifacts", "reliability");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"{_name}{(Slice is { } slice ? $"-{slice.Replace('/', '-')}" : "")}.txt"), line + "\n");
    }

    /// <summary>As many of all cases as this campaign gives, in the order of the seed; of these every n-th from the k-th on where a slice k/n is asked for.</summary>
    public T[] Take<T>(IEnumerable<T> all)
    {
        T[] cases = [.. all];
        Random.Shuffle(cases);
        cases = cases[..Math.Min(Count, cases.Length)];
        if (Slice is not { } slice) return cases;
        string[] parts = slice.Split('/');
        int first = int.Parse(parts[0], CultureInfo.InvariantCulture), step = int.Parse(parts[1], CultureInfo.InvariantCulture);
        return [.. cases.Where((_, i) => i % step == first - 1)];
    }

    /// <summary>Plays cases, a few at a time: they wait more than they work.</summary>
    /// <returns>What was broken.</returns>
    public async Task<string[]> Play<T>(IReadOnlyList<T> cases, int lanes, Func<T, int, Task<IEnumerable<string>>> play)
        where T : notnull
    {
        ConcurrentBag<string> faults = [];
        ConcurrentQueue<T> left = new(cases);
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(lane => Task.Run(async () =>
        {
            while (left.TryDequeue(out T? next))
            {
                try
                {
                    foreach (string fault in await play(next, lane)) faults.Add($"seed {Seed}, {next}: {fault}");
                }
                catch (Xunit.Sdk.XunitException e)
                {
                    faults.Add($"seed {Seed}, {next}: {e.Message}");
                }
            }
        })));
        return [.. faults];
    }

    /// <summary>Fails with the seed where a ledger does not balance.</summary>
    public void Holds(Balance balance, string where = "")
        => Assert.True(balance.Faults.Count == 0, $"{_name}, seed {Seed}, count {Count} {where}: {balance}\n  {string.Join("\n  ", balance.Faults)}");

    private static string? Slice => Environment.GetEnvironmentVariable("EDGEINFER_RELIABILITY_SLICE");

    private static int? Setting(string name)
        => int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;
}
